// The two sparse indexes of a segment, in memory: from an offset, and from a timestamp, to a place a little before it.
//
// An entry is kept for every so many bytes of log, not for every batch; from its position a reader walks over batch headers. Both
// are rebuilt from the segment itself when it is opened, so a wrong index cannot outlive a restart, and a reader checks the base
// offset of what it finds. When a segment is sealed its indexes are thinned: old data is read in long runs, where a walk of
// some tens of KiB before the first batch does not matter, and a terabyte of log then costs megabytes of memory, not gigabytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace faultline {

/// The sparse index of one segment, for offsets and for timestamps. Batches are added in order.
class SparseIndex {
 public:
  struct Entry {
    std::int64_t offset = 0;                    // base offset of a batch
    std::uint64_t position = 0;                 // where that batch starts in the file
    std::int64_t newest_before = no_timestamp;  // the newest timestamp of all batches in front of it
  };
  static constexpr std::int64_t no_timestamp = -1;

  explicit SparseIndex(std::uint64_t interval_bytes) : interval_bytes_(interval_bytes) {}

  /// Tells of the batch at `position`.
  void add(std::int64_t base_offset, std::uint64_t position, std::int64_t max_timestamp);
  /// Forgets everything.
  void clear();
  /// Keeps about one entry for every `interval_bytes`.
  void thin(std::uint64_t interval_bytes);

  /// The last entry at or before `offset`, or nullptr: start at the segment's beginning.
  const Entry* at_or_before(std::int64_t offset) const;
  /// The last entry in front of which every batch is older than `timestamp`, or nullptr.
  const Entry* before_timestamp(std::int64_t timestamp) const;

  /// The newest timestamp of all, and the base offset of the first batch that has it.
  std::int64_t max_timestamp() const { return max_timestamp_; }
  std::int64_t max_timestamp_offset() const { return max_timestamp_offset_; }
  std::size_t size() const { return entries_.size(); }
  /// Whether the newest entries grow and lie below `position`, where the segment ends. Entries are only added, so that one in the wrong
  /// place was the newest at some time.
  bool ends_below(std::uint64_t position) const;

 private:
  std::uint64_t interval_bytes_;
  std::vector<Entry> entries_;
  std::int64_t max_timestamp_ = no_timestamp;
  std::int64_t max_timestamp_offset_ = 0;
};

}  // namespace faultline
