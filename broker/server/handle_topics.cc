// CreateTopics, DeleteTopics and CreatePartitions.
#include "broker/server/handler.h"

namespace faultline {
namespace {

using protocol::CreatePartitionsRequest;
using protocol::CreateTopicsRequest;

/// In a request, -1 leaves the number to the broker.
constexpr std::int32_t broker_default = -1;

Outcome<NewTopic> parse_topic(HandlerContext context, const CreateTopicsRequest::Topic& wanted) {
  NewTopic topic;
  topic.name = wanted.name;
  topic.partition_count =
      wanted.num_partitions == broker_default ? context.broker.config().num_partitions : wanted.num_partitions;
  if (!wanted.assignments.empty()) {
    if (wanted.num_partitions != broker_default || wanted.replication_factor != broker_default) {
      return Refusal(ErrorCode::invalid_request, "give either an assignment or the number of partitions and replicas");
    }
    topic.partition_count = static_cast<std::int32_t>(wanted.assignments.size());
    for (const auto& assignment : wanted.assignments) {
      const bool here = assignment.broker_ids.size() == 1 && assignment.broker_ids.front() == context.broker.node_id();
      const bool counted = assignment.partition_index >= 0 && assignment.partition_index < topic.partition_count;
      if (!here || !counted) return Refusal(ErrorCode::invalid_replica_assignment, "this cluster has one broker");
    }
  } else if (wanted.replication_factor != broker_default && wanted.replication_factor != 1) {
    return Refusal(ErrorCode::invalid_replication_factor, "replication factor " + std::to_string(wanted.replication_factor) +
                                                              " needs as many brokers; this cluster has one");
  }
  for (const auto& config : wanted.configs) {
    if (!config.value) return Refusal(ErrorCode::invalid_config, "null value for configuration key " + config.name);
    topic.overrides[config.name] = *config.value;
  }
  return topic;
}

std::vector<protocol::CreateTopicsResponse::Topic::Config> describe_configs(const TopicConfig& config,
                                                                            const ConfigOverrides& overrides) {
  constexpr std::int8_t dynamic_topic_source = 1;
  constexpr std::int8_t default_source = 5;
  std::vector<protocol::CreateTopicsResponse::Topic::Config> described;
  for (const auto& key : topic_config_table().keys()) {
    const bool overridden = overrides.contains(std::string(key.name));
    described.push_back({std::string(key.name), topic_config_table().get(config, key), false,
                         overridden ? dynamic_topic_source : default_source, false});
  }
  return described;
}

}  // namespace

protocol::CreateTopicsResponse handle(HandlerContext context, const CreateTopicsRequest& request) {
  protocol::CreateTopicsResponse response;
  for (const CreateTopicsRequest::Topic& wanted : request.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = wanted.name;
    const auto create = [&]() -> Outcome<> {
      const NewTopic topic = TRY(parse_topic(context, wanted));
      answer.topic_id = TRY(context.broker.topics().create(topic, request.validate_only));
      answer.num_partitions = topic.partition_count;
      answer.replication_factor = 1;
      if (const Topic* created = context.broker.topics().find(topic.name))
        answer.configs = describe_configs(created->config, topic.overrides);
      return {};
    };
    if (const Outcome<> created = create(); !created) {
      answer.error_code = created.error().code;
      answer.error_message = created.error().message;
    }
  }
  return response;
}

protocol::DeleteTopicsResponse handle(HandlerContext context, const protocol::DeleteTopicsRequest& request) {
  Topics& topics = context.broker.topics();
  protocol::DeleteTopicsResponse response;
  const auto remove = [&](const std::optional<std::string>& name, const protocol::Uuid& id) {
    auto& answer = response.responses.emplace_back();
    answer.name = name;
    answer.topic_id = id;
    const Topic* topic = name ? topics.find(*name) : topics.find(id);
    Outcome<> removed;
    if (!context.broker.config().delete_topic_enable) {
      removed = Refusal(ErrorCode::topic_deletion_disabled, "delete.topic.enable is false");
    } else if (topic == nullptr) {
      removed = Refusal(name ? ErrorCode::unknown_topic_or_partition : ErrorCode::unknown_topic_id);
    } else {
      answer.name = topic->record.name;
      answer.topic_id = topic->record.id;
      removed = topics.remove(*answer.name);
    }
    if (!removed) {
      answer.error_code = removed.error().code;
      answer.error_message = removed.error().message;
    }
  };
  for (const std::string& name : request.topic_names) remove(name, {});
  for (const auto& topic : request.topics) remove(topic.name, topic.topic_id);
  return response;
}

protocol::CreatePartitionsResponse handle(HandlerContext context, const CreatePartitionsRequest& request) {
  protocol::CreatePartitionsResponse response;
  for (const CreatePartitionsRequest::Topic& wanted : request.topics) {
    auto& answer = response.results.emplace_back();
    answer.name = wanted.name;
    Outcome<> grown;
    if (wanted.assignments) {
      for (const auto& assignment : *wanted.assignments) {
        if (assignment.broker_ids != std::vector<std::int32_t>{context.broker.node_id()}) {
          grown = Refusal(ErrorCode::invalid_replica_assignment, "this cluster has one broker");
        }
      }
    }
    if (grown) grown = context.broker.topics().grow(wanted.name, wanted.count, request.validate_only);
    if (!grown) {
      answer.error_code = grown.error().code;
      answer.error_message = grown.error().message;
    }
  }
  return response;
}

}  // namespace faultline
