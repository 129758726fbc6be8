#include "broker/log/sparse_index.h"

#include <algorithm>

namespace faultline {

void SparseIndex::add(std::int64_t base_offset, std::uint64_t position, std::int64_t max_timestamp) {
  if (entries_.empty() || position - entries_.back().position >= interval_bytes_) {
    entries_.push_back({base_offset, position, max_timestamp_});
  }
  if (max_timestamp > max_timestamp_) {
    max_timestamp_ = max_timestamp;
    max_timestamp_offset_ = base_offset;
  }
}

void SparseIndex::clear() {
  entries_.clear();
  max_timestamp_ = no_timestamp;
  max_timestamp_offset_ = 0;
}

void SparseIndex::thin(std::uint64_t interval_bytes) {
  interval_bytes_ = interval_bytes;
  std::vector<Entry> kept;
  for (const Entry& entry : entries_) {
    if (kept.empty() || entry.position - kept.back().position >= interval_bytes) kept.push_back(entry);
  }
  kept.shrink_to_fit();
  entries_ = std::move(kept);
}

const SparseIndex::Entry* SparseIndex::at_or_before(std::int64_t offset) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), offset,
                                      [](std::int64_t wanted, const Entry& entry) { return wanted < entry.offset; });
  return after == entries_.begin() ? nullptr : &*std::prev(after);
}

bool SparseIndex::ends_below(std::uint64_t position) const {
  if (entries_.empty()) return true;
  const Entry& newest = entries_.back();
  if (newest.position >= position) return false;
  if (entries_.size() == 1) return true;
  const Entry& before = entries_[entries_.size() - 2];
  return before.offset < newest.offset && before.position < newest.position && before.newest_before <= newest.newest_before;
}

const SparseIndex::Entry* SparseIndex::before_timestamp(std::int64_t timestamp) const {
  // newest_before never falls from one entry to the next.
  const auto after =
      std::partition_point(entries_.begin(), entries_.end(), [&](const Entry& entry) { return entry.newest_before < timestamp; });
  return after == entries_.begin() ? nullptr : &*std::prev(after);
}

}  // namespace faultline
