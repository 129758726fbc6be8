#include "checkers/transactions/component_search.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace faultline::transactions {

namespace {

// What one question may cost, in edges visited: about two seconds. Reached only by components of tens of thousands of transactions.
constexpr std::uint64_t search_edges_max = 300'000'000;
constexpr std::uint64_t reach_edges_max = 600'000'000;
constexpr std::size_t word_bits = 64;

}  // namespace

ComponentSearch::ComponentSearch(const TransactionHistory& history, const DependencyGraph& graph, std::uint32_t data_nodes,
                                 Options options)
    : history_(history),
      graph_(graph),
      data_nodes_(data_nodes),
      options_(std::move(options)),
      local_of_(graph.node_count(), no_node) {}

std::vector<ComponentCycle> ComponentSearch::run(std::span<const std::uint32_t> members) {
  undecided_ = false;
  cycles_.clear();
  build_local(members);
  found_.assign(transactions_, 0);
  for (const OrderKind order : order_kinds) {
    if (order > options_.order) break;
    split(order);
    for (const CycleKind kind : cycle_kinds) find_kind(kind, order);
    for (std::uint32_t node = 0; node < transactions_; ++node) found_[node] = parts_.found[parts_.of[node]];
  }
  return std::exchange(cycles_, {});
}

void ComponentSearch::build_local(std::span<const std::uint32_t> members) {
  members_.clear();
  transactions_ = 0;
  for (const std::uint32_t node : members) {
    if (node >= data_nodes_) break;
    if (node < history_.transactions.size()) ++transactions_;
    local_of_[node] = static_cast<std::uint32_t>(members_.size());
    members_.push_back(node);
  }
  edges_.reset(static_cast<std::uint32_t>(members_.size()));
  for (std::uint32_t local = 0; local < members_.size(); ++local) {
    for (const Edge edge : graph_.edges_of(members_[local])) {
      const std::uint32_t target = edge.target() < data_nodes_ ? local_of_[edge.target()] : no_node;
      if (target != no_node && edge.is_in(data_edges | relay_edges)) edges_.add(local, target, edge.kind());
    }
  }
  for (const std::uint32_t node : members_) local_of_[node] = no_node;
  for (const OrderKind order : {OrderKind::process, OrderKind::realtime}) {
    if (order <= options_.order) add_order(order);
  }
  edges_.build(local_);
}

// The order among the members alone: it is transitive, and needs nobody outside.
void ComponentSearch::add_order(OrderKind order) {
  if (order == OrderKind::realtime && !history_.has_realtime) return;
  const bool by_process = order == OrderKind::process;
  events_.clear();
  for (std::uint32_t local = 0; local < transactions_; ++local) {
    const Transaction& t = history_.transactions[members_[local]];
    const std::int32_t process = by_process ? t.process : 0;
    events_.push_back({process, t.invoke_index, local, false});
    if (t.outcome == checkers::Outcome::ok) events_.push_back({process, t.completion_index, local, true});
  }
  std::sort(events_.begin(), events_.end(),
            [](const Event& a, const Event& b) { return std::tie(a.process, a.index) < std::tie(b.process, b.index); });
  for (std::size_t i = 0; i < events_.size();) {
    OrderChain chain(edges_, by_process ? EdgeKind::process : EdgeKind::realtime);
    const std::int32_t process = events_[i].process;
    for (; i < events_.size() && events_[i].process == process; ++i) {
      if (events_[i].ended) {
        chain.ended(events_[i].node);
      } else {
        chain.began(events_[i].node);
      }
    }
  }
}

void ComponentSearch::split(OrderKind order) {
  const KindSet allowed = data_edges | relay_edges | order_edges(order);
  const std::uint32_t count = find_components(
      local_, parts_.of, work_, [](std::uint32_t) { return true; },
      [allowed](std::uint32_t, Edge edge) { return edge.is_in(allowed); });
  parts_.size.assign(count, 0);
  parts_.found.assign(count, 0);
  for (std::uint32_t node = 0; node < transactions_; ++node) {
    ++parts_.size[parts_.of[node]];
    parts_.found[parts_.of[node]] |= found_[node];
  }
}

