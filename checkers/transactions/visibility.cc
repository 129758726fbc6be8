#include "checkers/transactions/visibility.h"

#include <algorithm>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
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

// The edges that an axiom forces. There is no real time in these graphs, so that its kind is free.
constexpr EdgeKind forced_kind = EdgeKind::realtime;
constexpr KindSet forced_edges = kind_set(forced_kind);
constexpr KindSet given_edges = ww_edges | wr_edges | kind_set(EdgeKind::process);

class VisibilityCheck {
 public:
  VisibilityCheck(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                  const VisibilityQuestion& question, FindingList& found, std::vector<Cycle>& cycles)
      : history_(history),
        reads_(history, writes, reads, question.out_of_budget),
        question_(question),
        found_(found),
        cycles_(cycles) {}

  bool stopped() const { return reads_.stopped(); }
  bool can_check_causal() const { return reads_.causal_is_affordable(); }

  /// Returns whether it found a cycle.
  bool check(Axiom axiom, bool sessions, std::string_view name) {
    EdgeList edges(reads_.node_count());
    for (std::uint32_t t = 0; t < history_.transactions.size(); ++t) {
      for (const OutsideRead& read : reads_.reads_of(t)) edges.add(read.writer, t, EdgeKind::wr);
      const std::uint32_t before = sessions ? reads_.session_before(t) : no_transaction;
      if (before != no_transaction) edges.add(before, t, EdgeKind::process);
    }
    if (question_.versions_known) question_.add_versions(edges);
    infer(axiom, sessions, [&](const ForcedOrder& order) {
      edges.add(order.first, order.second, forced_kind);
      // Whatever commits before the initial state contradicts itself.
      if (order.second == reads_.initial()) edges.add(order.second, order.first, EdgeKind::wr);
    });
    if (reads_.stopped()) return false;
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
    find_components(
        graph, component, work, [](std::uint32_t) { return true; },
        [](std::uint32_t, Edge edge) { return edge.is_in(given_edges | forced_edges | relay_edges); });
    std::vector<std::pair<std::uint32_t, std::uint32_t>> starts;  // component, node with a forced edge inside it
    for (std::uint32_t node = 0; node < graph.node_count(); ++node) {
      const auto out = graph.edges_of(node);
      const bool forced = std::any_of(
          out.begin(), out.end(), [&](Edge e) { return e.kind() == forced_kind && component[e.target()] == component[node]; });
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
                               .first_relay = reads_.node_count(),
                               .first = forced_edges,
                               .rest = given_edges | forced_edges,
                               .edges_max = shortest_edges_max,
                               .out_of_budget = &question_.out_of_budget};
        return finding(shortest.find(query, group), axiom, sessions, name);
      });
    }
    return !starts.empty();
  }

  Finding finding(std::span<const ShortestCycle::Step> found, Axiom axiom, bool sessions, std::string_view anomaly) {
    constexpr std::size_t steps_told = 12;
    if (found.empty())
      return {.text = "No order of commits is possible. The cycle that shows it was not found within the bounds."};
    Cycle cycle = cycle_of(found, axiom, sessions);
    cycle.anomaly = anomaly;
    cycle.failure = proscribes(question_.level, anomaly);
    Finding result;
    std::string names = "Let";
    std::string proof;
    for (std::size_t i = 0; i < std::min(cycle.steps.size(), steps_told); ++i) {
      const CycleStep& step = cycle.steps[i];
      if (step.transaction != initial_state) {
        names += (result.witness.empty() ? " " : ", ") + name(found, i) + " = " + name_of(history_, step.transaction);
        result.witness.push_back(step.transaction);
      }
      proof += step.text + ". ";
      if (step.dependency == Dependency::commit) result.witness.push_back(step.reader);
    }
    if (cycle.steps.size() > steps_told) proof += "... (" + std::to_string(cycle.steps.size() - steps_told) + " more). ";
    result.text = names + ". " + proof + "So no order of commits is possible.";
    cycles_.push_back(std::move(cycle));
    return result;
  }

  Cycle cycle_of(std::span<const ShortestCycle::Step> found, Axiom axiom, bool sessions) {
    std::vector<ForcedOrder> because(found.size());
    explain(found, axiom, sessions, because);
    Cycle cycle;
    for (std::size_t i = 0; i < found.size(); ++i) {
      const std::size_t next = (i + 1) % found.size();
      CycleStep& step = cycle.steps.emplace_back();
      const bool initial = found[i].node == reads_.initial();
      step.transaction = initial ? initial_state : found[i].node;
      step.dependency = found[i].edge == forced_kind ? Dependency::commit : static_cast<Dependency>(found[i].edge);
      if (step.dependency == Dependency::commit) {
        step.key = because[i].key;
        step.reader = because[i].reader;
      } else if (step.dependency == Dependency::ww) {
        const Evidence evidence = question_.evidence(found[i].node, found[next].node, EdgeKind::ww);
        step.key = evidence.key;
        step.value = evidence.older;
        step.newer = evidence.newer;
      } else if (!initial && step.dependency == Dependency::wr) {
        const auto reads = reads_.reads_of(found[next].node);
        const auto read =
            std::find_if(reads.begin(), reads.end(), [&](const OutsideRead& r) { return r.writer == found[i].node; });
        ENSURE(read != reads.end());  // a wr edge of the graph is one of reads_, whoever else added it
        step.key = read->key;
        step.value = read->value;
      }
      step.text = sentence(step, name(found, i), name(found, next));
    }
    return cycle;
  }

  std::string sentence(const CycleStep& step, const std::string& a, const std::string& b) const {
    if (step.transaction == initial_state) return a + " precedes " + b;
    switch (step.dependency) {
      case Dependency::ww:
        return a + " appended " + history_.value_text(step.value) + " to " + std::string(history_.key_name(step.key)) +
               " before " + b + " appended " + history_.value_text(step.newer);
      case Dependency::wr:
        return b + " read " + history_.value_text(step.value) + " in " + std::string(history_.key_name(step.key)) + ", which " +
               a + " wrote";
      case Dependency::process: return a + " precedes " + b + " in their process";
      default:
        return a + " must commit before " + b + ": " + name_of(history_, step.reader) + " could see " + a + " and read " +
               std::string(history_.key_name(step.key)) + ", which both wrote, from " + b;
    }
  }

  // Finds, in another pass, why each forced edge of `cycle` is there: nothing of it is kept for the millions that are on no cycle.
  void explain(std::span<const ShortestCycle::Step> cycle, Axiom axiom, bool sessions, std::vector<ForcedOrder>& because) {
    std::vector<std::tuple<std::uint32_t, std::uint32_t, std::size_t>> wanted;
    for (std::size_t i = 0; i < cycle.size(); ++i) {
      if (cycle[i].edge == forced_kind) wanted.emplace_back(cycle[i].node, cycle[(i + 1) % cycle.size()].node, i);
    }
    std::sort(wanted.begin(), wanted.end());
    reads_.ask_no_more();
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
  const VisibilityQuestion& question_;
  FindingList& found_;
  std::vector<Cycle>& cycles_;
};

}  // namespace

