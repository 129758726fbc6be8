// Cycles by definition: all simple cycles of a small graph of typed edges, one by one.
//
// What checkers/transactions finds in linear passes is compared with this: per stage (data; and processes; and real time) and strongly
// connected component, which kinds of cycle there are and how long the shortest is, save those that a worse one makes redundant.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "checkers/transactions/cycle_kind.h"

namespace faultline::transactions {

/// Edges among at most 16 transactions: per kind and transaction the set of those it leads to.
struct SmallGraph {
  static constexpr std::size_t most = 16;
  std::array<std::array<std::uint32_t, most>, 5> edges{};
  std::uint32_t count = 0;

  void add(std::uint32_t from, std::uint32_t to, EdgeKind kind) {
    if (from != to) edges[static_cast<std::size_t>(kind)][from] |= 1u << to;
  }
  bool has(std::uint32_t from, std::uint32_t to, EdgeKind kind) const {
    return (edges[static_cast<std::size_t>(kind)][from] >> to & 1u) != 0;
  }
};

class NaiveCycles {
 public:
  explicit NaiveCycles(const SmallGraph& graph) : graph_(graph) {}

  /// Per name how many components have such a cycle, and the lengths of the shortest ones.
  std::map<std::string, std::multiset<std::size_t>> find(OrderKind strongest) {
    std::map<std::string, std::multiset<std::size_t>> result;
    std::array<CycleNames, SmallGraph::most> found{};
    for (const OrderKind order : order_kinds) {
      if (order > strongest) break;
      for (const std::uint32_t component : components(order)) {
        CycleNames names = 0;
        for (std::uint32_t t = 0; t < graph_.count; ++t) names |= (component >> t & 1u) != 0 ? found[t] : 0;
        enumerate(component, order);
        for (const CycleKind kind : cycle_kinds) {
          const std::size_t length = shortest_[static_cast<std::size_t>(kind)];
          if (length == 0 || (names & implying(kind)) != 0) continue;
          names |= cycle_bit(kind, order);
          result[cycle_name(kind, order)].insert(length);
        }
        for (std::uint32_t t = 0; t < graph_.count; ++t) found[t] |= (component >> t & 1u) != 0 ? names : 0;
      }
    }
    return result;
  }

 private:
  // Sets of transactions that reach each other, of two and more.
  std::vector<std::uint32_t> components(OrderKind order) const {
    std::array<std::uint32_t, SmallGraph::most> reach{};
    for (std::uint32_t t = 0; t < graph_.count; ++t) {
      for (std::uint32_t kind = 0; kind < 3u + static_cast<std::uint32_t>(order); ++kind) reach[t] |= graph_.edges[kind][t];
    }
    for (std::uint32_t via = 0; via < graph_.count; ++via) {
      for (std::uint32_t t = 0; t < graph_.count; ++t) reach[t] |= (reach[t] >> via & 1u) != 0 ? reach[via] : 0;
    }
    std::vector<std::uint32_t> result;
    std::uint32_t done = 0;
    for (std::uint32_t t = 0; t < graph_.count; ++t) {
      if ((done >> t & 1u) != 0) continue;
      std::uint32_t component = 1u << t;
      for (std::uint32_t u = 0; u < graph_.count; ++u) {
        if ((reach[t] >> u & 1u) != 0 && (reach[u] >> t & 1u) != 0) component |= 1u << u;
      }
      done |= component;
      if (std::popcount(component) > 1) result.push_back(component);
    }
    return result;
  }

  struct Walk {
    std::uint32_t start;
    std::uint32_t at;
    std::uint32_t visited;
    std::size_t length;
    std::uint32_t rw;
    bool wr;
    bool adjacent;
    bool first_is_rw;
    bool last_is_rw;
    bool ordered;  // has an edge of the very order of the stage
  };

  void enumerate(std::uint32_t component, OrderKind order) {
    shortest_.fill(0);
    for (std::uint32_t start = 0; start < graph_.count; ++start) {
      if ((component >> start & 1u) == 0) continue;
      // Each cycle once: from its least transaction.
      const std::uint32_t allowed = component & ~((1u << start) - 1);
      step({start, start, 1u << start, 0, 0, false, false, false, false, false}, allowed, order);
    }
  }

  void step(const Walk& walk, std::uint32_t allowed, OrderKind order) {
    for (std::uint32_t k = 0; k < 3u + static_cast<std::uint32_t>(order); ++k) {
      const auto kind = static_cast<EdgeKind>(k);
      const bool rw = kind == EdgeKind::rw;
      std::uint32_t targets = graph_.edges[k][walk.at] & allowed & (~walk.visited | 1u << walk.start);
      while (targets != 0) {
        const auto target = static_cast<std::uint32_t>(std::countr_zero(targets));
        targets &= targets - 1;
        Walk next = walk;
        next.at = target;
        next.visited |= 1u << target;
        ++next.length;
        next.rw += rw ? 1 : 0;
        next.wr = walk.wr || kind == EdgeKind::wr;
        next.adjacent = walk.adjacent || (rw && walk.last_is_rw);
        next.first_is_rw = walk.length == 0 ? rw : walk.first_is_rw;
        next.last_is_rw = rw;
        next.ordered = walk.ordered || (k >= 3 && k == 2u + static_cast<std::uint32_t>(order));
        if (target == walk.start) {
          closed(next, order);
        } else {
          step(next, allowed, order);
        }
      }
    }
  }

  void closed(const Walk& walk, OrderKind order) {
    if (order != OrderKind::none && !walk.ordered) return;
    CycleKind kind = walk.wr ? CycleKind::g1c : CycleKind::g0;
    if (walk.rw == 1) kind = CycleKind::g_single;
    if (walk.rw > 1) {
      kind = walk.adjacent || (walk.first_is_rw && walk.last_is_rw) ? CycleKind::g2_item : CycleKind::g_nonadjacent;
    }
    std::size_t& shortest = shortest_[static_cast<std::size_t>(kind)];
    if (shortest == 0 || walk.length < shortest) shortest = walk.length;
  }

  const SmallGraph& graph_;
  std::array<std::size_t, 5> shortest_{};  // per kind, in the component at hand; 0: none
};

}  // namespace faultline::transactions
