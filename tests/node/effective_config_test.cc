// Which of several places that set something has its way.
#include "broker/node/effective_config.h"

#include <catch2/catch.hpp>

namespace faultline {
namespace {

using metadata::ConfigRecord;
using metadata::ConfigScope;

void set(metadata::ClusterImage& image, ConfigScope scope, const std::string& name, const std::string& key,
         std::optional<std::string> value) {
  REQUIRE(image.apply(ConfigRecord{scope, name, key, std::move(value)}).has_value());
}

}  // namespace

TEST_CASE(
    "config: what was given at the start gives way to all brokers' setting, that to this broker's, and that to the topic's") {
  BrokerConfig config;
  config.node_id = 7;
  config.topic_defaults.retention_ms = 1;
  metadata::ClusterImage image;
  REQUIRE(image.apply(metadata::TopicRecord{protocol::Uuid::of(1, 1), "t"}).has_value());
  const auto retention = [&] { return effective_topic_config(config, image, "t").retention_ms; };
  REQUIRE(retention() == 1);
  set(image, ConfigScope::broker, "", "log.retention.ms", "2");
  REQUIRE(retention() == 2);
  set(image, ConfigScope::broker, "8", "log.retention.ms", "8");
  REQUIRE(retention() == 2);
  set(image, ConfigScope::broker, "7", "log.retention.ms", "3");
  REQUIRE(retention() == 3);
  set(image, ConfigScope::topic, "t", "retention.ms", "4");
  REQUIRE(retention() == 4);
  REQUIRE(effective_topic_config(config, image, "another").retention_ms == 3);
  set(image, ConfigScope::topic, "t", "retention.ms", std::nullopt);
  set(image, ConfigScope::broker, "7", "log.retention.ms", std::nullopt);
  set(image, ConfigScope::broker, "", "log.retention.ms", std::nullopt);
  REQUIRE(retention() == 1);
}

TEST_CASE("config: of two words for one setting the finer unit counts, and what is not known is left out") {
  BrokerConfig config;
  metadata::ClusterImage image;
  set(image, ConfigScope::broker, "", "log.retention.ms", "5");
  set(image, ConfigScope::broker, "", "log.retention.hours", "1");
  set(image, ConfigScope::broker, "", "setting.of.a.later.version", "x");
  REQUIRE(effective_topic_config(config, image, "t").retention_ms == 5);
}

}  // namespace faultline