VisibilityAnswer check_visibility(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                                  const VisibilityQuestion& question, FindingList& found, std::vector<Cycle>& cycles) {
  VisibilityCheck check(history, writes, reads, question, found, cycles);
  const auto finds = [&](std::string_view name, Axiom axiom, bool sessions) {
    return proscribes(question.level, name) && !check.stopped() && check.check(axiom, sessions, name);
  };
  const auto answer = [&] { return check.stopped() ? VisibilityAnswer::out_of_budget : VisibilityAnswer::decided; };
  if (!question.versions_known && finds(anomaly::read_committed_cycle, Axiom::committed, false)) return answer();
  if (finds(anomaly::read_atomic_cycle, Axiom::atomic, false)) return answer();
  if (proscribes(question.level, anomaly::causal_cycle)) {
    if (!check.can_check_causal()) return VisibilityAnswer::too_many_sessions;
    finds(anomaly::causal_cycle, Axiom::causal, true);
    return answer();
  }
  const std::string in_sessions = std::string(anomaly::read_committed_cycle) + "-process";
  if (!question.versions_known) finds(in_sessions, Axiom::committed, true);
  return answer();
}

std::vector<Touch> appends_by_transaction(const TransactionHistory& history, const Effective& effective) {
  std::vector<Touch> touches;
  std::vector<std::uint32_t> last(history.keys.size(), no_transaction);  // that appended to a key
  for (std::uint32_t t = 0; t < history.transactions.size(); ++t) {
    for (const MicroOperation& operation : history.operations_of(t)) {
      if (!effective[t] || operation.function() != Function::append || last[operation.key().value()] == t) continue;
      last[operation.key().value()] = t;
      touches.push_back({.transaction = t, .key = operation.key(), .has_write = true});
    }
  }
  return touches;
}

}  // namespace faultline::transactions
