#include "checkers/transactions/cycles.h"

#include <algorithm>
#include <map>

#include "base/check.h"

namespace faultline::transactions {

using checkers::Outcome;

namespace {

// The events of the history in their order, in which those of transactions without effect are left empty.
std::vector<std::uint32_t> events_of(const TransactionHistory& history, const Effective& effective) {
  std::vector<std::uint32_t> events(history.event_count, no_node);
  for (std::uint32_t t = 0; t < history.transactions.size(); ++t) {
    const Transaction& transaction = history.transactions[t];
    if (!effective[t]) continue;
    ENSURE(transaction.invoke_index < events.size());
    events[transaction.invoke_index] = t;
    if (transaction.outcome != Outcome::ok) continue;
    ENSURE(transaction.completion_index < events.size());
    events[transaction.completion_index] = t;
  }
  return events;
}

std::vector<bool> on_cycles_or_after(const DependencyGraph& graph) {
  std::vector<std::uint32_t> incoming(graph.node_count(), 0);
  for (std::size_t i = 0; i < graph.edge_count(); ++i) ++incoming[graph.edge(i).target()];
  std::vector<bool> left(graph.node_count(), true);
  std::vector<std::uint32_t> ready;
  // Roots are taken in their order and what they free right after them: the working set stays near one place of the history.
  for (std::uint32_t root = 0; root < graph.node_count(); ++root) {
    if (incoming[root] != 0 || !left[root]) continue;
    ready.push_back(root);
    while (!ready.empty()) {
      const std::uint32_t node = ready.back();
      ready.pop_back();
      left[node] = false;
      for (const Edge edge : graph.edges_of(node)) {
        if (--incoming[edge.target()] == 0) ready.push_back(edge.target());
      }
    }
  }
  return left;
}

}  // namespace

void add_order_edges(const TransactionHistory& history, const Effective& effective, OrderKind order, EdgeList& edges) {
  if (order == OrderKind::none) return;
  const bool by_process = order == OrderKind::process || !history.has_realtime;
  const EdgeKind kind = by_process ? EdgeKind::process : EdgeKind::realtime;
  const std::vector<std::uint32_t> events = events_of(history, effective);
  std::map<std::int32_t, OrderChain> chains;
  OrderChain everybody(edges, kind);
  for (std::uint32_t i = 0; i < events.size(); ++i) {
    if (events[i] == no_node) continue;
    const Transaction& transaction = history.transactions[events[i]];
    OrderChain& chain = by_process ? chains.try_emplace(transaction.process, edges, kind).first->second : everybody;
    if (i == transaction.invoke_index) {
      chain.began(events[i]);
    } else {
      chain.ended(events[i]);
    }
  }
}

CyclesResult find_cycles(const TransactionHistory& history, const DependencyGraph& graph, std::uint32_t data_nodes,
                         const ComponentSearch::Options& options) {
  CyclesResult result;
  const std::vector<bool> left = on_cycles_or_after(graph);
  if (std::find(left.begin(), left.end(), true) == left.end()) return result;
  std::vector<std::uint32_t> component;
  ComponentsWork work;
  const std::uint32_t count = find_components(
      graph, component, work, [&](std::uint32_t node) { return left[node]; }, [](std::uint32_t, Edge) { return true; });

  std::vector<std::uint32_t> size(count, 0);
  for (const std::uint32_t c : component) {
    if (c != no_node) ++size[c];
  }
  // Members in ascending order, components in the order of their first members.
  constexpr std::uint32_t not_placed = no_node;
  std::vector<std::size_t> place(count, 0);
  std::vector<std::uint32_t> rank(count, not_placed);
  std::vector<std::size_t> starts{0};
  for (const std::uint32_t c : component) {
    if (c == no_node || size[c] < 2 || rank[c] != not_placed) continue;
    rank[c] = static_cast<std::uint32_t>(starts.size()) - 1;
    place[c] = starts.back();
    starts.push_back(starts.back() + size[c]);
  }
  std::vector<std::uint32_t> members(starts.back());
  for (std::uint32_t node = 0; node < component.size(); ++node) {
    if (component[node] != no_node && size[component[node]] > 1) members[place[component[node]]++] = node;
  }

  ComponentSearch search(history, graph, data_nodes, options);
  for (std::size_t i = 0; i + 1 < starts.size(); ++i) {
    if (options.out_of_budget != nullptr && *options.out_of_budget && (*options.out_of_budget)()) {
      result.stopped = true;
      return result;
    }
    auto cycles = search.run(std::span(members).subspan(starts[i], starts[i + 1] - starts[i]));
    std::move(cycles.begin(), cycles.end(), std::back_inserter(result.cycles));
    if (search.undecided()) ++result.undecided;
  }
  return result;
}

}  // namespace faultline::transactions
