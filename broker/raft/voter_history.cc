#include "broker/raft/voter_history.h"

#include "base/check.h"

namespace faultline::raft {

const VoterSet& VoterHistory::at(Index index) const {
  ENSURE(changes_.front().index <= index);
  auto it = changes_.end();
  do {
    --it;
  } while (it->index > index);
  return it->voters;
}

bool VoterHistory::named_since(Index index, const ReplicaKey& key) const {
  for (auto it = changes_.rbegin(); it != changes_.rend(); ++it) {
    if (it->voters.contains(key)) return true;
    if (it->index <= index) return false;
  }
  return false;
}

void VoterHistory::truncate_to(Index index) {
  while (changes_.size() > 1 && changes_.back().index > index) changes_.pop_back();
}

void VoterHistory::discard_to(Index index) {
  while (changes_.size() > 1 && changes_[1].index <= index) changes_.erase(changes_.begin());
}

}  // namespace faultline::raft
