// The kinds of cycles and their names: what the edges of data are, and whether edges of order were needed to close the cycle.
//
//   G0             ww edges only
//   G1c            ww and wr edges, at least one wr
//   G-single       exactly one rw
//   G-nonadjacent  several rw edges, no two in a row
//   G2-item        several rw edges, some two in a row
//
// With edges between transactions of one process the name ends in -process, with edges of real time in -realtime. All rw edges here
// come from reads of single keys; Adya's G2, which includes predicates, cannot be told from such histories beyond G2-item.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "checkers/transactions/dependency_graph.h"

namespace faultline::transactions {

enum class CycleKind : std::uint8_t { g0, g1c, g_single, g_nonadjacent, g2_item };
inline constexpr std::array cycle_kinds{CycleKind::g0, CycleKind::g1c, CycleKind::g_single, CycleKind::g_nonadjacent,
                                        CycleKind::g2_item};

/// Which edges that are not of data a cycle may have. Each includes the ones before it.
enum class OrderKind : std::uint8_t { none, process, realtime };
inline constexpr std::array order_kinds{OrderKind::none, OrderKind::process, OrderKind::realtime};

inline constexpr KindSet ww_edges = kind_set(EdgeKind::ww);
inline constexpr KindSet wr_edges = kind_set(EdgeKind::wr);
inline constexpr KindSet rw_edges = kind_set(EdgeKind::rw);
inline constexpr KindSet relay_edges = kind_set(EdgeKind::relay);
inline constexpr KindSet data_edges = ww_edges | wr_edges | rw_edges;

constexpr KindSet order_edges(OrderKind order) {
  KindSet kinds = 0;
  if (order >= OrderKind::process) kinds |= kind_set(EdgeKind::process);
  if (order >= OrderKind::realtime) kinds |= kind_set(EdgeKind::realtime);
  return kinds;
}

/// "G-single-realtime".
std::string cycle_name(CycleKind kind, OrderKind order);

/// A set of names of cycles, as bits.
using CycleNames = std::uint32_t;
constexpr CycleNames cycle_bit(CycleKind kind, OrderKind order) {
  return 1u << (static_cast<unsigned>(order) * cycle_kinds.size() + static_cast<unsigned>(kind));
}
constexpr CycleNames in_any_order(CycleKind kind) {
  return cycle_bit(kind, OrderKind::none) | cycle_bit(kind, OrderKind::process) | cycle_bit(kind, OrderKind::realtime);
}

/// The cycles beside which one of `kind` in the same component goes without saying, and is not looked for.
constexpr CycleNames implying(CycleKind kind) {
  const CycleNames g1 = in_any_order(CycleKind::g0) | in_any_order(CycleKind::g1c);
  const CycleNames single = in_any_order(CycleKind::g_single);
  switch (kind) {
    case CycleKind::g0: return in_any_order(CycleKind::g0);
    case CycleKind::g1c: return g1;
    case CycleKind::g_single: return single;
    case CycleKind::g_nonadjacent: return g1 | single | in_any_order(CycleKind::g_nonadjacent);
    case CycleKind::g2_item: return g1 | single | in_any_order(CycleKind::g_nonadjacent) | in_any_order(CycleKind::g2_item);
  }
  return 0;
}

/// A cycle of transactions; `edge` leads to the next one, the last one's to the first.
struct CycleEdge {
  std::uint32_t transaction = 0;
  EdgeKind edge = EdgeKind::ww;
};

struct CycleClass {
  CycleKind kind = CycleKind::g0;
  OrderKind order = OrderKind::none;
};

/// What a cycle is, by its edges.
CycleClass classify(std::span<const CycleEdge> cycle);

}  // namespace faultline::transactions
