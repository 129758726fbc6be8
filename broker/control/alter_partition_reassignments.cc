// AlterPartitionReassignments on the wire and as the controller has it.
#include "broker/protocol/alter_partition_reassignments.h"

#include "broker/control/decisions.h"

namespace faultline::control {

namespace {

using protocol::AlterPartitionReassignmentsRequest;
using protocol::AlterPartitionReassignmentsResponse;
using Topic = AlterPartitionReassignmentsRequest::Topic;

Outcome<> reassign(Controller& controller, const std::string& topic, const Topic::Partition& wanted) {
  const metadata::TopicImage* known = controller.image().topic(topic);
  if (known == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition, "there is no topic '" + topic + "'");
  return controller.reassign({known->id, wanted.partition_index}, wanted.replicas);
}

AlterPartitionReassignmentsResponse decide(Controller& controller, const AlterPartitionReassignmentsRequest& request) {
  AlterPartitionReassignmentsResponse response;
  for (const Topic& topic : request.topics) {
    auto& answers = response.responses.emplace_back();
    answers.name = topic.name;
    for (const Topic::Partition& partition : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = partition.partition_index;
      set_outcome(answer, reassign(controller, topic.name, partition));
    }
  }
  return response;
}

}  // namespace

AlterPartitionReassignmentsResponse ControllerService::handle(const AlterPartitionReassignmentsRequest& request) {
  return decided(
      deadline_in(request.timeout_ms), [&](Controller& controller) { return decide(controller, request); },
      [](const Refusal& why) {
        AlterPartitionReassignmentsResponse response;
        set_outcome(response, Outcome<>(why));
        return response;
      });
}

}  // namespace faultline::control
