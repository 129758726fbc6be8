#include "broker/controller/reassignment.h"

#include <algorithm>
#include <set>

#include "broker/controller/controller.h"

namespace faultline::controller {

using metadata::contains;

namespace {

std::vector<BrokerId> without(const std::vector<BrokerId>& ids, const std::vector<BrokerId>& gone) {
  std::vector<BrokerId> left;
  std::copy_if(ids.begin(), ids.end(), std::back_inserter(left), [&](BrokerId id) { return !contains(gone, id); });
  return left;
}

}  // namespace

bool reassigning(const PartitionRecord& partition) { return !partition.adding.empty() || !partition.removing.empty(); }

std::vector<BrokerId> replicas_before_move(const PartitionRecord& partition) {
  return without(partition.replicas, partition.adding);
}

void complete_reassignment(const PartitionRecord& partition, std::int32_t min_insync_replicas, PartitionChange& change) {
  const std::vector<BrokerId> adding = change.adding.value_or(partition.adding);
  const std::vector<BrokerId> removing = change.removing.value_or(partition.removing);
  if (adding.empty() && removing.empty()) return;
  const std::vector<BrokerId> replicas = without(change.replicas.value_or(partition.replicas), removing);
  const std::vector<BrokerId> isr = without(change.isr.value_or(partition.isr), removing);
  const bool all_added = std::all_of(adding.begin(), adding.end(), [&](BrokerId id) { return contains(isr, id); });
  const std::size_t enough = replication::effective_min_isr(min_insync_replicas, replicas.size());
  if (!all_added || isr.empty() || isr.size() < enough) return;
  change.replicas = replicas;
  change.adding.emplace();
  change.removing.emplace();
  change.isr = isr;
}

Outcome<> Controller::reassign(const PartitionName& name, const std::optional<std::vector<BrokerId>>& replicas) {
  const PartitionRecord* found = image_.partition(name.topic_id, name.partition);
  if (found == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition);
  const PartitionRecord partition = *found;
  const std::vector<BrokerId> present = replicas_before_move(partition);
  if (!replicas.has_value() && !reassigning(partition)) return Refusal(ErrorCode::no_reassignment_in_progress);
  const std::vector<BrokerId> wanted = replicas.value_or(present);
  TRY(check_assignment({wanted}));

  PartitionChange move;
  move.adding = without(wanted, present);
  move.removing = without(present, wanted);
  move.replicas = wanted;
  move.replicas->insert(move.replicas->end(), move.removing->begin(), move.removing->end());
  const auto stays = [&](BrokerId id) { return contains(*move.replicas, id); };
  // With nobody in sync it is those who are eligible that have everything.
  const std::vector<BrokerId>& complete = partition.isr.empty() ? partition.elr : partition.isr;
  if (!complete.empty() && std::none_of(complete.begin(), complete.end(), stays)) {
    return Refusal(ErrorCode::invalid_replica_assignment, "nobody who has everything would be left");
  }
  // Replicas of a move that was under way and are wanted no more go at once: they were only being added.
  std::vector<BrokerId> isr_left;
  std::copy_if(partition.isr.begin(), partition.isr.end(), std::back_inserter(isr_left), stays);
  move.isr = isr_left;
  complete_reassignment(partition, min_insync_replicas(name.topic_id), move);
  change(partition, move);
  return {};
}

}  // namespace faultline::controller
