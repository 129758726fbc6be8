#include "checkers/commit_watch.h"

#include <fmt/format.h>

#include <algorithm>

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

bool leads_now(const PartitionView& view, const ReplicaMarks& replica) {
  return replica.leads && view.leader == replica.node && view.leader_epoch == replica.leader_epoch;
}

// Whether the controller could elect it, or has.
bool must_have_all(const PartitionView& view, const ReplicaMarks& replica) {
  if (leads_now(view, replica)) return true;
  return replica.registered && (contains(view.isr, replica.node) || contains(view.elr, replica.node));
}

std::int32_t epoch_at(const std::vector<EpochMark>& epochs, std::int64_t offset) {
  const auto after = std::upper_bound(epochs.begin(), epochs.end(), offset,
                                      [](std::int64_t wanted, const EpochMark& mark) { return wanted < mark.start; });
  return after == epochs.begin() ? -1 : std::prev(after)->epoch;
}

// The first offset from `begin` to `end` that two logs have in different epochs, or `end`.
std::int64_t first_other_epoch(const std::vector<EpochMark>& a, const std::vector<EpochMark>& b, std::int64_t begin,
                               std::int64_t end) {
  if (begin >= end) return end;
  std::int64_t first = epoch_at(a, begin) == epoch_at(b, begin) ? end : begin;
  for (const std::vector<EpochMark>* marks : {&a, &b}) {
    for (const EpochMark& mark : *marks) {
      const bool inside = mark.start > begin && mark.start < first;
      if (inside && epoch_at(a, mark.start) != epoch_at(b, mark.start)) first = mark.start;
    }
  }
  return first;
}

void compare_epochs(const PartitionView& view, const ReplicaMarks& a, const ReplicaMarks& b, std::int64_t end,
                    std::vector<Finding>& findings) {
  const std::int64_t offset = first_other_epoch(a.epochs, b.epochs, std::max(a.log_start, b.log_start), end);
  if (offset >= end) return;
  add(findings, anomaly::epochs_differ, view.partition,
      "offset {}, which is committed, is of leader epoch {} on node {} and of {} on node {}", offset, epoch_at(a.epochs, offset),
      a.node, epoch_at(b.epochs, offset), b.node);
}

// Whether both know the same of a producer, as far as its batches lie in both logs.
bool same_producer(const ProducerMark& a, const ProducerMark& b, std::int64_t retained) {
  if (a.epoch != b.epoch || a.last_offset != b.last_offset) return false;
  for (std::size_t i = 0; i < batches_to_know_again; ++i) {
    const bool kept = a.batches[i].last_offset >= retained || b.batches[i].last_offset >= retained;
    if (kept && a.batches[i] != b.batches[i]) return false;
  }
  return true;
}

std::string spelled(const ProducerMark& mark) {
  std::string text = fmt::format("epoch {}, last offset {}", mark.epoch, mark.last_offset);
  for (const ProducerMark::Batch& batch : mark.batches) {
    if (batch.last_offset >= 0) text += fmt::format(", sequence {} at {}", batch.last_sequence, batch.last_offset);
  }
  return text;
}

void compare_producers(const PartitionView& view, const ReplicaMarks& a, const ReplicaMarks& b, std::int64_t end,
                       std::vector<Finding>& findings) {
  if (a.log_end != end || b.log_end != end || a.producers.empty() || b.producers.empty()) return;
  const std::int64_t retained = std::max(a.log_start, b.log_start);
  auto other = b.producers.begin();
  for (const ProducerMark& mark : a.producers) {
    if (mark.last_offset < retained) continue;
    while (other != b.producers.end() && other->producer < mark.producer) ++other;
    const bool known = other != b.producers.end() && other->producer == mark.producer;
    if (known && same_producer(mark, *other, retained)) continue;
    add(findings, anomaly::producers_differ, view.partition,
        "both end at {}, all of it committed, and of producer {} node {} knows {}; node {} {}", a.log_end, mark.producer, a.node,
        spelled(mark), b.node, known ? spelled(*other) : std::string("nothing"));
    return;
  }
}

}  // namespace

