// A disk for one core: what is durable, what is written but not synced, and what a power cut leaves of it.
//
// Hard state, snapshot and log are different files, so each survives to a point of its own among the writes that no sync has covered; the
// log even in the middle of one. What the driver's contract orders stays ordered: an installed snapshot is durable before the log is reset.
#pragma once

#include <algorithm>
#include <deque>
#include <map>
#include <string>

#include "base/random.h"
#include "broker/raft/core.h"

namespace faultline::raft::testing {

class Disk {
 public:
  Recovered durable;
  std::map<Index, std::string> snapshots;  // durable; older ones may still be on their way to somebody

  void begin(const Writes& writes) {
    if (writes.chunk) {
      if (writes.chunk->offset == 0) incoming_.clear();
      incoming_.append(as_text(writes.chunk->data));
    }
    if (writes.sequence != 0) pending_.push_back({writes, writes.install ? incoming_ : std::string()});
    if (writes.discard_to && writes.sequence == 0) discard(*writes.discard_to);
  }

  /// Of a snapshot that is there, or that has just been received.
  const std::string& snapshot_bytes(Index index) const {
    const auto found = snapshots.find(index);
    return found == snapshots.end() ? incoming_ : found->second;
  }

  bool has_pending() const { return !pending_.empty(); }
  std::uint64_t last_pending() const { return pending_.back().writes.sequence; }

  /// A sync that was issued when `sequence` was the last completed write has succeeded.
  void synced(std::uint64_t sequence) {
    while (!pending_.empty() && pending_.front().writes.sequence <= sequence) {
      const Pending& write = pending_.front();
      if (write.writes.hard_state) durable.hard_state = *write.writes.hard_state;
      if (write.writes.install) install(write);
      change_log(write.writes, write.writes.append.size());
      if (write.writes.discard_to) discard(*write.writes.discard_to);
      pending_.pop_front();
    }
  }

  void snapshot_taken(const SnapshotMeta& snapshot, std::string bytes) {
    snapshots[snapshot.last.index] = std::move(bytes);
    if (snapshot.last.index > durable.snapshot.last.index) durable.snapshot = snapshot;
  }

  /// The power goes: a random part of what was not synced survives.
  void power_cut(RandomStream& random) {
    const std::uint64_t hard_states = random.below(pending_.size() + 1);
    const std::uint64_t logs = random.below(pending_.size() + 1);
    const std::uint64_t installs = std::max(logs, random.below(pending_.size() + 1));
    for (std::uint64_t i = 0; i < pending_.size(); ++i) {
      const Pending& write = pending_[i];
      if (i < hard_states && write.writes.hard_state) durable.hard_state = *write.writes.hard_state;
      if (i < installs && write.writes.install) install(write);
      if (i < logs) change_log(write.writes, write.writes.append.size());
      const bool torn = i == logs && (!write.writes.reset_log || i < installs);
      if (torn) change_log(write.writes, random.below(write.writes.append.size() + 1));
    }
    pending_.clear();
    incoming_.clear();
  }

  /// Whether an entry is on the disk for sure, by itself or in a snapshot.
  bool holds(const Position& position) const {
    if (durable.snapshot.last.index >= position.index) return true;
    const auto& entries = durable.entries;
    if (entries.empty() || position.index < entries.front().at.index || position.index > entries.back().at.index) return false;
    return entries[static_cast<std::size_t>(position.index - entries.front().at.index)].at == position;
  }

 private:
  struct Pending {
    Writes writes;
    std::string snapshot;
  };

  void install(const Pending& write) {
    snapshots[write.writes.install->last.index] = write.snapshot;
    durable.snapshot = *write.writes.install;
  }

  void change_log(const Writes& writes, std::uint64_t appended) {
    std::vector<Entry>& log = durable.entries;
    if (writes.reset_log) log.clear();
    if (writes.truncate_to) {
      while (!log.empty() && log.back().at.index > *writes.truncate_to) log.pop_back();
    }
    log.insert(log.end(), writes.append.begin(), writes.append.begin() + static_cast<std::ptrdiff_t>(appended));
  }

  void discard(Index index) {
    std::erase_if(durable.entries, [&](const Entry& entry) { return entry.at.index <= index; });
  }

  std::deque<Pending> pending_;
  std::string incoming_;
};

}  // namespace faultline::raft::testing
