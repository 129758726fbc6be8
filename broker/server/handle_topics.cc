// CreateTopics, DeleteTopics and CreatePartitions: the controller decides. What a new topic's settings are is told by the broker that was
// asked, which knows the defaults.
#include "broker/node/effective_config.h"
#include "broker/server/config_sources.h"
#include "broker/server/forward.h"
#include "broker/server/handler.h"

namespace faultline {
namespace {

using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;
using protocol::DeleteTopicsRequest;

metadata::ConfigValues overrides_of(const CreateTopicsRequest::Topic& topic) {
  metadata::ConfigValues overrides;
  for (const auto& config : topic.configs) {
    if (config.value) overrides[config.name] = *config.value;
  }
  return overrides;
}

void describe_configs(Broker& broker, const CreateTopicsRequest& request, CreateTopicsResponse::Topic& answer) {
  const ConfigSources sources(broker.config(), broker.image());
  for (const CreateTopicsRequest::Topic& wanted : request.topics) {
    if (wanted.name != answer.name) continue;
    const metadata::ConfigValues overrides = overrides_of(wanted);
    answer.configs.emplace();
    for (const auto& key : topic_config_table().keys()) {
      const ConfigSources::Value value = sources.of_topic_key(key, overrides).front();
      answer.configs->push_back({std::string(key.name), value.text, false, static_cast<std::int8_t>(value.source), false});
    }
  }
}

}  // namespace

CreateTopicsResponse handle(HandlerContext context, const CreateTopicsRequest& request) {
  CreateTopicsResponse response = forward(context, request);
  for (CreateTopicsResponse::Topic& answer : response.topics) {
    if (answer.error_code == ErrorCode::none) describe_configs(context.broker, request, answer);
  }
  return response;
}

protocol::DeleteTopicsResponse handle(HandlerContext context, const DeleteTopicsRequest& request) {
  // Older versions have a list of names where newer ones have names or ids: the controller is asked in a newer one.
  DeleteTopicsRequest current = request;
  for (std::string& name : current.topic_names) current.topics.push_back({std::move(name), {}});
  current.topic_names.clear();
  if (!context.broker.config().delete_topic_enable) {
    return refused(current, Refusal(ErrorCode::topic_deletion_disabled, "delete.topic.enable is false"));
  }
  return forward(context, current);
}

protocol::CreatePartitionsResponse handle(HandlerContext context, const protocol::CreatePartitionsRequest& request) {
  return forward(context, request);
}

}  // namespace faultline
