// What a node knows only in one role. A leader's fields do not exist in a follower.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "broker/raft/messages.h"
#include "broker/raft/progress.h"
#include "broker/raft/types.h"

namespace faultline::raft {

/// A snapshot on its way here.
struct Incoming {
  SnapshotMeta snapshot;
  std::uint64_t received_bytes = 0;
};

/// Follows, or waits for somebody to follow. One who is no voter (an observer) is a follower for ever.
struct Follower {
  std::optional<ReplicaKey> leader;     // of this term, heard from itself
  Time heard{};                         // when it was, last
  Time deadline{};                      // by then it must have been heard again, or somebody is asked
  Index received;                       // the log is the leader's up to here
  Index acknowledged;                   // what the leader was last told to be durable
  bool owes_answer = false;             // an append that could not be answered, as the term is not durable yet
  std::uint64_t read_round = 0;         // of the last append
  std::optional<ReplicaKey> owed_vote;  // granted, not durable yet
  std::optional<Incoming> incoming;
};

struct Candidate {
  VoteKind kind = VoteKind::pre;
  bool asked = false;  // real votes are asked for when the own one is durable
  std::set<ReplicaKey> granted;
  Time deadline{};
};

struct Transfer {
  ReplicaKey target;
  bool told = false;  // TimeoutNow was sent
  Time deadline{};    // then it has failed, and the leader goes on
};

/// Reads that wait. One round is under way at a time; those that come meanwhile share the next one (thesis 6.4).
struct PendingReads {
  std::vector<std::uint64_t> waiting;
  std::vector<std::uint64_t> in_round;
  Index index;  // of the round
};

struct Leader {
  Index first;  // this term's first entry
  std::map<ReplicaKey, Progress> peers;
  Time heartbeat_at{};
  std::optional<Transfer> transfer;
  PendingReads reads;
  std::uint64_t read_round = 0;
};

using Role = std::variant<Follower, Candidate, Leader>;

}  // namespace faultline::raft
