// Levels: what each proscribes, and how they imply each other.
#include "checkers/transactions/consistency_level.h"

#include <catch2/catch.hpp>

#include "checkers/transactions/cycle_kind.h"

namespace faultline::transactions {
namespace {

using enum ConsistencyLevel;

TEST_CASE("consistency level: every name is understood, and some that others use") {
  for (const ConsistencyLevel level : all_consistency_levels()) CHECK(parse_consistency_level(to_string(level)) == level);
  CHECK(parse_consistency_level("PL-2.99") == repeatable_read);
  CHECK(parse_consistency_level("strong-serializable") == strict_serializable);
  CHECK(parse_consistency_level("eventual") == std::nullopt);
}

TEST_CASE("consistency level: the cycles each proscribes") {
  struct Row {
    ConsistencyLevel level;
    CycleKind worst_allowed;  // the least severe kinds from here on are allowed
    OrderKind order;
  };
  const auto none_allowed = static_cast<CycleKind>(cycle_kinds.size());
  for (const Row& row :
       {Row{read_uncommitted, CycleKind::g1c, OrderKind::none}, Row{read_committed, CycleKind::g_single, OrderKind::none},
        Row{cursor_stability, CycleKind::g_single, OrderKind::none}, Row{snapshot_isolation, CycleKind::g2_item, OrderKind::none},
        Row{repeatable_read, none_allowed, OrderKind::none}, Row{serializable, none_allowed, OrderKind::none},
        Row{strong_session_read_uncommitted, CycleKind::g1c, OrderKind::process},
        Row{strong_session_snapshot_isolation, CycleKind::g2_item, OrderKind::process},
        Row{strong_session_serializable, none_allowed, OrderKind::process},
        Row{strong_snapshot_isolation, CycleKind::g2_item, OrderKind::realtime},
        Row{strict_serializable, none_allowed, OrderKind::realtime}}) {
    for (const CycleKind kind : cycle_kinds) {
      for (const OrderKind order : order_kinds) {
        INFO(to_string(row.level) << " " << cycle_name(kind, order));
        CHECK(proscribes(row.level, cycle_name(kind, order)) == (kind < row.worst_allowed && order <= row.order));
      }
    }
  }
}

TEST_CASE("consistency level: the other anomalies") {
  CHECK(proscribes(read_uncommitted, "duplicate-elements"));
  CHECK(!proscribes(read_uncommitted, "G1a"));
  CHECK(proscribes(read_committed, "G1b"));
  CHECK(!proscribes(read_committed, "internal"));
  CHECK(proscribes(read_atomic, "internal"));
  CHECK(!proscribes(read_committed, "lost-update"));
  CHECK(proscribes(cursor_stability, "lost-update"));
  CHECK(proscribes(snapshot_isolation, "lost-update"));
  CHECK(proscribes(causal, "causal-cycle"));
  CHECK(!proscribes(read_atomic, "causal-cycle"));
  CHECK(!proscribes(strict_serializable, "no-such-anomaly"));
}

TEST_CASE("consistency level: the weakest levels that are ruled out") {
  const auto ruled_out = [](std::vector<std::string> anomalies) { return weakest_ruled_out(anomalies); };
  CHECK(ruled_out({}).empty());
  CHECK(ruled_out({"G0"}) == std::vector{read_uncommitted});
  CHECK(ruled_out({"G1a"}) == std::vector{read_committed});
  CHECK(ruled_out({"G2-item"}) == std::vector{repeatable_read});
  CHECK(ruled_out({"G-nonadjacent"}) == std::vector{snapshot_isolation, repeatable_read});
  CHECK(ruled_out({"G2-item-realtime"}) == std::vector{strict_serializable});
  CHECK(ruled_out({"G-single-process"}) == std::vector{strong_session_snapshot_isolation});
  CHECK(ruled_out({"causal-cycle"}) == std::vector{causal});
}

}  // namespace
}  // namespace faultline::transactions
