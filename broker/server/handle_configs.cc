// DescribeConfigs, AlterConfigs and IncrementalAlterConfigs. Topics can be configured while they run; a broker's own keys are
// read at its start and cannot.
#include <algorithm>

#include "broker/server/handler.h"

namespace faultline {
namespace {

// Numbers of the protocol (org.apache.kafka.common.config.ConfigResource, ConfigEntry and AlterConfigOp name them).
constexpr std::int8_t topic_resource = 2;
constexpr std::int8_t broker_resource = 4;
constexpr std::int8_t topic_source = 1;
constexpr std::int8_t static_broker_source = 4;
constexpr std::int8_t default_source = 5;
enum class Type : std::int8_t { boolean = 1, string = 2, int32 = 3, int64 = 5 };
enum class Operation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };

using Description = protocol::DescribeConfigsResponse::Resource::Config;

template <class Config>
Description describe(const ConfigTable<Config>& table, const ConfigKey<Config>& key, const Config& present, bool documented) {
  Description description;
  description.name = std::string(key.name);
  description.value = table.get(present, key);
  constexpr Type types[] = {Type::boolean, Type::int32, Type::int64, Type::string};  // in the order of ConfigKey::Member
  description.config_type = static_cast<std::int8_t>(types[key.member.index()]);
  if (documented) description.documentation = std::string(key.documentation);
  return description;
}

bool is_wanted(const protocol::DescribeConfigsRequest::Resource& resource, std::string_view key) {
  return !resource.configuration_keys ||
         std::ranges::find(*resource.configuration_keys, key) != resource.configuration_keys->end();
}

/// The broker key that sets the default of a topic key, for the synonyms that tools print.
std::string_view broker_synonym(std::string_view topic_key) {
  for (const TopicDefaultKey& alias : topic_default_keys()) {
    if (alias.topic_key == topic_key && alias.scale == 1) return alias.broker_key;
  }
  return {};
}

Outcome<std::vector<Description>> describe_topic(HandlerContext context, const protocol::DescribeConfigsRequest& request,
                                                 const protocol::DescribeConfigsRequest::Resource& resource) {
  const Topic* topic = context.broker.topics().find(resource.resource_name);
  if (topic == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition, "no topic '" + resource.resource_name + "'");
  const auto& table = topic_config_table();
  const TopicConfig& broker_defaults = context.broker.config().topic_defaults;
  std::vector<Description> descriptions;
  for (const auto& key : table.keys()) {
    if (!is_wanted(resource, key.name)) continue;
    Description& description = descriptions.emplace_back(describe(table, key, topic->config, request.include_documentation));
    const bool overridden = topic->record.overrides.contains(std::string(key.name));
    const std::string of_broker = table.get(broker_defaults, key);
    const bool set_by_broker = of_broker != table.get(TopicConfig{}, key);
    description.config_source = overridden ? topic_source : set_by_broker ? static_broker_source : default_source;
    if (!request.include_synonyms) continue;
    if (overridden) description.synonyms.push_back({description.name, description.value, topic_source});
    description.synonyms.push_back(
        {std::string(broker_synonym(key.name)), of_broker, set_by_broker ? static_broker_source : default_source});
  }
  return descriptions;
}

Outcome<std::vector<Description>> describe_broker(HandlerContext context, const protocol::DescribeConfigsRequest& request,
                                                  const protocol::DescribeConfigsRequest::Resource& resource) {
  if (resource.resource_name != std::to_string(context.broker.node_id())) {
    return Refusal(ErrorCode::invalid_request, "this is broker " + std::to_string(context.broker.node_id()));
  }
  const auto& table = broker_config_table();
  std::vector<Description> descriptions;
  const auto add = [&](Description description, const std::string& by_default) {
    if (!is_wanted(resource, description.name)) return;
    description.read_only = true;
    description.config_source = description.value == by_default ? default_source : static_broker_source;
    descriptions.push_back(std::move(description));
  };
  for (const auto& key : table.keys()) {
    add(describe(table, key, context.broker.config(), request.include_documentation), table.get(BrokerConfig{}, key));
  }
  for (const TopicDefaultKey& alias : topic_default_keys()) {
    if (alias.scale != 1) continue;
    const auto& topic_table = topic_config_table();
    const auto& key = *topic_table.find(alias.topic_key);
    Description description = describe(topic_table, key, context.broker.config().topic_defaults, request.include_documentation);
    description.name = std::string(alias.broker_key);
    add(std::move(description), topic_table.get(TopicConfig{}, key));
  }
  return descriptions;
}

/// Only topics can be changed. Errors: INVALID_REQUEST.
Outcome<> check_changeable(std::int8_t type) {
  if (type == broker_resource) return Refusal(ErrorCode::invalid_request, "a broker reads its configuration at its start");
  if (type != topic_resource) return Refusal(ErrorCode::invalid_request, "unknown kind of resource");
  return {};
}

Outcome<> apply(ConfigOverrides& overrides, const protocol::IncrementalAlterConfigsRequest::Resource::Config& change) {
  switch (static_cast<Operation>(change.config_operation)) {
    case Operation::set:
      if (!change.value) return Refusal(ErrorCode::invalid_config, "null value for configuration key " + change.name);
      overrides[change.name] = *change.value;
      return {};
    case Operation::remove:
      if (topic_config_table().find(change.name) == nullptr) {
        return Refusal(ErrorCode::invalid_config, config_detail::unknown_key(change.name, topic_config_table().names()).detail);
      }
      overrides.erase(change.name);
      return {};
    case Operation::append:
    case Operation::subtract: return Refusal(ErrorCode::invalid_config, change.name + " is not a list");
  }
  return Refusal(ErrorCode::invalid_request, "unknown operation " + std::to_string(change.config_operation));
}

template <class Response, class Resource>
void answer(Response& response, const Resource& resource, const Outcome<>& changed) {
  auto& place = response.responses.emplace_back();
  place.resource_type = resource.resource_type;
  place.resource_name = resource.resource_name;
  if (changed) return;
  place.error_code = changed.error().code;
  place.error_message = changed.error().message;
}

}  // namespace

