// From a graph of dependencies to the cycles in it.
//
// A valid history has none, and most of an invalid one takes no part in any: nodes that nothing leads to are taken away until none is
// left (Kahn 1962). What remains is split into strongly connected components, and each is searched on its own.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "checkers/transactions/component_search.h"
#include "checkers/transactions/versions.h"

namespace faultline::transactions {

struct CyclesResult {
  std::vector<ComponentCycle> cycles;  // in the order of the components' first transactions
  std::uint32_t undecided = 0;         // components in which a limit was met
  bool stopped = false;                // out of budget
};

/// Adds the edges of the strongest order that is wanted among transactions that took effect.
void add_order_edges(const TransactionHistory& history, const Effective& effective, OrderKind order, EdgeList& edges);

/// The cycles of `graph`. `data_nodes`: how many nodes it had before add_order_edges.
CyclesResult find_cycles(const TransactionHistory& history, const DependencyGraph& graph, std::uint32_t data_nodes,
                         const ComponentSearch::Options& options);

}  // namespace faultline::transactions
