// The shortest cycle whose first edge is of one set of kinds and whose others are of another, by breadth-first searches.
//
// Edges out of relays have no length. A first round gives every start a few steps only: most cycles are short, and knowing one
// bounds the depth of the second round, which searches all starts. Both rounds stop at a limit of edges visited, so that the work is
// bounded and the same on every machine.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "checkers/transactions/dependency_graph.h"

namespace faultline::transactions {

struct CycleQuery {
  const DependencyGraph& graph;
  std::span<const std::uint32_t> label;  // edges between nodes of different labels do not count
  std::uint32_t first_relay = 0;         // nodes from here on are relays
  KindSet first = 0;
  KindSet rest = 0;
  std::uint32_t shortest_possible = 2;
  std::uint64_t edges_max = 0;
  const std::function<bool()>* out_of_budget = nullptr;
};

class ShortestCycle {
 public:
  /// A step of a path: a node that is no relay and the kind of the edge by which it is left.
  struct Step {
    std::uint32_t node = 0;
    EdgeKind edge = EdgeKind::ww;
  };

  /// A shortest cycle through one of `starts`, beginning there; empty if there is none, or none was found within the limit.
  std::vector<Step> find(const CycleQuery& query, std::span<const std::uint32_t> starts);
  /// Whether the last find() had visited all that it had to.
  bool exhaustive() const { return exhaustive_; }

 private:
  struct Reached {
    std::uint32_t node;
    std::uint32_t from;  // what led to it, as an index into reached_; no_node: the start
    EdgeKind edge;
  };
  enum class Search : std::uint8_t { found, none, gave_up };

  Search search(const CycleQuery& query, std::uint32_t start, std::uint32_t longest, std::uint64_t edges_max);
  void reach(const CycleQuery& query, std::uint32_t from, KindSet kinds, bool later);
  std::vector<Step> path(const CycleQuery& query) const;

  std::vector<bool> done_;           // per node: a start that has been searched to the end
  std::vector<std::uint32_t> seen_;  // per node: the search that last reached it
  std::uint32_t searches_ = 0;
  std::vector<Reached> reached_;      // everything reached in this search
  std::vector<std::uint32_t> level_;  // indices into reached_ at the current distance, and at the next
  std::vector<std::uint32_t> next_;
  std::uint32_t goal_ = 0;  // where in reached_ the start was reached again
  std::uint64_t visited_ = 0;
  bool exhaustive_ = true;
};

}  // namespace faultline::transactions
