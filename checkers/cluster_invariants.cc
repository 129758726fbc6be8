#include "checkers/cluster_invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace faultline::checkers {

namespace {

template <class... Args>
void add(std::vector<Finding>& findings, std::string_view name, const std::string& partition, fmt::format_string<Args...> text,
         Args&&... args) {
  findings.push_back({.anomaly = std::string(name),
                      .partition = partition,
                      .text = fmt::format("{}: {}", partition, fmt::format(text, std::forward<Args>(args)...))});
}

bool contains(const std::vector<std::int32_t>& nodes, std::int32_t node) {
  return std::find(nodes.begin(), nodes.end(), node) != nodes.end();
}

const ReplicaSnapshot* snapshot_of(std::span<const ReplicaSnapshot> replicas, std::int32_t node) {
  for (const ReplicaSnapshot& replica : replicas) {
    if (replica.node == node) return &replica;
  }
  return nullptr;
}

// The replica that knows the most to be committed; none if there is no snapshot.
const ReplicaSnapshot* furthest(std::span<const ReplicaSnapshot> replicas) {
  const ReplicaSnapshot* result = nullptr;
  for (const ReplicaSnapshot& replica : replicas) {
    if (result == nullptr || replica.high_watermark > result->high_watermark) result = &replica;
  }
  return result;
}

std::span<const RecordDigest> between(const std::vector<RecordDigest>& records, std::int64_t begin, std::int64_t end) {
  const auto below = [](const RecordDigest& record, std::int64_t offset) { return record.offset < offset; };
  const auto first = std::lower_bound(records.begin(), records.end(), begin, below);
  const auto last = std::lower_bound(first, records.end(), std::max(begin, end), below);
  return {first, last};
}

// The first offset from `begin` to `end` at which `other` does not hold what `model` holds, or `end`.
std::int64_t first_difference(const std::vector<RecordDigest>& model, const std::vector<RecordDigest>& other, std::int64_t begin,
                              std::int64_t end) {
  const std::span<const RecordDigest> expected = between(model, begin, end);
  const std::span<const RecordDigest> held = between(other, begin, end);
  for (std::size_t i = 0; i < std::max(expected.size(), held.size()); ++i) {
    if (i == expected.size()) return held[i].offset;
    if (i == held.size()) return expected[i].offset;
    if (expected[i].offset == held[i].offset && expected[i].digest == held[i].digest) continue;
    return std::min(expected[i].offset, held[i].offset);
  }
  return end;
}

void check_member(const PartitionView& view, const ReplicaSnapshot& model, const ReplicaSnapshot& member,
                  const ReplicationRules& rules, std::vector<Finding>& findings) {
  const std::int64_t begin = std::max(model.log_start, member.log_start);
  const std::int64_t end = model.high_watermark;
  const std::int64_t missing = first_difference(model.records, member.records, begin, end);
  if (missing < end) {
    add(findings, anomaly::committed_not_replicated, view.partition,
        "offset {} lies below the watermark {} of node {}, and node {}, which counts as in sync or eligible, does not hold the "
        "same",
        missing, end, model.node, member.node);
  }
  if (!rules.synced) return;
  const std::int64_t volatile_from = first_difference(model.records, member.durable, begin, end);
  if (volatile_from < end) {
    add(findings, anomaly::committed_not_durable, view.partition,
        "offset {} lies below the watermark {} of node {}, and is not in the durable image of node {}", volatile_from, end,
        model.node, member.node);
  }
}

}  // namespace

std::vector<Finding> check_view(const PartitionView& view) {
  std::vector<Finding> findings;
  for (const std::int32_t node : view.isr) {
    if (!contains(view.replicas, node))
      add(findings, anomaly::isr_outside_replicas, view.partition, "node {} is in the ISR, and no replica", node);
    if (contains(view.fenced, node))
      add(findings, anomaly::fenced_in_isr, view.partition, "node {} is in the ISR, and fenced", node);
  }
  for (const std::int32_t node : view.elr) {
    if (!contains(view.replicas, node) || contains(view.isr, node)) {
      add(findings, anomaly::isr_outside_replicas, view.partition, "node {} is eligible, and {}", node,
          contains(view.isr, node) ? "in the ISR as well" : "no replica");
    }
  }
  if (view.leader >= 0 && !contains(view.isr, view.leader))
    add(findings, anomaly::leader_outside_isr, view.partition, "the leader, node {}, is not in the ISR", view.leader);
  return findings;
}

std::vector<Finding> check_view_progress(const PartitionView& before, const PartitionView& after) {
  ENSURE(before.partition == after.partition);
  std::vector<Finding> findings;
  if (after.leader_epoch < before.leader_epoch) {
    add(findings, anomaly::leader_epoch_went_back, after.partition, "the leader epoch went from {} to {}", before.leader_epoch,
        after.leader_epoch);
  }
  if (after.leader != before.leader && after.leader >= 0 && after.leader_epoch == before.leader_epoch) {
    add(findings, anomaly::leader_without_epoch, after.partition, "the leader went from node {} to node {} in leader epoch {}",
        before.leader, after.leader, after.leader_epoch);
  }
  return findings;
}

