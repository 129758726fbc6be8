// TailCache: the newest batches of a partition, kept in memory as they were received.
//
// Most consumers read what was just written. They get the very bytes that came from the producer and went to the disk: no read, no
// copy, no checksum. Bounded by bytes; the oldest batch goes first. A Slice keeps the whole buffer it was received in alive, so
// the true use of memory can be that of the requests the batches came in.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/slice.h"

namespace faultline {

/// What a read gives: whole batches, one after the other.
struct ReadResult {
  std::vector<Slice> batches;    // the first holds the offset that was asked for
  std::size_t bytes = 0;         // of all of them
  std::int64_t next_offset = 0;  // where to go on; the offset asked for if there are none
};

/// What a read may give.
struct ReadLimits {
  std::int64_t upper_bound = 0;  // only batches that end at or before it
  std::size_t max_bytes = 0;
  bool min_one_batch = true;  // the first batch even if it is larger than max_bytes
};

class TailCache {
 public:
  explicit TailCache(std::size_t bytes_max) : bytes_max_(bytes_max) {}

  /// Requires: base_offset is the end of what was added before, unless the cache is empty.
  void add(std::int64_t base_offset, std::int64_t next_offset, Slice batch);
  /// Forgets batches that end after `end_offset`.
  void truncate_from(std::int64_t end_offset);
  void clear();

  /// Whether the batch that holds `offset` is here.
  bool holds(std::int64_t offset) const;
  /// Where the newest batch ends; nothing if there is none.
  std::optional<std::int64_t> end() const { return entries_.empty() ? std::nullopt : std::optional(entries_.back().next_offset); }
  /// Requires: holds(offset).
  ReadResult read(std::int64_t offset, const ReadLimits& limits) const;
  /// Bytes of the batches from the one that holds `offset` up to the one that ends at or before `end`. Requires: holds(offset).
  std::uint64_t bytes_between(std::int64_t offset, std::int64_t end) const;
  std::size_t bytes() const { return bytes_; }
  void set_limit(std::size_t bytes_max);

 private:
  struct Entry {
    std::int64_t base_offset;
    std::int64_t next_offset;
    std::uint64_t bytes_before;  // running total of all that was ever added in front of it
    Slice batch;
  };
  std::deque<Entry>::const_iterator find(std::int64_t offset) const;
  void shrink();

  std::size_t bytes_max_;
  std::deque<Entry> entries_;
  std::size_t bytes_ = 0;
  std::uint64_t bytes_added_ = 0;
};

}  // namespace faultline
