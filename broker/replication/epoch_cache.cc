#include "broker/replication/epoch_cache.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace faultline::replication {

bool EpochCache::assign(std::int32_t epoch, std::int64_t start_offset) {
  if (!entries_.empty() && epoch <= entries_.back().epoch) return false;
  truncate_from(start_offset + 1);
  entries_.push_back({epoch, start_offset});
  return true;
}

void EpochCache::truncate_from(std::int64_t end_offset) {
  while (!entries_.empty() && entries_.back().start_offset >= end_offset) entries_.pop_back();
}

void EpochCache::clamp_to(std::int64_t end_offset) {
  for (EpochStart& entry : entries_) entry.start_offset = std::min(entry.start_offset, end_offset);
}

void EpochCache::drop_before(std::int64_t log_start) {
  const auto first_kept = std::find_if(entries_.begin(), entries_.end(), [&](const EpochStart& entry) {
    const EpochStart* next = &entry + 1;
    return next == entries_.data() + entries_.size() || next->start_offset > log_start;
  });
  entries_.erase(entries_.begin(), first_kept);
  if (!entries_.empty()) entries_.front().start_offset = std::max(entries_.front().start_offset, log_start);
}

void EpochCache::merge_noted(const EpochCache& noted, std::int64_t log_end) {
  // Of two entries for one epoch std::merge puts ours first.
  std::vector<EpochStart> both;
  std::merge(entries_.begin(), entries_.end(), noted.entries_.begin(), noted.entries_.end(), std::back_inserter(both),
             [](const EpochStart& a, const EpochStart& b) { return a.epoch < b.epoch; });
  const EpochCache read = std::exchange(*this, EpochCache());
  for (const EpochStart& entry : both) {
    const bool grows =
        entries_.empty() || (entry.epoch > entries_.back().epoch && entry.start_offset >= entries_.back().start_offset);
    const bool claims = entry.start_offset < log_end && entry.epoch > read.epoch_at(entry.start_offset).value_or(entry.epoch);
    if (grows && !claims) entries_.push_back(entry);
  }
}

std::optional<std::int32_t> EpochCache::latest() const {
  if (entries_.empty()) return std::nullopt;
  return entries_.back().epoch;
}

std::optional<std::int32_t> EpochCache::epoch_at(std::int64_t offset) const {
  const auto after = std::upper_bound(entries_.begin(), entries_.end(), offset,
                                      [](std::int64_t wanted, const EpochStart& entry) { return wanted < entry.start_offset; });
  if (after == entries_.begin()) return std::nullopt;
  return std::prev(after)->epoch;
}

EpochEnd EpochCache::end_offset_for(std::int32_t asked, std::int64_t log_end) const {
  if (asked < 0 || entries_.empty() || asked > entries_.back().epoch) return {};
  if (asked == entries_.back().epoch) return {asked, log_end};
  const auto next = std::find_if(entries_.begin(), entries_.end(), [&](const EpochStart& entry) { return entry.epoch > asked; });
  if (next == entries_.begin()) return {asked, next->start_offset};
  return {std::prev(next)->epoch, next->start_offset};
}

}  // namespace faultline::replication