std::vector<Finding> check_replication(const PartitionView& view, std::span<const ReplicaSnapshot> replicas,
                                       const ReplicationRules& rules) {
  std::vector<Finding> findings;
  const ReplicaSnapshot* model = furthest(replicas);
  if (model == nullptr || rules.unclean_election) return findings;
  for (const std::vector<std::int32_t>* members : {&view.isr, &view.elr}) {
    for (const std::int32_t node : *members) {
      const ReplicaSnapshot* member = snapshot_of(replicas, node);
      if (member != nullptr) check_member(view, *model, *member, rules, findings);
    }
  }
  for (std::size_t i = 0; i < replicas.size(); ++i) {
    for (std::size_t j = i + 1; j < replicas.size(); ++j) {
      const ReplicaSnapshot& a = replicas[i];
      const ReplicaSnapshot& b = replicas[j];
      const std::int64_t end = std::min(a.high_watermark, b.high_watermark);
      const std::int64_t different = first_difference(a.records, b.records, std::max(a.log_start, b.log_start), end);
      if (different >= end) continue;
      add(findings, anomaly::replicas_differ, view.partition,
          "node {} and node {} do not hold the same at offset {}, though both have a watermark of at least {}", a.node, b.node,
          different, end);
    }
  }
  return findings;
}

std::vector<Finding> check_acknowledged_committed(const PartitionView& view, std::span<const ReplicaSnapshot> replicas,
                                                  std::span<const RecordDigest> acknowledged) {
  std::vector<Finding> findings;
  const ReplicaSnapshot* model = furthest(replicas);
  if (model == nullptr) return findings;
  for (const RecordDigest& record : acknowledged) {
    if (record.offset < model->log_start) continue;
    const std::span<const RecordDigest> held = between(model->records, record.offset, record.offset + 1);
    const bool same = !held.empty() && held.front().digest == record.digest;
    if (record.offset < model->high_watermark && same) continue;
    add(findings, anomaly::acknowledged_not_committed, view.partition,
        "offset {} was acknowledged, and {} (the highest watermark is {}, of node {})", record.offset,
        same ? "is not committed" : "is not what was acknowledged", model->high_watermark, model->node);
    break;
  }
  return findings;
}

std::vector<Finding> check_unfenced(std::int32_t node, std::int64_t broker_epoch, std::int64_t applied) {
  std::vector<Finding> findings;
  if (applied <= broker_epoch) {
    findings.push_back({.anomaly = std::string(anomaly::unfenced_too_early),
                        .text = fmt::format("node {} is unfenced in broker epoch {}, and has carried out {} metadata records",
                                            node, broker_epoch, applied)});
  }
  return findings;
}

std::vector<Finding> check_carried_out(const CarriedOut& replica) {
  std::vector<Finding> findings;
  if (!replica.held) return findings;
  const auto broken = [&](const std::string& what) {
    add(findings, anomaly::metadata_not_carried_out, replica.partition,
        "node {} says that it has carried out all metadata up to {}, and {}", replica.node, replica.applied, what);
  };
  if (replica.decided != replica.held) broken(fmt::format("has a role of epoch {}, which is over", replica.held->leader_epoch));
  for (const CarriedOut::Setting& setting : replica.settings) {
    if (setting.in_force != setting.decided) broken(fmt::format("works without {} = {}", setting.key, setting.decided));
  }
  return findings;
}

std::vector<Finding> ClusterWatch::observe_leader(const std::string& partition, const ReplicaSnapshot& replica) {
  std::vector<Finding> findings;
  if (!replica.leads) return findings;
  const auto [entry, first] = leaders_.try_emplace({partition, replica.leader_epoch}, replica.node);
  if (entry->second != replica.node) {
    add(findings, anomaly::two_leaders_in_epoch, partition, "node {} and node {} both led in leader epoch {}", entry->second,
        replica.node, replica.leader_epoch);
  }
  return findings;
}

std::vector<Finding> ClusterWatch::observe_broker(std::int32_t node, std::uint64_t incarnation, std::int64_t broker_epoch) {
  std::vector<Finding> findings;
  const std::pair<std::int32_t, std::uint64_t> holder{node, incarnation};
  const auto [entry, first] = holders_.try_emplace(broker_epoch, holder);
  if (entry->second != holder) {
    findings.push_back(
        {.anomaly = std::string(anomaly::broker_epoch_reused),
         .text = fmt::format("broker epoch {} was that of incarnation {} of node {}, and is that of incarnation {} "
                             "of node {}",
                             broker_epoch, entry->second.second, entry->second.first, incarnation, node)});
  }
  return findings;
}

}  // namespace faultline::checkers
