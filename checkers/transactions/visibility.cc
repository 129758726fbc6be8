#include "checkers/transactions/visibility.h"

#include <algorithm>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checkers/transactions/components.h"
#include "checkers/transactions/cycle_kind.h"
#include "checkers/transactions/names.h"
#include "checkers/transactions/shortest_cycle.h"
#include "checkers/transactions/visibility_reads.h"

namespace faultline::transactions {

using checkers::Finding;
using checkers::FindingList;

namespace {

enum class Axiom : std::uint8_t { committed, atomic, causal };

constexpr std::uint64_t shortest_edges_max = 100'000'000;

class VisibilityCheck {
 public:
  VisibilityCheck(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads, FindingList& found)
      : history_(history), reads_(history, writes, reads), found_(found) {}

  bool can_check_causal() const { return reads_.causal_is_affordable(); }

  /// Returns whether it found a cycle.
  bool check(Axiom axiom, bool sessions, std::string_view name) {
    EdgeList edges(reads_.node_count());
    for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
      for (const OutsideRead& read : reads_.reads_of(t)) edges.add(read.writer, t, EdgeKind::wr);
      const std::uint32_t before = sessions ? reads_.session_before(t) : no_transaction;
      if (before != no_transaction) edges.add(before, t, EdgeKind::process);
    }
    infer(axiom, sessions, [&](const ForcedOrder& order) {
      edges.add(order.first, order.second, EdgeKind::ww);
      // Whatever commits before the initial state contradicts itself.
      if (order.second == reads_.initial()) edges.add(order.second, order.first, EdgeKind::wr);
    });
    DependencyGraph graph;
    edges.build(graph);
    return report_cycles(graph, axiom, sessions, name);
  }

 private:
  template <class Visit>
  void infer(Axiom axiom, bool sessions, Visit visit) {
    switch (axiom) {
      case Axiom::committed: return reads_.infer_committed(visit);
      case Axiom::atomic: return reads_.infer_atomic(sessions, visit);
      case Axiom::causal: return reads_.infer_causal(visit);
    }
  }

  bool report_cycles(const DependencyGraph& graph, Axiom axiom, bool sessions, std::string_view name) {
    std::vector<std::uint32_t> component;
    ComponentsWork work;
    find_components(graph, component, work, [](std::uint32_t) { return true; }, [](std::uint32_t, Edge) { return true; });
    std::vector<std::pair<std::uint32_t, std::uint32_t>> starts;  // component, node with a forced edge inside it
    for (std::uint32_t node = 0; node < graph.node_count(); ++node) {
      const auto out = graph.edges_of(node);
      const bool forced = std::any_of(
          out.begin(), out.end(), [&](Edge e) { return e.kind() == EdgeKind::ww && component[e.target()] == component[node]; });
      if (forced) starts.emplace_back(component[node], node);
    }
    std::sort(starts.begin(), starts.end());
    ShortestCycle shortest;
    std::vector<std::uint32_t> group;
    for (std::size_t i = 0; i < starts.size();) {
      const std::uint32_t of = starts[i].first;
      group.clear();
      for (; i < starts.size() && starts[i].first == of; ++i) group.push_back(starts[i].second);
      found_.add(name, [&] {
        const CycleQuery query{.graph = graph,
                               .label = component,
                               .first_relay = graph.node_count(),
                               .first = ww_edges,
                               .rest = ww_edges | wr_edges | kind_set(EdgeKind::process),
                               .edges_max = shortest_edges_max};
        return finding(shortest.find(query, group), axiom, sessions);
      });
    }
    return !starts.empty();
  }

  Finding finding(std::span<const ShortestCycle::Step> cycle, Axiom axiom, bool sessions) {
    constexpr std::size_t steps_told = 12;
    std::vector<ForcedOrder> because(cycle.size());
    explain(cycle, axiom, sessions, because);
    Finding result;
    std::string names = "Let";
    std::string proof;
    for (std::size_t i = 0; i < std::min(cycle.size(), steps_told); ++i) {
      const std::uint32_t node = cycle[i].node;
      const std::string a = name(cycle, i);
      const std::string b = name(cycle, (i + 1) % cycle.size());
      if (node != reads_.initial()) {
        names += (result.witness.empty() ? " " : ", ") + a + " = " + name_of(history_, node);
        result.witness.push_back(node);
      }
      if (node == reads_.initial()) {
        proof += a + " precedes " + b + ". ";
      } else if (cycle[i].edge == EdgeKind::wr) {
        proof += b + " read what " + a + " wrote. ";
      } else if (cycle[i].edge == EdgeKind::process) {
        proof += a + " precedes " + b + " in their process. ";
      } else {
        proof += a + " must commit before " + b + ": " + name_of(history_, because[i].reader) + " could see " + a + " and read " +
                 std::string(history_.key_name(because[i].key)) + ", which both wrote, from " + b + ". ";
        result.witness.push_back(because[i].reader);
      }
    }
    if (cycle.size() > steps_told) proof += "... (" + std::to_string(cycle.size() - steps_told) + " more). ";
    result.text = names + ". " + proof + "So no order of commits is possible.";
    return result;
  }

  // Finds, in another pass, why each forced edge of `cycle` is there: nothing of it is kept for the millions that are on no cycle.
  void explain(std::span<const ShortestCycle::Step> cycle, Axiom axiom, bool sessions, std::vector<ForcedOrder>& because) {
    std::vector<std::tuple<std::uint32_t, std::uint32_t, std::size_t>> wanted;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      if (cycle[i].edge == EdgeKind::ww) wanted.emplace_back(cycle[i].node, cycle[(i + 1) % cycle.size()].node, i);
    }
    std::sort(wanted.begin(), wanted.end());
    infer(axiom, sessions, [&](const ForcedOrder& order) {
      const auto it = std::lower_bound(wanted.begin(), wanted.end(), std::tuple(order.first, order.second, std::size_t{0}));
      if (it != wanted.end() && std::get<0>(*it) == order.first && std::get<1>(*it) == order.second) {
        because[std::get<2>(*it)] = order;
      }
    });
  }

  std::string name(std::span<const ShortestCycle::Step> cycle, std::size_t step) const {
    return cycle[step].node == reads_.initial() ? "the initial state" : "T" + std::to_string(step + 1);
  }

  const TransactionHistory& history_;
  VisibilityReads reads_;
  FindingList& found_;
};

}  // namespace

bool check_visibility(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                      ConsistencyLevel level, FindingList& found) {
  if (!proscribes(level, anomaly::read_committed_cycle)) return true;
  VisibilityCheck check(history, writes, reads, found);
  if (check.check(Axiom::committed, false, anomaly::read_committed_cycle)) return true;
  const bool atomic = proscribes(level, anomaly::read_atomic_cycle);
  if (atomic && check.check(Axiom::atomic, false, anomaly::read_atomic_cycle)) return true;
  if (proscribes(level, anomaly::causal_cycle)) {
    if (!check.can_check_causal()) return false;
    check.check(Axiom::causal, true, anomaly::causal_cycle);
    return true;
  }
  const std::string in_sessions = std::string(anomaly::read_committed_cycle) + "-process";
  if (proscribes(level, in_sessions)) check.check(Axiom::committed, true, in_sessions);
  return true;
}

}  // namespace faultline::transactions
