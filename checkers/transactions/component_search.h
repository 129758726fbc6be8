// Which cycles one strongly connected component holds, and a shortest one of each kind.
//
// For each set of edges of order (none, of processes, of real time) the component falls into smaller ones; each of those is asked for
// the kinds of cycle from the worst to the mildest, leaving out what a found one implies (cycle_kind.h). That order is what makes each
// question answerable without guessing, although "a cycle with exactly these edges" is in general a hard problem:
//
//   G0, G1c        an edge of the wanted kind inside a component of the edges allowed
//   G-single       who can be reached from its own rw successors without another rw: bit-parallel, 64 at a time
//   G-nonadjacent  a component of the graph of (transaction, came here by rw), in which no rw follows an rw. Where there is no G0, G1c or
//                  G-single, a shortest cycle there visits no transaction twice, since either half of such a cycle would be one as well
//   G2-item        whatever is left
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "checkers/transactions/components.h"
#include "checkers/transactions/cycle_kind.h"
#include "checkers/transactions/shortest_cycle.h"
#include "checkers/transactions/transaction_history.h"

namespace faultline::transactions {

struct ComponentCycle {
  CycleClass cycle_class;
  std::vector<CycleEdge> edges;  // empty if nobody wanted to see it
  bool shortest = true;          // proven to be
};

class ComponentSearch {
 public:
  struct Options {
    OrderKind order = OrderKind::realtime;                  // the strongest to consider
    std::function<bool(CycleKind, OrderKind)> wants_cycle;  // whether to look for an example; else existence is enough
    const std::function<bool()>* out_of_budget = nullptr;
  };

  /// `graph`: nodes from `data_nodes` on, and edges of order, are ignored.
  ComponentSearch(const TransactionHistory& history, const DependencyGraph& graph, std::uint32_t data_nodes, Options options);

  /// The cycles among `members`, a strongly connected component in ascending order.
  std::vector<ComponentCycle> run(std::span<const std::uint32_t> members);
  /// Whether a limit kept some question of the last run() from being answered.
  bool undecided() const { return undecided_; }

 private:
  struct Event {
    std::int32_t process;
    std::uint32_t index;
    std::uint32_t node;
    bool ended;
  };
  // The components of the edges allowed at one stage.
  struct Parts {
    std::vector<std::uint32_t> of;    // per node
    std::vector<std::uint32_t> size;  // in transactions
    std::vector<CycleNames> found;    // in it, at this stage and those before
  };

  void build_local(std::span<const std::uint32_t> members);
  void add_order(OrderKind order);
  void split(OrderKind order);
  void find_kind(CycleKind kind, OrderKind order);
  void find_in_components(CycleKind kind, OrderKind order, KindSet first, KindSet rest);
  void find_single(OrderKind order);
  void find_nonadjacent(OrderKind order);
  bool open_part(std::uint32_t node, CycleKind kind) const;
  bool leads(const DependencyGraph& graph, std::span<const std::uint32_t> label, std::uint32_t node, KindSet kinds) const;
  bool closes(std::span<const std::uint32_t> sources, KindSet rest, std::vector<std::uint32_t>& closing);
  void report(CycleKind kind, OrderKind order, std::span<const std::uint32_t> starts, CycleQuery query, std::uint32_t scale);
  void build_product(OrderKind order);

  // Constant
  const TransactionHistory& history_;
  const DependencyGraph& graph_;
  const std::uint32_t data_nodes_;
  const Options options_;

  // Of the component at hand
  std::vector<std::uint32_t> members_;  // per local node of data: the node in graph_
  std::uint32_t transactions_ = 0;      // local nodes below are transactions
  DependencyGraph local_;
  DependencyGraph product_;
  Parts parts_;
  std::vector<CycleNames> found_;  // per local transaction
  std::vector<ComponentCycle> cycles_;
  bool undecided_ = false;

  // Memory used again
  std::vector<std::uint32_t> local_of_;  // per node of graph_
  EdgeList edges_;
  std::vector<Event> events_;
  ComponentsWork work_;
  std::vector<std::uint32_t> component_;
  std::vector<std::uint32_t> by_component_;
  std::vector<std::uint64_t> bits_;
  ShortestCycle shortest_;
};

}  // namespace faultline::transactions
