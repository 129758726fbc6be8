// White-box invariants of a quorum that keeps one log by Raft (Ongaro 2014, figure 3.2): of one moment, and between two.
//
// A snapshot holds plain numbers that a node has at hand; the digest of an entry is whatever tells one entry from another. Entries
// below a node's log start are in its snapshot of the state machine and are not compared.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "checkers/verdict.h"

namespace faultline::checkers {

namespace anomaly {
inline constexpr std::string_view two_leaders_in_term = "two-leaders-in-term";
inline constexpr std::string_view logs_do_not_match = "logs-do-not-match";
inline constexpr std::string_view leader_lacks_committed = "leader-lacks-committed";
inline constexpr std::string_view committed_differs = "committed-differs";
inline constexpr std::string_view term_went_back = "term-went-back";
inline constexpr std::string_view commit_index_went_back = "commit-index-went-back";
inline constexpr std::string_view committed_changed = "committed-changed";
}  // namespace anomaly

struct EntrySnapshot {
  std::int64_t term = 0;
  std::uint64_t digest = 0;

  bool operator==(const EntrySnapshot&) const = default;
};

/// One voter or observer at one moment.
struct QuorumSnapshot {
  std::int32_t node = 0;
  std::uint64_t incarnation = 0;  // grows when the node restarts
  std::int64_t term = 0;
  bool leader = false;
  std::int64_t first_index = 1;        // of entries.front()
  std::int64_t commit_index = 0;       // of the last committed entry
  std::vector<EntrySnapshot> entries;  // by index, without gaps

  std::int64_t last_index() const { return first_index + static_cast<std::int64_t>(entries.size()) - 1; }
  bool has(std::int64_t index) const { return index >= first_index && index <= last_index(); }
  const EntrySnapshot& at(std::int64_t index) const { return entries[static_cast<std::size_t>(index - first_index)]; }
};

/// Invariants of one moment: two logs with an entry of one index and term agree on all before it (log matching); what two nodes hold
/// for committed is the same (state machine safety); a leader has all that nodes of no later term hold for committed (leader completeness).
std::vector<Finding> check_quorum(std::span<const QuorumSnapshot> nodes);

/// Invariants between two moments of one node: the term never goes back, not even over a restart; the commit index does not in one
/// incarnation; what was committed stays as it was.
///
/// Requires: the same node; `before` was taken first.
std::vector<Finding> check_quorum_progress(const QuorumSnapshot& before, const QuorumSnapshot& after);

/// Election safety over a whole run: a term has one leader.
class ElectionWatch {
 public:
  std::vector<Finding> observe(const QuorumSnapshot& node);
  /// Whether that node is known to lead that term.
  bool knows(std::int32_t node, std::int64_t term) const;

 private:
  std::map<std::int64_t, std::int32_t> leaders_;  // by term
};

}  // namespace faultline::checkers
