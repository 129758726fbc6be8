#include "checkers/quorum_invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace faultline::checkers {

namespace {

template <class... Args>
void add(std::vector<Finding>& findings, std::string_view name, fmt::format_string<Args...> text, Args&&... args) {
  findings.push_back({.anomaly = std::string(name), .text = fmt::format(text, std::forward<Args>(args)...)});
}

// From the last entry on which both logs agree by index and term, everything before must agree as well.
void match_logs(const QuorumSnapshot& a, const QuorumSnapshot& b, std::vector<Finding>& findings) {
  const std::int64_t low = std::max(a.first_index, b.first_index);
  bool same_from_here = false;
  for (std::int64_t index = std::min(a.last_index(), b.last_index()); index >= low; --index) {
    same_from_here = same_from_here || a.at(index).term == b.at(index).term;
    if (!same_from_here || a.at(index) == b.at(index)) continue;
    add(findings, anomaly::logs_do_not_match,
        "entry {} is of term {} (digest {:x}) on node {} and of term {} (digest {:x}) on node {}, though a later one of both is "
        "of "
        "one term",
        index, a.at(index).term, a.at(index).digest, a.node, b.at(index).term, b.at(index).digest, b.node);
    return;
  }
}

void compare_committed(const QuorumSnapshot& a, const QuorumSnapshot& b, std::vector<Finding>& findings) {
  const std::int64_t end = std::min({a.commit_index, b.commit_index, a.last_index(), b.last_index()});
  for (std::int64_t index = std::max(a.first_index, b.first_index); index <= end; ++index) {
    if (a.at(index) == b.at(index)) continue;
    add(findings, anomaly::committed_differs,
        "node {} and node {} both hold entry {} for committed, of term {} (digest {:x}) and of term {} (digest {:x})", a.node,
        b.node, index, a.at(index).term, a.at(index).digest, b.at(index).term, b.at(index).digest);
    return;
  }
}

void check_completeness(const QuorumSnapshot& leader, const QuorumSnapshot& other, std::vector<Finding>& findings) {
  if (!leader.leader || other.term > leader.term) return;
  for (std::int64_t index = std::max(leader.first_index, other.first_index); index <= other.commit_index; ++index) {
    if (!other.has(index) || (leader.has(index) && leader.at(index) == other.at(index))) continue;
    add(findings, anomaly::leader_lacks_committed,
        "node {}, leader of term {}, does not have entry {} of term {}, which node {} holds for committed", leader.node,
        leader.term, index, other.at(index).term, other.node);
    return;
  }
}

}  // namespace

std::vector<Finding> check_quorum(std::span<const QuorumSnapshot> nodes) {
  std::vector<Finding> findings;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (std::size_t j = 0; j < nodes.size(); ++j) {
      if (i == j) continue;
      check_completeness(nodes[i], nodes[j], findings);
      if (i > j) continue;
      match_logs(nodes[i], nodes[j], findings);
      compare_committed(nodes[i], nodes[j], findings);
    }
  }
  return findings;
}

std::vector<Finding> check_quorum_progress(const QuorumSnapshot& before, const QuorumSnapshot& after) {
  ENSURE(before.node == after.node);
  std::vector<Finding> findings;
  if (after.term < before.term) {
    add(findings, anomaly::term_went_back, "the term of node {} went from {} to {}", after.node, before.term, after.term);
  }
  if (after.incarnation == before.incarnation && after.commit_index < before.commit_index) {
    add(findings, anomaly::commit_index_went_back, "the commit index of node {} went from {} to {}", after.node,
        before.commit_index, after.commit_index);
  }
  const std::int64_t end = std::min(before.commit_index, before.last_index());
  for (std::int64_t index = std::max(before.first_index, after.first_index); index <= end; ++index) {
    if (after.has(index) && after.at(index) == before.at(index)) continue;
    add(findings, anomaly::committed_changed, "entry {} of node {}, of term {} and committed, is {}", index, after.node,
        before.at(index).term, after.has(index) ? "another one now" : "gone");
    break;
  }
  return findings;
}

std::vector<Finding> ElectionWatch::observe(const QuorumSnapshot& node) {
  std::vector<Finding> findings;
  if (!node.leader) return findings;
  const auto [entry, first] = leaders_.try_emplace(node.term, node.node);
  if (entry->second != node.node) {
    add(findings, anomaly::two_leaders_in_term, "node {} and node {} both led term {}", entry->second, node.node, node.term);
  }
  return findings;
}

bool ElectionWatch::knows(std::int32_t node, std::int64_t term) const {
  const auto leader = leaders_.find(term);
  return leader != leaders_.end() && leader->second == node;
}

}  // namespace faultline::checkers
