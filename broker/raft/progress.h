// What a leader knows of one other node, and what it may send it next.
//
//   Probe         where the logs part is not known: one append at a time, until one is accepted
//   Replicate     known: appends follow each other without waiting, up to a window
//   Transferring  what it needs is no longer in the log: a snapshot, chunk by chunk
#pragma once

#include <cstdint>
#include <deque>
#include <variant>

#include "base/time.h"
#include "broker/raft/types.h"

namespace faultline::raft {

struct Probe {
  bool asked = false;  // an append is under way; the next heartbeat asks again
};

struct Replicate {
  std::deque<Index> inflight;  // last index of each append with entries that was not yet answered
};

struct Transferring {
  SnapshotMeta snapshot;
  std::uint64_t offset = 0;  // of the chunk to be sent, or under way
  bool asked = false;        // it is under way
  Time asked_at{};
};

struct Progress {
  Index match;  // durable there: the logs are the same up to here
  Index next;   // the next entry to send; match < next
  Index commit_sent;
  Time heard{};  // the last answer in this term
  std::uint64_t read_round = 0;
  std::variant<Probe, Replicate, Transferring> state;
};

}  // namespace faultline::raft