protocol::DescribeConfigsResponse handle(HandlerContext context, const protocol::DescribeConfigsRequest& request) {
  protocol::DescribeConfigsResponse response;
  for (const auto& resource : request.resources) {
    auto& place = response.results.emplace_back();
    place.resource_type = resource.resource_type;
    place.resource_name = resource.resource_name;
    Outcome<std::vector<Description>> described = Refusal(ErrorCode::invalid_request, "unknown kind of resource");
    if (resource.resource_type == topic_resource) described = describe_topic(context, request, resource);
    if (resource.resource_type == broker_resource) described = describe_broker(context, request, resource);
    if (described) {
      place.configs = std::move(*described);
    } else {
      place.error_code = described.error().code;
      place.error_message = described.error().message;
    }
  }
  return response;
}

protocol::AlterConfigsResponse handle(HandlerContext context, const protocol::AlterConfigsRequest& request) {
  protocol::AlterConfigsResponse response;
  for (const auto& resource : request.resources) {
    const auto alter = [&]() -> Outcome<> {
      TRY(check_changeable(resource.resource_type));
      ConfigOverrides overrides;
      for (const auto& config : resource.configs) {
        if (!config.value) return Refusal(ErrorCode::invalid_config, "null value for configuration key " + config.name);
        overrides[config.name] = *config.value;
      }
      // This older call replaces all of them.
      const auto replace = [&](ConfigOverrides& present) -> Outcome<> {
        present = overrides;
        return {};
      };
      return context.broker.topics().configure(resource.resource_name, replace, request.validate_only);
    };
    answer(response, resource, alter());
  }
  return response;
}

protocol::IncrementalAlterConfigsResponse handle(HandlerContext context,
                                                 const protocol::IncrementalAlterConfigsRequest& request) {
  protocol::IncrementalAlterConfigsResponse response;
  for (const auto& resource : request.resources) {
    const auto alter = [&]() -> Outcome<> {
      TRY(check_changeable(resource.resource_type));
      const auto edit = [&](ConfigOverrides& overrides) -> Outcome<> {
        for (const auto& change : resource.configs) TRY(apply(overrides, change));
        return {};
      };
      return context.broker.topics().configure(resource.resource_name, edit, request.validate_only);
    };
    answer(response, resource, alter());
  }
  return response;
}

}  // namespace faultline
