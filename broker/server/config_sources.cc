#include "broker/server/config_sources.h"

#include <algorithm>

namespace faultline {

using metadata::ConfigScope;
using Value = ConfigSources::Value;

std::string_view broker_key_of(std::string_view topic_key) {
  for (const TopicDefaultKey& alias : topic_default_keys()) {
    if (alias.topic_key == topic_key && alias.scale == 1) return alias.broker_key;
  }
  return {};
}

/// The value that the metadata have for `broker`, an id or "" for all, under any of the keys that set this default.
std::optional<Value> ConfigSources::dynamic(const ConfigKey<TopicConfig>& key, const std::string& broker,
                                            ConfigSource source) const {
  BrokerConfig set_there;
  bool is_set = false;
  for (const auto& [name, value] : image_.config(ConfigScope::broker, broker)) {
    const auto sets_it = [&](const TopicDefaultKey& alias) { return alias.broker_key == name && alias.topic_key == key.name; };
    if (std::ranges::any_of(topic_default_keys(), sets_it)) is_set |= set_broker_config(set_there, name, value).has_value();
  }
  if (!is_set) return std::nullopt;
  return Value{std::string(broker_key_of(key.name)), topic_config_table().get(set_there.topic_defaults, key), source};
}

std::optional<Value> ConfigSources::of_all_brokers(const ConfigKey<TopicConfig>& key) const {
  return dynamic(key, "", ConfigSource::all_brokers);
}

std::vector<Value> ConfigSources::of_default(const ConfigKey<TopicConfig>& key) const {
  const std::string broker_key(broker_key_of(key.name));
  std::vector<Value> values;
  if (auto own = dynamic(key, std::to_string(config_.node_id), ConfigSource::this_broker)) values.push_back(*std::move(own));
  if (auto all = of_all_brokers(key)) values.push_back(*std::move(all));
  const std::string started_with = topic_config_table().get(config_.topic_defaults, key);
  const std::string built_in = topic_config_table().get(TopicConfig{}, key);
  if (started_with != built_in) values.push_back({broker_key, started_with, ConfigSource::started_with});
  values.push_back({broker_key, built_in, ConfigSource::built_in});
  return values;
}

std::vector<Value> ConfigSources::of_topic_key(const ConfigKey<TopicConfig>& key, const metadata::ConfigValues& overrides) const {
  std::vector<Value> values = of_default(key);
  if (const auto set = overrides.find(key.name); set != overrides.end()) {
    values.insert(values.begin(), {std::string(key.name), set->second, ConfigSource::topic});
  }
  return values;
}

std::vector<Value> ConfigSources::of_broker_key(const ConfigKey<BrokerConfig>& key) const {
  const std::string started_with = broker_config_table().get(config_, key);
  const std::string built_in = broker_config_table().get(BrokerConfig{}, key);
  std::vector<Value> values;
  if (started_with != built_in) values.push_back({std::string(key.name), started_with, ConfigSource::started_with});
  values.push_back({std::string(key.name), built_in, ConfigSource::built_in});
  return values;
}

}  // namespace faultline
