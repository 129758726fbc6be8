#include "broker/node/effective_config.h"

namespace faultline {

using metadata::ConfigScope;

TopicConfig effective_topic_defaults(const BrokerConfig& config, const metadata::ClusterImage& image) {
  BrokerConfig effective = config;
  for (const std::string& name : {std::string(), std::to_string(config.node_id)}) {
    for (const auto& [key, value] : image.config(ConfigScope::broker, name)) {
      static_cast<void>(set_broker_config(effective, key, value));  // see the header
    }
  }
  return effective.topic_defaults;
}

TopicConfig with_overrides(TopicConfig defaults, const metadata::ConfigValues& overrides) {
  for (const auto& [key, value] : overrides) static_cast<void>(topic_config_table().set(defaults, key, value));
  return defaults;
}

TopicConfig effective_topic_config(const BrokerConfig& config, const metadata::ClusterImage& image, std::string_view topic) {
  return with_overrides(effective_topic_defaults(config, image), image.config(ConfigScope::topic, topic));
}

}  // namespace faultline
