// What nodes of a quorum say to each other. Plain structs; how they are put on a wire is the driver's business.
//
// Push, not pull: the leader sends entries as it gets them, several messages deep. Any message may be lost, repeated, reordered or
// late; none is waited for. Every message names sender and receiver with their directories, and a receiver drops what was meant for
// another directory: promises are asked of, and given by, a directory.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "broker/raft/types.h"

namespace faultline::raft {

enum class VoteKind : std::uint8_t {
  pre,   // "would you vote for me?": changes nothing at the one who is asked (KIP-996; thesis 9.6). term: the sender's own
  real,  // section 5.2 of the paper. term: the one the sender wants to lead
};

struct VoteRequest {
  VoteKind kind = VoteKind::real;
  Position last;  // of the candidate's log
};

struct VoteReply {
  VoteKind kind = VoteKind::real;
  bool granted = false;
  std::optional<ReplicaKey> leader;  // whom the voter hears in this term, if it does
};

struct AppendRequest {
  Position previous;             // the entry right before the first one; the receiver must have it
  std::vector<Entry> entries;    // consecutive; none: a heartbeat
  Index commit;                  // of the leader; may be beyond the entries
  std::uint64_t read_round = 0;  // echoed in the reply, by which a leader learns that it still was one
};

/// The entries match, or are in the log now.
struct AppendAccepted {
  Index received;  // the logs of sender and receiver are the same up to here
  Index durable;   // <= received: this much was synced; only this counts for a commit
  std::uint64_t read_round = 0;
};

/// The receiver does not have `previous`.
struct AppendRejected {
  Index previous;  // of the request
  Position hint;   // its last entry that is not behind `previous` in index or in term: the logs cannot match above it
  std::uint64_t read_round = 0;
};

/// A piece of a snapshot. The leader's driver fills in `data`.
struct SnapshotChunk {
  SnapshotMeta snapshot;
  std::uint64_t offset = 0;
  Slice data;
  std::uint64_t read_round = 0;
};

/// How much of the snapshot has arrived. When all of it is installed and durable, AppendAccepted says so.
struct SnapshotProgress {
  Position snapshot;
  std::uint64_t received_bytes = 0;
  std::uint64_t read_round = 0;
};

/// The leader asks the receiver to stand for election at once (thesis 3.10).
struct TimeoutNow {};

/// "Serve me": from an observer, or from any node that does not hear its leader, to whom it believes to lead.
struct Observe {
  Position last;
};

/// The answer of one who does not lead, or its farewell to observers when it does no longer.
struct LeaderHint {
  std::optional<ReplicaKey> leader;
};

using MessageBody = std::variant<VoteRequest, VoteReply, AppendRequest, AppendAccepted, AppendRejected, SnapshotChunk,
                                 SnapshotProgress, TimeoutNow, Observe, LeaderHint>;

struct Message {
  ReplicaKey from;
  ReplicaKey to;  // its directory may be unknown in Observe
  Term term;      // the sender's
  MessageBody body;
};

/// One line, for traces and golden files.
std::string to_string(const Message& message);

}  // namespace faultline::raft
