// The controller of the model: elections, fencing, incarnations and AlterPartition, as short as they can be.
#include <algorithm>

#include "cluster_model.h"

namespace faultline::replication::model {

void Cluster::publish() {
  ++truth_.version;
  for (BrokerId id = 0; id < options_.replicas; ++id) network_.push_back(News{id, truth_});
}

void Cluster::change_leader(BrokerId leader) {
  PartitionState& partition = truth_.partition;
  if (partition.leader == leader) return;
  partition.leader = leader;
  ++partition.leader_epoch;
  ++partition.partition_epoch;
}

// The same leader, in an epoch of its own: what ends a reassignment, for one.
void Cluster::renew_epoch() {
  if (truth_.partition.leader == no_broker) return;
  ++truth_.partition.leader_epoch;
  ++truth_.partition.partition_epoch;
  publish();
}

void Cluster::elect_if_needed() {
  PartitionState& partition = truth_.partition;
  if (partition.leader != no_broker) return;
  const auto electable = [&](const BrokerIds& from) {
    const auto found = std::find_if(from.begin(), from.end(), [&](BrokerId id) { return !truth_.brokers[id].fenced; });
    return found == from.end() ? no_broker : *found;
  };
  BrokerId chosen = electable(partition.isr);
  if (chosen == no_broker && options_.unclean_election) {
    chosen = electable(partition.replicas);
    if (chosen != no_broker) partition.isr = {chosen};
  }
  if (chosen != no_broker) change_leader(chosen);
}

void Cluster::fence(BrokerId id) {
  PartitionState& partition = truth_.partition;
  truth_.brokers[id].fenced = true;
  if (contains(partition.isr, id) && partition.isr.size() > 1) {
    std::erase(partition.isr, id);
    ++partition.partition_epoch;
  }
  if (partition.leader == id) change_leader(no_broker);
  elect_if_needed();
  publish();
}

// An incarnation is new: it leads nothing, and is unfenced once it knows so.
void Cluster::register_broker(BrokerId id) {
  truth_.brokers[id] = {++last_broker_epoch_, true, false};
  at(id).broker_epoch = last_broker_epoch_;
  if (truth_.partition.leader == id && !options_.exhibits.on(Exhibit::epoch_led_twice)) {
    change_leader(no_broker);
    elect_if_needed();
  }
  publish();
  registered_at_[id] = truth_.version;
}

void Cluster::unfence(BrokerId id) {
  truth_.brokers[id].fenced = false;
  elect_if_needed();
  publish();
}

IsrAnswer Cluster::alter(const Alter& request) {
  PartitionState& partition = truth_.partition;
  const IsrProposal& proposal = request.proposal;
  IsrAnswer answer;
  answer.number = proposal.number;
  answer.kind = IsrAnswer::Kind::refused;
  const bool stale = request.broker_epoch != truth_.brokers[request.from].epoch;
  if (stale || proposal.leader_epoch != partition.leader_epoch || partition.leader != request.from) return answer;
  if (proposal.partition_epoch != partition.partition_epoch) return answer;
  for (const IsrMember& member : proposal.isr) {
    const BrokerStatus& broker = truth_.brokers[member.broker];
    if (broker.fenced || broker.epoch != member.broker_epoch) {
      answer.kind = IsrAnswer::Kind::ineligible_replica;
      return answer;
    }
  }
  partition.isr.clear();
  for (const IsrMember& member : proposal.isr) partition.isr.push_back(member.broker);
  ++partition.partition_epoch;
  publish();
  answer.kind = IsrAnswer::Kind::accepted;
  answer.leader_epoch = partition.leader_epoch;
  answer.partition_epoch = partition.partition_epoch;
  answer.isr = partition.isr;
  return answer;
}

}  // namespace faultline::replication::model
