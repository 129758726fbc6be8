// ListPartitionReassignments: the moves that are under way.
#include "broker/protocol/list_partition_reassignments.h"

#include <algorithm>

#include "broker/control/decisions.h"
#include "broker/controller/reassignment.h"

namespace faultline::control {

namespace {

using protocol::ListPartitionReassignmentsRequest;
using protocol::ListPartitionReassignmentsResponse;

bool asks_for(const ListPartitionReassignmentsRequest& request, const std::string& topic, std::int32_t partition) {
  if (!request.topics) return true;
  return std::any_of(request.topics->begin(), request.topics->end(), [&](const auto& asked) {
    return asked.name == topic && metadata::contains(asked.partition_indexes, partition);
  });
}

ListPartitionReassignmentsResponse list(const metadata::ClusterImage& image, const ListPartitionReassignmentsRequest& request) {
  ListPartitionReassignmentsResponse response;
  for (const auto& [id, topic] : image.topics()) {
    ListPartitionReassignmentsResponse::Topic moves;
    moves.name = topic.name;
    for (const metadata::PartitionRecord& partition : topic.partitions) {
      if (!controller::reassigning(partition) || !asks_for(request, topic.name, partition.partition)) continue;
      moves.partitions.push_back({partition.partition, partition.replicas, partition.adding, partition.removing});
    }
    if (!moves.partitions.empty()) response.topics.push_back(std::move(moves));
  }
  return response;
}

}  // namespace

ListPartitionReassignmentsResponse ControllerService::handle(const ListPartitionReassignmentsRequest& request) {
  return decided(
      deadline_in(request.timeout_ms), [&](Controller& controller) { return list(controller.image(), request); },
      [](const Refusal& why) {
        ListPartitionReassignmentsResponse response;
        set_outcome(response, Outcome<>(why));
        return response;
      });
}

}  // namespace faultline::control
