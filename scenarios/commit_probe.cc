#include "scenarios/commit_probe.h"

#include <algorithm>

#include "scenarios/cluster_plan.h"

namespace faultline::scenarios {
namespace {

// Comparing what is known of producers costs the most of it: only with every fourth look.
constexpr std::uint64_t looks_per_producers = 4;

checkers::ProducerMark mark_of(std::int64_t id, const replication::ProducerEntry& entry) {
  checkers::ProducerMark mark{.producer = id, .epoch = entry.epoch, .last_offset = entry.last_offset};
  auto place = mark.batches.begin();
  for (auto batch = entry.batches().rbegin(); batch != entry.batches().rend() && place != mark.batches.end(); ++batch) {
    *place++ = {.last_sequence = batch->last_sequence, .last_offset = batch->last_offset};
  }
  return mark;
}

checkers::ReplicaMarks marks_of(const Partition& partition, bool with_producers) {
  const PartitionLog& log = partition.log();
  checkers::ReplicaMarks marks;
  marks.leads = partition.leads();
  marks.leader_epoch = partition.leader_epoch();
  marks.log_start = log.log_start();
  marks.high_watermark = partition.high_watermark();
  marks.safe_end = log.durable_end();
  marks.log_end = log.log_end();
  for (const EpochStart& start : log.epoch_starts()) marks.epochs.push_back({start.epoch, start.start_offset});
  if (!with_producers) return marks;
  for (const auto& [id, entry] : log.producers().entries()) marks.producers.push_back(mark_of(id, entry));
  return marks;
}

// A leader may have learned of its controller what nobody's image holds yet.
void learn(checkers::PartitionView& view, const Partition& partition) {
  if (!partition.leads()) return;
  const replication::PartitionState& committed = partition.leading()->isr().committed();
  if (committed.partition_epoch <= view.partition_epoch) return;
  view.partition_epoch = committed.partition_epoch;
  view.leader = committed.leader;
  view.leader_epoch = committed.leader_epoch;
  view.isr = committed.isr;
  view.elr.clear();
}

}  // namespace

bool disks_keep_promises(const Scenario& scenario) {
  return std::none_of(scenario.faults.begin(), scenario.faults.end(), [&](const FaultSpec& fault) {
    return (fault.kind == FaultKind::wipe && !is_cluster(scenario)) ||
           (fault.kind >= FaultKind::bit_rot && fault.kind <= FaultKind::lying_flush);
  });
}

CommitProbe::CommitProbe(const TrialState& state) : state_(state), judges_(disks_keep_promises(state.scenario)) {}

std::vector<checkers::Finding> CommitProbe::look(std::span<const RunningServer> servers, const DecidedViews& decided) {
  std::vector<checkers::Finding> findings;
  if (!judges_) return findings;
  ++looks_;
  for (const std::string& partition : decided.elected_uncleanly) watch_.give_up(partition);
  const std::map<PartitionKey, std::vector<RunningReplica>> running = replicas_of(servers);
  for (const auto& [key, view] : decided.partitions) {
    const client::TopicPartition name{view.partition.substr(0, view.partition.rfind('-')), key.second};
    if (!state_.syncs(name.topic) || state_.allows_unclean_election(name.topic)) continue;
    const auto found = running.find(key);
    const auto replicas = found == running.end() ? std::span<const RunningReplica>() : std::span(found->second);
    for (checkers::Finding& finding : look_at(view, name, replicas, decided.broker_epochs))
      findings.push_back(std::move(finding));
  }
  return findings;
}

// Of topics that their brokers know of: what is left of another is on its way out.
std::map<PartitionKey, std::vector<CommitProbe::RunningReplica>> CommitProbe::replicas_of(
    std::span<const RunningServer> servers) {
  std::map<PartitionKey, std::vector<RunningReplica>> replicas;
  for (const RunningServer& server : servers) {
    if (!server.broker->config().has_broker_role()) continue;
    for (std::shared_ptr<Partition>& partition : server.broker->replicas().partitions()) {
      const PartitionKey key{partition->topic_id(), partition->id().index};
      if (partition->being_cut() || !server.broker->replicas().partition(key.first, key.second)) continue;
      replicas[key].push_back({&server, std::move(partition)});
    }
  }
  return replicas;
}

std::vector<checkers::Finding> CommitProbe::look_at(const checkers::PartitionView& decided, const client::TopicPartition& name,
                                                    std::span<const RunningReplica> running,
                                                    const std::map<std::int32_t, std::int64_t>& broker_epochs) {
  checkers::PartitionView view = decided;
  std::vector<checkers::ReplicaMarks> replicas;
  for (const auto& [server, partition] : running) {
    learn(view, *partition);
    checkers::ReplicaMarks& marks = replicas.emplace_back(marks_of(*partition, looks_ % looks_per_producers == 0));
    marks.node = server->broker->node_id();
    const auto epoch = broker_epochs.find(marks.node);
    marks.registered = epoch != broker_epochs.end() && epoch->second == server->broker->lifecycle().epoch();
  }
  const auto gone = state_.gone_below.find(name);
  return watch_.observe(view, replicas, acknowledged_end(name), gone == state_.gone_below.end() ? 0 : gone->second);
}

std::int64_t CommitProbe::acknowledged_end(const client::TopicPartition& partition) const {
  const auto found = state_.acknowledged.find(partition);
  return found == state_.acknowledged.end() || found->second.empty() ? 0 : found->second.rbegin()->first + 1;
}

}  // namespace faultline::scenarios
