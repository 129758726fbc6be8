#include "broker/log/tail_cache.h"

#include <algorithm>

namespace faultline {

void TailCache::add(std::int64_t base_offset, std::int64_t next_offset, Slice batch) {
  if (!entries_.empty()) ENSURE(entries_.back().next_offset == base_offset);
  bytes_ += batch.size();
  entries_.push_back({base_offset, next_offset, std::move(batch)});
  while (bytes_ > bytes_max_) {
    bytes_ -= entries_.front().batch.size();
    entries_.pop_front();
  }
}

void TailCache::truncate_from(std::int64_t end_offset) {
  while (!entries_.empty() && entries_.back().next_offset > end_offset) {
    bytes_ -= entries_.back().batch.size();
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

ReadResult TailCache::read(std::int64_t offset, const ReadLimits& limits) const {
  ENSURE(holds(offset));
  auto entry = std::upper_bound(entries_.begin(), entries_.end(), offset,
                                [](std::int64_t wanted, const Entry& candidate) { return wanted < candidate.next_offset; });
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
