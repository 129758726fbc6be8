// AlterPartition: a leader reports which replicas are in sync, and the controller decides. The checks, and their order, are those of
// docs/decisions/0007-controller.md; all of them look at one and the same image.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "base/check.h"
#include "broker/controller/controller.h"
#include "broker/controller/reassignment.h"

namespace faultline::controller {

using metadata::BrokerRecord;
using metadata::contains;

Outcome<std::vector<BrokerId>> Controller::eligible_isr(const AlterPartition& request, const PartitionRecord& partition) const {
  std::vector<BrokerId> isr;
  for (const IsrMember& member : request.isr) isr.push_back(member.broker_id);
  const bool within = std::all_of(isr.begin(), isr.end(), [&](BrokerId id) { return contains(partition.replicas, id); });
  const bool distinct = std::set<BrokerId>(isr.begin(), isr.end()).size() == isr.size();
  const bool recovering_alone = !request.recovering || (isr.size() == 1 && partition.recovering);
  if (!within || !distinct || !contains(isr, partition.leader) || !recovering_alone) {
    return Refusal(ErrorCode::invalid_request,
                   "an ISR is made of replicas, each once, the leader among them, and nobody else while it recovers");
  }
  for (const IsrMember& member : request.isr) {
    const BrokerRecord* broker = image_.broker(member.broker_id);
    const bool there = broker != nullptr && (broker->active() || config_.exhibits.on(Exhibit::kafka_13916));
    const bool same_incarnation = there && (broker->broker_epoch == member.broker_epoch || config_.exhibits.on(Exhibit::kip_903));
    if (!same_incarnation) {
      return Refusal(ErrorCode::ineligible_replica,
                     fmt::format("broker {} is fenced, going down, or not the one that caught up", member.broker_id));
    }
  }
  return isr;
}

Outcome<PartitionRecord> Controller::alter_partition(const AlterPartition& request) {
  TRY(current_broker(request.leader, request.leader_broker_epoch));
  const PartitionRecord* found = image_.partition(request.partition.topic_id, request.partition.partition);
  if (found == nullptr) return Refusal(ErrorCode::unknown_topic_id);
  const PartitionRecord partition = *found;
  if (request.leader_epoch > partition.leader_epoch || request.partition_epoch > partition.partition_epoch) {
    // The wrong rule: one who is behind takes what is ahead of it for something old.
    if (config_.exhibits.on(Exhibit::kafka_14154)) return Refusal(ErrorCode::fenced_leader_epoch);
    return Refusal(ErrorCode::not_controller, "the leader knows of a later epoch: this controller is not the active one");
  }
  if (request.leader_epoch < partition.leader_epoch) return Refusal(ErrorCode::fenced_leader_epoch);
  if (partition.leader != request.leader) return Refusal(ErrorCode::invalid_request, "another broker leads the partition");
  if (request.partition_epoch != partition.partition_epoch) return Refusal(ErrorCode::invalid_update_version);

  PartitionChange wanted;
  wanted.isr = TRY(eligible_isr(request, partition));
  wanted.recovering = request.recovering;
  complete_reassignment(partition, min_insync_replicas(partition.topic_id), wanted);
  // Accepted is accepted: a new partition epoch, also for the ISR that was, so that a late copy of the request is refused.
  PartitionRecord next = settle(partition, wanted, rules_of(partition)).value_or(partition);
  next.partition_epoch = partition.partition_epoch + 1;
  // Whatever was asked before this partition epoch began, of whichever leader epoch, has been refused.
  ENSURE(next.partition_epoch == request.partition_epoch + 1);
  ENSURE(partition.leader_epoch == request.leader_epoch);
  decide(std::move(next));
  return *image_.partition(request.partition.topic_id, request.partition.partition);
}

Outcome<> Controller::elect_leader(const PartitionName& name, Election election) {
  const PartitionRecord* found = image_.partition(name.topic_id, name.partition);
  if (found == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition);
  const PartitionRecord partition = *found;
  const bool needed =
      election == Election::preferred ? partition.leader != partition.replicas.front() : partition.leader == metadata::no_broker;
  if (!needed) return Refusal(ErrorCode::election_not_needed);
  PartitionChange wanted;
  wanted.election = election;
  change(partition, wanted);
  const BrokerId leader = image_.partition(name.topic_id, name.partition)->leader;
  if (election == Election::preferred && leader != partition.replicas.front()) {
    return Refusal(ErrorCode::preferred_leader_not_available);
  }
  if (leader == metadata::no_broker) return Refusal(ErrorCode::eligible_leaders_not_available);
  return {};
}

}  // namespace faultline::controller
