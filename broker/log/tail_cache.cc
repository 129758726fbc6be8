#include "broker/log/tail_cache.h"

#include <algorithm>

namespace faultline {

void TailCache::add(std::int64_t base_offset, std::int64_t next_offset, Slice batch) {
  if (!entries_.empty()) ENSURE(entries_.back().next_offset == base_offset);
  const std::size_t size = batch.size();
  entries_.push_back({base_offset, next_offset, bytes_added_, std::move(batch)});
  bytes_ += size;
  bytes_added_ += size;
  shrink();
}

void TailCache::shrink() {
  while (bytes_ > bytes_max_) {
    bytes_ -= entries_.front().batch.size();
    entries_.pop_front();
  }
}

void TailCache::set_limit(std::size_t bytes_max) {
  bytes_max_ = bytes_max;
  shrink();
}

void TailCache::truncate_from(std::int64_t end_offset) {
  while (!entries_.empty() && entries_.back().next_offset > end_offset) {
    bytes_ -= entries_.back().batch.size();
    bytes_added_ = entries_.back().bytes_before;
    entries_.pop_back();
  }
}

void TailCache::clear() {
  entries_.clear();
  bytes_ = 0;
}

bool TailCache::holds(std::int64_t offset) const {
  return !entries_.empty() && offset >= entries_.front().base_offset && offset < entries_.back().next_offset;
}

// The first entry that ends behind `offset`.
std::deque<TailCache::Entry>::const_iterator TailCache::find(std::int64_t offset) const {
  return std::upper_bound(entries_.begin(), entries_.end(), offset,
                          [](std::int64_t wanted, const Entry& entry) { return wanted < entry.next_offset; });
}

std::uint64_t TailCache::bytes_between(std::int64_t offset, std::int64_t end) const {
  ENSURE(holds(offset));
  const auto behind = find(end);
  const std::uint64_t total = behind == entries_.end() ? bytes_added_ : behind->bytes_before;
  return total - std::min(total, find(offset)->bytes_before);
}

ReadResult TailCache::read(std::int64_t offset, const ReadLimits& limits) const {
  ENSURE(holds(offset));
  auto entry = find(offset);
  ReadResult result;
  result.next_offset = offset;
  for (; entry != entries_.end() && entry->next_offset <= limits.upper_bound; ++entry) {
    const bool allowed_anyway = result.batches.empty() && limits.min_one_batch;
    if (entry->batch.size() > limits.max_bytes - std::min(result.bytes, limits.max_bytes) && !allowed_anyway) break;
    result.batches.push_back(entry->batch);
    result.bytes += entry->batch.size();
    result.next_offset = entry->next_offset;
  }
  return result;
}

}  // namespace faultline
