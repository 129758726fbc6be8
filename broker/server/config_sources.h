// Where the value of a setting comes from. DescribeConfigs tells each place that has one, the one that is in force first.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/metadata/image.h"
#include "broker/node/broker_config.h"
#include "broker/node/topic_config.h"

namespace faultline {

/// Numbers of the protocol (org.apache.kafka.clients.admin.ConfigEntry.ConfigSource).
enum class ConfigSource : std::int8_t {
  topic = 1,
  this_broker = 2,  // in the metadata, for this broker
  all_brokers = 3,  // in the metadata, for all brokers
  started_with = 4,
  built_in = 5,
};

class ConfigSources {
 public:
  struct Value {
    std::string key;  // under which it is set there
    std::string text;
    ConfigSource source = ConfigSource::built_in;
  };

  /// Both outlive this.
  ConfigSources(const BrokerConfig& config, const metadata::ClusterImage& image) : config_(config), image_(image) {}

  /// Every place that sets a topic's setting, with what is set for the topic itself; the built-in default is the last.
  std::vector<Value> of_topic_key(const ConfigKey<TopicConfig>& key, const metadata::ConfigValues& overrides) const;
  /// The same for a broker's default of a setting of topics.
  std::vector<Value> of_default(const ConfigKey<TopicConfig>& key) const;
  /// For a setting that a broker only reads at its start.
  std::vector<Value> of_broker_key(const ConfigKey<BrokerConfig>& key) const;
  /// What is set for all brokers, and nothing else.
  std::optional<Value> of_all_brokers(const ConfigKey<TopicConfig>& key) const;

 private:
  std::optional<Value> dynamic(const ConfigKey<TopicConfig>& key, const std::string& broker, ConfigSource source) const;

  const BrokerConfig& config_;
  const metadata::ClusterImage& image_;
};

/// The broker key that sets the default of a topic key in the same unit; empty if there is none.
std::string_view broker_key_of(std::string_view topic_key);

}  // namespace faultline