// Whether cycles of `kind` are still to be looked for in the part of `node`.
bool ComponentSearch::open_part(std::uint32_t node, CycleKind kind) const {
  const std::uint32_t part = parts_.of[node];
  return parts_.size[part] > 1 && (parts_.found[part] & implying(kind)) == 0;
}

// Whether an edge of `kinds` goes from `node` to one with the same label.
bool ComponentSearch::leads(const DependencyGraph& graph, std::span<const std::uint32_t> label, std::uint32_t node,
                            KindSet kinds) const {
  const auto edges = graph.edges_of(node);
  return std::any_of(edges.begin(), edges.end(), [&](Edge e) { return e.is_in(kinds) && label[e.target()] == label[node]; });
}

void ComponentSearch::find_kind(CycleKind kind, OrderKind order) {
  bool any = false;
  for (std::uint32_t node = 0; node < transactions_ && !any; ++node) any = open_part(node, kind);
  if (!any) return;
  const KindSet free = order_edges(order) | relay_edges;
  switch (kind) {
    case CycleKind::g0: return find_in_components(kind, order, ww_edges, ww_edges | free);
    case CycleKind::g1c: return find_in_components(kind, order, wr_edges, ww_edges | wr_edges | free);
    case CycleKind::g_single: return find_single(order);
    case CycleKind::g_nonadjacent: return find_nonadjacent(order);
    case CycleKind::g2_item: return find_in_components(kind, order, rw_edges, data_edges | free);
  }
}

void ComponentSearch::find_in_components(CycleKind kind, OrderKind order, KindSet first, KindSet rest) {
  find_components(
      local_, component_, work_, [](std::uint32_t) { return true; },
      [&](std::uint32_t from, Edge e) { return e.is_in(rest) && parts_.of[from] == parts_.of[e.target()]; });
  std::vector<std::uint32_t> starts;
  for (std::uint32_t node = 0; node < transactions_; ++node) {
    if (open_part(node, kind) && leads(local_, component_, node, first)) starts.push_back(node);
  }
  report(kind, order, starts, {.graph = local_, .label = component_, .first_relay = transactions_, .first = first, .rest = rest},
         1);
}

void ComponentSearch::find_single(OrderKind order) {
  const KindSet rest = ww_edges | wr_edges | order_edges(order) | relay_edges;
  std::vector<std::uint32_t> sources;
  for (std::uint32_t node = 0; node < transactions_; ++node) {
    if (open_part(node, CycleKind::g_single) && leads(local_, parts_.of, node, rw_edges)) sources.push_back(node);
  }
  std::vector<std::uint32_t> closing;
  if (!closes(sources, rest, closing)) undecided_ = true;
  report(CycleKind::g_single, order, closing,
         {.graph = local_, .label = parts_.of, .first_relay = transactions_, .first = rw_edges, .rest = rest}, 1);
}

// Collects those of `sources` that edges of `rest` lead back to from one of their rw successors. Returns false if the limit came first.
bool ComponentSearch::closes(std::span<const std::uint32_t> sources, KindSet rest, std::vector<std::uint32_t>& closing) {
  if (sources.empty()) return true;
  const auto inside = [&](std::uint32_t from, Edge e) { return parts_.of[from] == parts_.of[e.target()]; };
  const std::uint32_t count = find_components(
      local_, component_, work_, [](std::uint32_t) { return true; },
      [&](std::uint32_t from, Edge e) { return e.is_in(rest) && inside(from, e); });
  // Edges lead to lower components, so that one pass from the highest down sees every node after all that lead to it.
  by_component_.resize(local_.node_count());
  for (std::uint32_t i = 0; i < by_component_.size(); ++i) by_component_[i] = i;
  std::sort(by_component_.begin(), by_component_.end(),
            [this](std::uint32_t a, std::uint32_t b) { return std::tie(component_[b], a) < std::tie(component_[a], b); });
  std::uint64_t left = reach_edges_max;
  for (std::size_t begin = 0; begin < sources.size(); begin += word_bits) {
    if (left < local_.edge_count()) return false;
    if (options_.out_of_budget != nullptr && *options_.out_of_budget && (*options_.out_of_budget)()) return false;
    left -= local_.edge_count();
    const auto batch = sources.subspan(begin, std::min(word_bits, sources.size() - begin));
    bits_.assign(count, 0);
    for (std::size_t i = 0; i < batch.size(); ++i) {
      for (const Edge e : local_.edges_of(batch[i])) {
        if (e.is_in(rw_edges) && inside(batch[i], e)) bits_[component_[e.target()]] |= std::uint64_t{1} << i;
      }
    }
    for (const std::uint32_t node : by_component_) {
      const std::uint64_t bits = bits_[component_[node]];
      if (bits == 0) continue;
      for (const Edge e : local_.edges_of(node)) {
        if (e.is_in(rest) && inside(node, e)) bits_[component_[e.target()]] |= bits;
      }
    }
    for (std::size_t i = 0; i < batch.size(); ++i) {
      if ((bits_[component_[batch[i]]] >> i & 1u) != 0) closing.push_back(batch[i]);
    }
  }
  return true;
}

