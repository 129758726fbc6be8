// What of the core's state is on the disk for sure. The driver writes and syncs in the background, and tells a sequence number.
//
// The log's durable part ends before the first entry whose write is not known to be covered by a sync; ranges stand in the order of the
// log, not of the writes, since an installed snapshot may be written after entries that are behind it.
#pragma once

#include <cstdint>
#include <deque>

#include "broker/raft/types.h"

namespace faultline::raft {

class Durability {
 public:
  /// Everything up to `end` is durable at the start.
  explicit Durability(Index end) : end_(end) {}

  /// The number for the writes of the current step.
  std::uint64_t begin_write() { return ++issued_; }
  void hard_state_written(std::uint64_t sequence) { hard_state_ = sequence; }
  void appended(Index first, Index last, std::uint64_t sequence);
  void truncated_to(Index index);
  /// A snapshot up to `last` replaces entries; those up to `valid` were there before and stay true.
  void installed(Index valid, Index last, bool keep_log, std::uint64_t sequence);

  /// Requires: sequence was issued.
  void persisted(std::uint64_t sequence);

  bool hard_state_durable() const { return hard_state_ <= persisted_; }
  /// Everything up to here is durable.
  Index log_end() const { return pending_.empty() ? end_ : before(pending_.front().first); }
  std::uint64_t issued() const { return issued_; }

 private:
  struct Range {
    Index first;
    Index last;
    std::uint64_t sequence;
  };

  Index end_;  // of the log, durable or not
  std::deque<Range> pending_;
  std::uint64_t issued_ = 0;
  std::uint64_t persisted_ = 0;
  std::uint64_t hard_state_ = 0;
};

}  // namespace faultline::raft
