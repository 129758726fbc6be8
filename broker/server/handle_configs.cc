// DescribeConfigs, AlterConfigs and IncrementalAlterConfigs. The controller decides on changes; what is in force is what a broker was
// started with and what the metadata say on top of it.
#include <algorithm>

#include "broker/server/config_sources.h"
#include "broker/server/forward.h"
#include "broker/server/handler.h"

namespace faultline {
namespace {

// Numbers of the protocol (org.apache.kafka.common.config.ConfigResource and ConfigEntry name them).
constexpr auto topic_resource = static_cast<std::int8_t>(metadata::ConfigScope::topic);
constexpr auto broker_resource = static_cast<std::int8_t>(metadata::ConfigScope::broker);
enum class Type : std::int8_t { boolean = 1, string = 2, int32 = 3, int64 = 5 };

using protocol::DescribeConfigsRequest;
using Description = protocol::DescribeConfigsResponse::Resource::Config;
using Values = std::vector<ConfigSources::Value>;

/// Describes the settings that a request asks for.
class Describer {
 public:
  Describer(const DescribeConfigsRequest& request, const DescribeConfigsRequest::Resource& resource)
      : request_(request), resource_(resource) {}

  /// `name` may be another one than the key's: brokers have their own for what are defaults of topics.
  template <class Config>
  void add(const ConfigKey<Config>& key, std::string_view name, const Values& values, bool read_only) {
    const auto& wanted = resource_.configuration_keys;
    if (wanted && std::ranges::find(*wanted, name) == wanted->end()) return;
    Description& description = descriptions_.emplace_back();
    description.name = std::string(name);
    description.value = values.front().text;
    description.read_only = read_only;
    description.config_source = static_cast<std::int8_t>(values.front().source);
    constexpr Type types[] = {Type::boolean, Type::int32, Type::int64, Type::string};  // in the order of ConfigKey::Member
    description.config_type = static_cast<std::int8_t>(types[key.member.index()]);
    if (request_.include_documentation) description.documentation = std::string(key.documentation);
    if (!request_.include_synonyms) return;
    for (const ConfigSources::Value& value : values)
      description.synonyms.push_back({value.key, value.text, static_cast<std::int8_t>(value.source)});
  }

  std::vector<Description> take() { return std::move(descriptions_); }

 private:
  const DescribeConfigsRequest& request_;
  const DescribeConfigsRequest::Resource& resource_;
  std::vector<Description> descriptions_;
};

Outcome<> describe_topic(Broker& broker, const std::string& name, Describer& describer) {
  if (broker.image().topic(name) == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition, "no topic '" + name + "'");
  const ConfigSources sources(broker.config(), broker.image());
  const metadata::ConfigValues& overrides = broker.image().config(metadata::ConfigScope::topic, name);
  for (const auto& key : topic_config_table().keys())
    describer.add(key, key.name, sources.of_topic_key(key, overrides), /*read_only=*/false);
  return {};
}

/// The one of the keys that sets this default in the topic's own unit; the others are other words for it.
const ConfigKey<TopicConfig>* key_of(const TopicDefaultKey& alias) {
  return alias.scale == 1 ? topic_config_table().find(alias.topic_key) : nullptr;
}

Outcome<> describe_broker(Broker& broker, const std::string& name, Describer& describer) {
  const ConfigSources sources(broker.config(), broker.image());
  const bool all_brokers = name.empty();
  if (!all_brokers && name != std::to_string(broker.node_id()))
    return Refusal(ErrorCode::invalid_request, "this is broker " + std::to_string(broker.node_id()));
  for (const TopicDefaultKey& alias : topic_default_keys()) {
    const ConfigKey<TopicConfig>* key = key_of(alias);
    if (key == nullptr) continue;
    if (!all_brokers) {
      describer.add(*key, alias.broker_key, sources.of_default(*key), /*read_only=*/false);
    } else if (const auto value = sources.of_all_brokers(*key)) {
      describer.add(*key, alias.broker_key, {*value}, /*read_only=*/false);
    }
  }
  if (all_brokers) return {};
  for (const auto& key : broker_config_table().keys())
    describer.add(key, key.name, sources.of_broker_key(key), /*read_only=*/true);
  return {};
}

Outcome<> describe(Broker& broker, const DescribeConfigsRequest::Resource& resource, Describer& describer) {
  if (resource.resource_type == topic_resource) return describe_topic(broker, resource.resource_name, describer);
  if (resource.resource_type == broker_resource) return describe_broker(broker, resource.resource_name, describer);
  return Refusal(ErrorCode::invalid_request, "unknown kind of resource");
}

}  // namespace

protocol::DescribeConfigsResponse handle(HandlerContext context, const DescribeConfigsRequest& request) {
  protocol::DescribeConfigsResponse response;
  for (const auto& resource : request.resources) {
    auto& place = response.results.emplace_back();
    place.resource_type = resource.resource_type;
    place.resource_name = resource.resource_name;
    Describer describer(request, resource);
    if (const Outcome<> described = describe(context.broker, resource, describer)) {
      place.configs = describer.take();
    } else {
      place.error_code = described.error().code;
      place.error_message = described.error().message;
    }
  }
  return response;
}

protocol::AlterConfigsResponse handle(HandlerContext context, const protocol::AlterConfigsRequest& request) {
  return forward(context, request);
}

protocol::IncrementalAlterConfigsResponse handle(HandlerContext context,
                                                 const protocol::IncrementalAlterConfigsRequest& request) {
  return forward(context, request);
}

}  // namespace faultline