// Node 2v: at v; 2v + 1: at v by an rw edge. Relays keep how they were entered.
void ComponentSearch::build_product(OrderKind order) {
  const KindSet rest = ww_edges | wr_edges | order_edges(order);
  edges_.reset(2 * local_.node_count());
  for (std::uint32_t node = 0; node < local_.node_count(); ++node) {
    if (!open_part(node, CycleKind::g_nonadjacent)) continue;
    for (const Edge e : local_.edges_of(node)) {
      const std::uint32_t target = 2 * e.target();
      if (parts_.of[e.target()] != parts_.of[node]) continue;
      if (node >= transactions_) {
        edges_.add(2 * node, target, EdgeKind::relay);
        edges_.add(2 * node + 1, target + 1, EdgeKind::relay);
      } else if (e.is_in(rw_edges)) {
        edges_.add(2 * node, target + 1, EdgeKind::rw);
      } else if (e.is_in(rest)) {
        edges_.add(2 * node, target, e.kind());
        edges_.add(2 * node + 1, target, e.kind());
      }
    }
  }
  edges_.build(product_);
}

void ComponentSearch::find_nonadjacent(OrderKind order) {
  build_product(order);
  find_components(product_, component_, work_, [](std::uint32_t) { return true; }, [](std::uint32_t, Edge) { return true; });
  std::vector<std::uint32_t> starts;
  for (std::uint32_t node = 0; node < transactions_; ++node) {
    if (open_part(node, CycleKind::g_nonadjacent) && leads(product_, component_, 2 * node, rw_edges)) starts.push_back(2 * node);
  }
  report(CycleKind::g_nonadjacent, order, starts,
         {.graph = product_,
          .label = component_,
          .first_relay = 2 * transactions_,
          .first = rw_edges,
          .rest = data_edges | order_edges(order),
          .shortest_possible = 4},
         2);
}

// Every part with a start has a cycle; for the first of the parts that somebody wants to see, a shortest one is looked for.
void ComponentSearch::report(CycleKind kind, OrderKind order, std::span<const std::uint32_t> starts, CycleQuery query,
                             std::uint32_t scale) {
  std::vector<std::pair<std::uint32_t, std::uint32_t>> by_part;
  by_part.reserve(starts.size());
  for (const std::uint32_t start : starts) by_part.emplace_back(parts_.of[start / scale], start);
  std::sort(by_part.begin(), by_part.end());
  std::vector<std::uint32_t> group;
  query.edges_max = search_edges_max;
  query.out_of_budget = options_.out_of_budget;
  for (std::size_t i = 0; i < by_part.size();) {
    const std::uint32_t part = by_part[i].first;
    group.clear();
    for (; i < by_part.size() && by_part[i].first == part; ++i) group.push_back(by_part[i].second);
    parts_.found[part] |= cycle_bit(kind, order);
    ComponentCycle& cycle = cycles_.emplace_back();
    cycle.cycle_class = {kind, order};
    if (!options_.wants_cycle(kind, order)) continue;
    for (const auto& step : shortest_.find(query, group)) cycle.edges.push_back({members_[step.node / scale], step.edge});
    cycle.shortest = shortest_.exhaustive();
    if (!cycle.edges.empty()) cycle.cycle_class = classify(cycle.edges);
  }
}

}  // namespace faultline::transactions
