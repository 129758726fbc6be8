// CreatePartitions on the wire and as the controller has it.
#include "broker/protocol/create_partitions.h"

#include "broker/control/decisions.h"
#include "broker/control/repeats.h"

namespace faultline::control {

namespace {

using protocol::CreatePartitionsRequest;
using protocol::CreatePartitionsResponse;

Outcome<> create(Controller& controller, const CreatePartitionsRequest::Topic& topic, bool validate_only) {
  std::vector<std::vector<metadata::BrokerId>> assignment;
  if (topic.assignments) {
    if (topic.assignments->empty()) return Refusal(ErrorCode::invalid_replica_assignment, "the assignment is empty");
    for (const auto& partition : *topic.assignments) assignment.push_back(partition.broker_ids);
  }
  return controller.create_partitions(topic.name, topic.count, assignment, validate_only);
}

CreatePartitionsResponse decide(Controller& controller, const CreatePartitionsRequest& request) {
  CreatePartitionsResponse response;
  answer_each(
      request.topics, [](const auto& topic) { return topic.name; },
      [&](const CreatePartitionsRequest::Topic& topic, const Outcome<>& once) {
        auto& answer = response.results.emplace_back();
        answer.name = topic.name;
        set_outcome(answer, once ? create(controller, topic, request.validate_only) : once);
      });
  return response;
}

CreatePartitionsResponse refuse(const CreatePartitionsRequest& request, const Refusal& why) {
  CreatePartitionsResponse response;
  for (const auto& topic : request.topics) {
    auto& answer = response.results.emplace_back();
    answer.name = topic.name;
    set_outcome(answer, Outcome<>(why));
  }
  return response;
}

}  // namespace

CreatePartitionsResponse ControllerService::handle(const CreatePartitionsRequest& request) {
  return decided(
      deadline_in(request.timeout_ms), [&](Controller& controller) { return decide(controller, request); },
      [&](const Refusal& why) { return refuse(request, why); });
}

}  // namespace faultline::control