void CommitWatch::note_members(const PartitionView& view) {
  Members& members = members_[view.partition];
  if (members.leader_epoch != view.leader_epoch) members = {view.leader_epoch, {view.isr.begin(), view.isr.end()}};
  std::erase_if(members.from_before, [&](std::int32_t node) { return !contains(view.isr, node); });
}

void CommitWatch::check_joined(const PartitionView& view, std::span<const ReplicaMarks> replicas,
                               std::vector<Finding>& findings) const {
  const auto leader =
      std::find_if(replicas.begin(), replicas.end(), [&](const auto& replica) { return leads_now(view, replica); });
  if (leader == replicas.end() || leader->epochs.empty() || leader->epochs.back().epoch != view.leader_epoch) return;
  const std::set<std::int32_t>& from_before = members_.at(view.partition).from_before;
  for (const ReplicaMarks& replica : replicas) {
    const bool joined = replica.registered && contains(view.isr, replica.node) && !from_before.contains(replica.node);
    if (!joined || replica.safe_end >= leader->epochs.back().start) continue;
    add(findings, anomaly::joined_too_early, view.partition,
        "node {} has joined the ISR in leader epoch {}, which starts at {} on node {}, and holds what is below {}", replica.node,
        view.leader_epoch, leader->epochs.back().start, leader->node, replica.safe_end);
  }
}

std::vector<Finding> CommitWatch::observe(const PartitionView& view, std::span<const ReplicaMarks> replicas,
                                          std::int64_t acknowledged_end, std::int64_t deleted_below) {
  std::vector<Finding> findings;
  if (given_up_.contains(view.partition)) return findings;
  Committed& committed = committed_[view.partition];
  if (acknowledged_end > committed.end) committed = {acknowledged_end, -1};
  for (const ReplicaMarks& replica : replicas) {
    if (replica.leads && replica.high_watermark > replica.safe_end) {
      add(findings, anomaly::committed_beyond_durable, view.partition,
          "the watermark {} of node {}, which leads, is beyond its own durable end {}", replica.high_watermark, replica.node,
          replica.safe_end);
    }
    if (replica.leads && (replica.epochs.empty() || replica.epochs.back().epoch != replica.leader_epoch)) {
      add(findings, anomaly::leader_without_its_epoch, view.partition,
          "node {} leads in epoch {}, and its log's newest epoch is {}", replica.node, replica.leader_epoch,
          replica.epochs.empty() ? -1 : replica.epochs.back().epoch);
    }
    if (replica.high_watermark > committed.end) committed = {replica.high_watermark, replica.node};
  }
  note_members(view);
  check_joined(view, replicas, findings);
  const ReplicaMarks* first = nullptr;
  for (const ReplicaMarks& replica : replicas) {
    if (!must_have_all(view, replica)) continue;
    if (replica.safe_end < committed.end) {
      add(findings, anomaly::member_lacks_committed, view.partition,
          "everything below {} was {}, and node {}, which {} in leader epoch {}, holds what is below {}", committed.end,
          committed.node < 0 ? "acknowledged" : fmt::format("committed, says node {}", committed.node), replica.node,
          leads_now(view, replica) ? "leads" : "could be elected", view.leader_epoch, replica.safe_end);
    }
    if (replica.log_start < deleted_below) {
      add(findings, anomaly::member_keeps_deleted, view.partition,
          "DeleteRecords has answered that nothing below {} is left, and the log of node {}, which {} in leader epoch {}, starts "
          "at {}",
          deleted_below, replica.node, leads_now(view, replica) ? "leads" : "could be elected", view.leader_epoch,
          replica.log_start);
    }
    if (first == nullptr) {
      first = &replica;
      continue;
    }
    const std::int64_t end = std::min({committed.end, first->safe_end, replica.safe_end});
    compare_epochs(view, *first, replica, end, findings);
    compare_producers(view, *first, replica, committed.end, findings);
    compare_producers(view, replica, *first, committed.end, findings);
  }
  return findings;
}

}  // namespace faultline::checkers
