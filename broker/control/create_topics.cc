// CreateTopics on the wire and as the controller has it. The configuration that results is filled in by the broker that talks to the client:
// it knows the defaults.
#include "broker/protocol/create_topics.h"

#include <cstddef>

#include "broker/control/decisions.h"
#include "broker/control/repeats.h"

namespace faultline::control {

namespace {

using protocol::CreateTopicsRequest;
using protocol::CreateTopicsResponse;

/// Partitions may come in any order, but all from 0 on and each once.
Outcome<std::vector<std::vector<metadata::BrokerId>>> parse_assignment(const CreateTopicsRequest::Topic& wanted) {
  std::vector<std::vector<metadata::BrokerId>> assignment(wanted.assignments.size());
  for (const auto& partition : wanted.assignments) {
    const auto index = static_cast<std::size_t>(partition.partition_index);
    if (partition.partition_index < 0 || index >= assignment.size() || !assignment[index].empty()) {
      return Refusal(ErrorCode::invalid_replica_assignment, "partitions are numbered from 0 on, without gaps");
    }
    if (partition.broker_ids.empty())
      return Refusal(ErrorCode::invalid_replica_assignment, "a partition has one replica at least");
    assignment[index] = partition.broker_ids;
  }
  return assignment;
}

Outcome<controller::NewTopic> parse(const CreateTopicsRequest::Topic& wanted) {
  controller::NewTopic topic;
  topic.name = wanted.name;
  topic.partitions = wanted.num_partitions;
  topic.replication = wanted.replication_factor;
  topic.assignment = TRY(parse_assignment(wanted));
  for (const auto& config : wanted.configs) {
    if (!config.value) return Refusal(ErrorCode::invalid_config, "null value for configuration key " + config.name);
    topic.config.push_back({config.name, config.value});
  }
  return topic;
}

Outcome<> create(Controller& controller, const CreateTopicsRequest::Topic& wanted, bool validate_only,
                 CreateTopicsResponse::Topic& answer) {
  const controller::NewTopic topic = TRY(parse(wanted));
  const controller::CreatedTopic created = TRY(controller.create_topic(topic, validate_only));
  answer.topic_id = created.id;
  answer.num_partitions = created.partitions;
  answer.replication_factor = static_cast<std::int16_t>(created.replication);
  return {};
}

CreateTopicsResponse decide(Controller& controller, const CreateTopicsRequest& request) {
  CreateTopicsResponse response;
  answer_each(
      request.topics, [](const auto& topic) { return topic.name; },
      [&](const CreateTopicsRequest::Topic& topic, const Outcome<>& once) {
        auto& answer = response.topics.emplace_back();
        answer.name = topic.name;
        set_outcome(answer, once ? create(controller, topic, request.validate_only, answer) : once);
      });
  return response;
}

CreateTopicsResponse refuse(const CreateTopicsRequest& request, const Refusal& why) {
  CreateTopicsResponse response;
  for (const auto& topic : request.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = topic.name;
    set_outcome(answer, Outcome<>(why));
  }
  return response;
}

}  // namespace

CreateTopicsResponse ControllerService::handle(const CreateTopicsRequest& request) {
  return decided(
      deadline_in(request.timeout_ms), [&](Controller& controller) { return decide(controller, request); },
      [&](const Refusal& why) { return refuse(request, why); });
}

}  // namespace faultline::control
