// A deque: appended and truncated at one end, discarded at the other.
#include "broker/raft/log.h"

#include <algorithm>

#include "base/check.h"

namespace faultline::raft {

Log::Log(Position base, std::vector<Entry> entries) : base_(base) {
  for (Entry& entry : entries) append(std::move(entry));
}

std::optional<Term> Log::term_at(Index index) const {
  if (index == base_.index) return base_.term;
  if (index < base_.index || index > last().index) return std::nullopt;
  return at(index).at.term;
}

const Entry& Log::at(Index index) const {
  ENSURE(index > base_.index);
  ENSURE(index <= last().index);
  return entries_[static_cast<std::size_t>(index - base_.index - 1)];
}

Position Log::last_not_after(const Position& bound) const {
  // Terms do not fall along the log, so both bounds cut off a tail.
  const auto in_term =
      std::ranges::upper_bound(entries_, bound.term, {}, [](const Entry& entry) { return entry.at.term; }) - entries_.begin();
  const auto in_index = std::clamp<std::int64_t>(bound.index - base_.index, 0, static_cast<std::int64_t>(entries_.size()));
  const auto count = std::min<std::int64_t>(in_term, in_index);
  return count == 0 ? base_ : entries_[static_cast<std::size_t>(count - 1)].at;
}

std::vector<Entry> Log::read(Index first, Index last, std::size_t max_bytes) const {
  std::vector<Entry> result;
  std::size_t bytes = 0;
  for (Index index = first; index <= last; ++index) {
    const Entry& entry = at(index);
    bytes += entry.size_bytes();
    if (!result.empty() && bytes > max_bytes) break;
    result.push_back(entry);
  }
  return result;
}

void Log::append(Entry entry) {
  ENSURE(entry.at.index == next_after(last().index));
  ENSURE(entry.at.term >= last().term);
  entries_.push_back(std::move(entry));
}

void Log::truncate_to(Index index) {
  ENSURE(index >= base_.index);
  while (last().index > index) entries_.pop_back();
}

void Log::discard_to(Index index) {
  ENSURE(index <= last().index);
  while (base_.index < index) {
    base_ = entries_.front().at;
    entries_.pop_front();
  }
}

void Log::reset(Position base) {
  entries_.clear();
  base_ = base;
}

}  // namespace faultline::raft
