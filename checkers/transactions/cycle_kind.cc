#include "checkers/transactions/cycle_kind.h"

#include <algorithm>

namespace faultline::transactions {

std::string cycle_name(CycleKind kind, OrderKind order) {
  constexpr std::array<std::string_view, 5> bases{"G0", "G1c", "G-single", "G-nonadjacent", "G2-item"};
  constexpr std::array<std::string_view, 3> suffixes{"", "-process", "-realtime"};
  return std::string(bases[static_cast<std::size_t>(kind)]).append(suffixes[static_cast<std::size_t>(order)]);
}

CycleClass classify(std::span<const CycleEdge> cycle) {
  const auto count = [&](EdgeKind kind) {
    return std::count_if(cycle.begin(), cycle.end(), [kind](const CycleEdge& e) { return e.edge == kind; });
  };
  CycleClass result;
  if (count(EdgeKind::process) > 0) result.order = OrderKind::process;
  if (count(EdgeKind::realtime) > 0) result.order = OrderKind::realtime;
  const auto rw = count(EdgeKind::rw);
  if (rw == 0) {
    result.kind = count(EdgeKind::wr) > 0 ? CycleKind::g1c : CycleKind::g0;
    return result;
  }
  if (rw == 1) {
    result.kind = CycleKind::g_single;
    return result;
  }
  EdgeKind before = cycle.back().edge;
  result.kind = CycleKind::g_nonadjacent;
  for (const CycleEdge& e : cycle) {
    if (e.edge == EdgeKind::rw && before == EdgeKind::rw) result.kind = CycleKind::g2_item;
    before = e.edge;
  }
  return result;
}

}  // namespace faultline::transactions
