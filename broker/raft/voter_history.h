// Which voters were in force where. A change counts from the entry that holds it, committed or not (thesis 4.1); when that entry is
// truncated, the set before it is in force again.
#pragma once

#include <vector>

#include "broker/raft/types.h"

namespace faultline::raft {

class VoterHistory {
 public:
  VoterHistory() = default;
  /// In force from `base` on.
  VoterHistory(Index base, VoterSet voters) : changes_{{base, std::move(voters)}} {}

  const VoterSet& current() const { return changes_.back().voters; }
  /// The entry from which current() is in force.
  Index changed_at() const { return changes_.back().index; }
  /// Requires: index is not before the base.
  const VoterSet& at(Index index) const;

  /// Whether `key` votes in the set in force at `index`, or in any later one.
  bool named_since(Index index, const ReplicaKey& key) const;

  void changed(Index index, VoterSet voters) { changes_.push_back({index, std::move(voters)}); }
  void truncate_to(Index index);
  /// Forgets what was in force only before `index`.
  void discard_to(Index index);

 private:
  struct Change {
    Index index;
    VoterSet voters;
  };
  std::vector<Change> changes_{{Index(), VoterSet()}};  // at least one
};

}  // namespace faultline::raft
