// CreateTopics, DeleteTopics and CreatePartitions.
//
// A topic that a request names more than once is left alone and answered once, with INVALID_REQUEST: nobody can tell which of the
// wishes was meant. Source: Kafka's ControllerApis, as its tests (ControllerApisTest) have it.
#include <map>
#include <set>

#include "broker/server/handler.h"

namespace faultline {
namespace {

using protocol::CreatePartitionsRequest;
using protocol::CreateTopicsRequest;

/// Which topics a request names more than once.
class Repeats {
 public:
  void count(const std::string& topic) { ++times_[topic]; }
  bool has(const std::string& topic) const { return times_.at(topic) > 1; }
  /// Whether this is the place to answer a topic that is named more than once. Requires: asked once for each time it is named.
  bool answer_now(const std::string& topic) { return answered_.insert(topic).second; }

 private:
  std::map<std::string, int> times_;
  std::set<std::string> answered_;
};

template <class Answer>
void refuse_repeated(Answer& answer) {
  answer.error_code = ErrorCode::invalid_request;
  answer.error_message = "the request names the topic more than once";
}

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
  Repeats repeats;
  for (const CreateTopicsRequest::Topic& wanted : request.topics) repeats.count(wanted.name);
  for (const CreateTopicsRequest::Topic& wanted : request.topics) {
    if (repeats.has(wanted.name) && !repeats.answer_now(wanted.name)) continue;
    auto& answer = response.topics.emplace_back();
    answer.name = wanted.name;
    if (repeats.has(wanted.name)) {
      refuse_repeated(answer);
      continue;
    }
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
  const auto key_of = [](const std::optional<std::string>& name, const protocol::Uuid& id) {
    return name ? "name " + *name : "id " + to_string(id);
  };
  Repeats repeats;
  for (const std::string& name : request.topic_names) repeats.count(key_of(name, {}));
  for (const auto& topic : request.topics) repeats.count(key_of(topic.name, topic.topic_id));
  const auto remove = [&](const std::optional<std::string>& name, const protocol::Uuid& id) {
    const std::string key = key_of(name, id);
    if (repeats.has(key) && !repeats.answer_now(key)) return;
    auto& answer = response.responses.emplace_back();
    answer.name = name;
    answer.topic_id = id;
    if (repeats.has(key)) return refuse_repeated(answer);
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
  Repeats repeats;
  for (const CreatePartitionsRequest::Topic& wanted : request.topics) repeats.count(wanted.name);
  for (const CreatePartitionsRequest::Topic& wanted : request.topics) {
    if (repeats.has(wanted.name) && !repeats.answer_now(wanted.name)) continue;
    auto& answer = response.results.emplace_back();
    answer.name = wanted.name;
    if (repeats.has(wanted.name)) {
      refuse_repeated(answer);
      continue;
    }
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
