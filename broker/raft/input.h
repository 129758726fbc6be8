// What can happen to a core. Each is one step.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "broker/raft/messages.h"
#include "broker/raft/types.h"

namespace faultline::raft {

/// Time has passed; due when next_deadline() is reached.
struct Tick {};

/// A message has arrived.
struct Received {
  Message message;
};

/// All writes up to and including `sequence` (Writes::sequence) are durable: a sync succeeded that was issued after they had completed.
struct Persisted {
  std::uint64_t sequence = 0;
};

/// Commands to append, in this order. Outcome: Effects::proposal. Batching is the caller's: all of them share messages and syncs.
struct Propose {
  std::vector<Slice> commands;
};

/// The driver has written a snapshot, and it is durable. Requires: snapshot == describe_snapshot(index, size) at an index that the driver
/// applied and that is durable here. Entries up to `discard_to` (<= snapshot.last.index) leave memory and log; what is behind it stays for
/// followers that are slower.
struct SnapshotTaken {
  SnapshotMeta snapshot;
  Index discard_to;
};

/// Makes an observer that has caught up a voter. Outcome: Effects::proposal.
struct AddVoter {
  Voter voter;
};

/// Outcome: Effects::proposal. A leader that removes itself leads until the change is committed.
struct RemoveVoter {
  ReplicaKey voter;
};

/// Hands leadership to `target`, or to whoever has most of the log. Outcome: Effects::proposal says only whether it was begun.
struct TransferLeadership {
  std::optional<ReplicaKey> target;
};

/// Asks up to where the log must be applied for a read that sees everything committed before now. Outcome: Effects::reads, some steps
/// later.
struct ReadIndex {
  std::uint64_t id = 0;  // the caller's
};

using Input =
    std::variant<Tick, Received, Persisted, Propose, SnapshotTaken, AddVoter, RemoveVoter, TransferLeadership, ReadIndex>;

}  // namespace faultline::raft
