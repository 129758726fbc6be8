#include <catch2/catch.hpp>

#include "base/suggest.h"
#include "broker/node/broker_config.h"

using namespace faultline;

namespace {

Result<BrokerConfig> parse(std::string_view text) {
  BrokerConfig config;
  Result<> read = read_properties(config, "server.properties", text);
  if (!read) return read.error();
  return config;
}

}  // namespace

TEST_CASE("config: a properties file sets broker keys and topic defaults under Kafka's names") {
  const BrokerConfig config = parse(
                                  "# a comment\n"
                                  "node.id = 7\n\n"
                                  "listeners=PLAINTEXT://127.0.0.1:9093\n"
                                  "log.retention.hours=2\r\n"
                                  "log.flush.interval.messages=10000\n"
                                  "auto.create.topics.enable=false\n")
                                  .value();
  CHECK(config.node_id == 7);
  CHECK(config.topic_defaults.retention_ms == 7'200'000);
  CHECK(config.topic_defaults.flush_messages == 10'000);
  CHECK_FALSE(config.auto_create_topics_enable);
  CHECK(config.listen_endpoint().value() == Endpoint{"127.0.0.1", 9093});
  CHECK(config.validate().has_value());
}

TEST_CASE("config: what is wrong is told with file, line, key and remedy") {
  const auto complaint = [](std::string_view text) { return parse(text).error().detail; };
  CHECK(complaint("\nnum.partitons=3\n") ==
        "server.properties:2: unknown configuration key 'num.partitons'; did you mean 'num.partitions'?");
  CHECK(complaint("num.partitions=none") == "server.properties:1: num.partitions: expected an integer, got 'none'");
  CHECK(complaint("num.partitions=0") == "server.properties:1: num.partitions: expected a value from 1 to 2147483647, got '0'");
  CHECK(complaint("log.retention.ms=week") == "server.properties:1: log.retention.ms: expected an integer, got 'week'");
  CHECK(complaint("auto.create.topics.enable=yes") ==
        "server.properties:1: auto.create.topics.enable: expected true or false, got 'yes'");
  CHECK(complaint("log.cleanup.policy=compact") == "server.properties:1: log.cleanup.policy: expected 'delete', got 'compact'");
  CHECK(complaint("broker") == "server.properties:1: expected key=value, got 'broker'");
  CHECK(complaint("zookeeper.connect=localhost:2181") == "server.properties:1: unknown configuration key 'zookeeper.connect'");
}

TEST_CASE("config: values that contradict each other are refused") {
  BrokerConfig config;
  config.listeners = "0.0.0.0:9092";
  CHECK(config.validate().error().detail.find("advertised.listeners") != std::string::npos);
  config.advertised_listeners = "kafka.example:9092";
  CHECK(config.validate().has_value());
  config.queued_max_request_bytes = 1;
  CHECK(config.validate().has_error());
  config = {};
  config.listeners = "SSL://localhost:9093";
  CHECK(config.validate().has_error());
}

TEST_CASE("config: every key prints what it parsed") {
  for (const auto& key : topic_config_table().keys()) {
    TopicConfig config;
    const std::string before = topic_config_table().get(config, key);
    REQUIRE(topic_config_table().set(config, key.name, before).has_value());
    CHECK(config == TopicConfig{});
  }
  for (const TopicDefaultKey& alias : topic_default_keys()) CHECK(topic_config_table().find(alias.topic_key) != nullptr);
}

TEST_CASE("suggest: near words are offered, far ones are not") {
  constexpr std::string_view words[] = {"retention.ms", "retention.bytes", "segment.ms"};
  CHECK(closest_word("retension.ms", words) == "retention.ms");
  CHECK(closest_word("compression.type", words).empty());
}
