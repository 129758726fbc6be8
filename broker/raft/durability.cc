#include "broker/raft/durability.h"

#include <algorithm>

#include "base/check.h"

namespace faultline::raft {

void Durability::appended(Index first, Index last, std::uint64_t sequence) {
  ENSURE(first == next_after(end_));
  pending_.push_back({first, last, sequence});
  end_ = last;
}

void Durability::truncated_to(Index index) {
  while (!pending_.empty() && pending_.back().first > index) pending_.pop_back();
  if (!pending_.empty()) pending_.back().last = std::min(pending_.back().last, index);
  end_ = std::min(end_, index);
}

void Durability::installed(Index valid, Index last, bool keep_log, std::uint64_t sequence) {
  const Index sound = std::min(valid, log_end());
  if (!keep_log) {
    pending_.clear();
    end_ = last;
  }
  while (!pending_.empty() && pending_.front().last <= last) pending_.pop_front();
  if (!pending_.empty()) pending_.front().first = std::max(pending_.front().first, next_after(last));
  if (sound < last) pending_.push_front({next_after(sound), last, sequence});
}

void Durability::persisted(std::uint64_t sequence) {
  ENSURE(sequence <= issued_);
  persisted_ = std::max(persisted_, sequence);
  while (!pending_.empty() && pending_.front().sequence <= persisted_) pending_.pop_front();
}

}  // namespace faultline::raft
