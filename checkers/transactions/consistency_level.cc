#include "checkers/transactions/consistency_level.h"

#include <algorithm>
#include <array>

namespace faultline::transactions {

namespace {

// The ladders on which every anomaly and every level has its place. A level proscribes a rung and all below.
enum class Cycles : std::uint8_t { none, g0, g1c, g_single, g_nonadjacent, g2_item, g2 };
enum class Order : std::uint8_t { none, process, realtime };               // which edges beside those of data a cycle may have
enum class Visibility : std::uint8_t { none, committed, atomic, causal };  // axioms of Biswas and Enea 2019

struct Rules {
  ConsistencyLevel level;
  std::string_view name;
  Cycles cycles;
  Order order;
  Visibility visibility;
  Order visibility_order;
  bool internal;     // a transaction must see its own reads and writes
  bool lost_update;  // two transactions must not replace the same version
};

using enum ConsistencyLevel;

constexpr std::array rules{
    Rules{read_uncommitted, "read-uncommitted", Cycles::g0, Order::none, Visibility::none, Order::none, false, false},
    Rules{read_committed, "read-committed", Cycles::g1c, Order::none, Visibility::committed, Order::none, false, false},
    Rules{monotonic_atomic_view, "monotonic-atomic-view", Cycles::g1c, Order::none, Visibility::committed, Order::none, false,
          false},
    Rules{read_atomic, "read-atomic", Cycles::g1c, Order::none, Visibility::atomic, Order::none, true, false},
    Rules{causal, "causal", Cycles::g1c, Order::process, Visibility::causal, Order::process, true, false},
    Rules{cursor_stability, "cursor-stability", Cycles::g1c, Order::none, Visibility::committed, Order::none, false, true},
    Rules{snapshot_isolation, "snapshot-isolation", Cycles::g_nonadjacent, Order::none, Visibility::atomic, Order::none, true,
          true},
    Rules{repeatable_read, "repeatable-read", Cycles::g2_item, Order::none, Visibility::atomic, Order::none, false, true},
    Rules{serializable, "serializable", Cycles::g2, Order::none, Visibility::atomic, Order::none, true, true},
    Rules{strong_session_read_uncommitted, "strong-session-read-uncommitted", Cycles::g0, Order::process, Visibility::none,
          Order::none, false, false},
    Rules{strong_session_read_committed, "strong-session-read-committed", Cycles::g1c, Order::process, Visibility::committed,
          Order::process, false, false},
    Rules{strong_session_snapshot_isolation, "strong-session-snapshot-isolation", Cycles::g_nonadjacent, Order::process,
          Visibility::causal, Order::process, true, true},
    Rules{strong_session_serializable, "strong-session-serializable", Cycles::g2, Order::process, Visibility::causal,
          Order::process, true, true},
    Rules{strong_snapshot_isolation, "strong-snapshot-isolation", Cycles::g_nonadjacent, Order::realtime, Visibility::causal,
          Order::process, true, true},
    Rules{strict_serializable, "strict-serializable", Cycles::g2, Order::realtime, Visibility::causal, Order::process, true,
          true},
};

// Other names in use, Adya's among them.
struct Alias {
  std::string_view name;
  ConsistencyLevel level;
};
constexpr std::array aliases{
    Alias{"PL-1", read_uncommitted},
    Alias{"PL-2", read_committed},
    Alias{"PL-CS", cursor_stability},
    Alias{"PL-SI", snapshot_isolation},
    Alias{"PL-2.99", repeatable_read},
    Alias{"PL-3", serializable},
    Alias{"conflict-serializable", serializable},
    Alias{"PL-SS", strict_serializable},
    Alias{"strong-serializable", strict_serializable},
};

const Rules& rules_of(ConsistencyLevel level) {
  return *std::find_if(rules.begin(), rules.end(), [level](const Rules& r) { return r.level == level; });
}

// An anomaly's name without its ending, and what the ending says.
struct Parsed {
  std::string_view base;
  Order order = Order::none;
};

Parsed parse(std::string_view anomaly) {
  for (const auto& [suffix, order] :
       {std::pair(std::string_view("-process"), Order::process), std::pair(std::string_view("-realtime"), Order::realtime)}) {
    if (anomaly.ends_with(suffix)) return {anomaly.substr(0, anomaly.size() - suffix.size()), order};
  }
  return {anomaly};
}

template <class Rung>
struct Step {
  std::string_view name;
  Rung rung;
};

constexpr std::array cycle_steps{
    Step<Cycles>{"G0", Cycles::g0},
    Step<Cycles>{"G1c", Cycles::g1c},
    Step<Cycles>{"G-single", Cycles::g_single},
    Step<Cycles>{"G-nonadjacent", Cycles::g_nonadjacent},
    Step<Cycles>{"G2-item", Cycles::g2_item},
    Step<Cycles>{"G2", Cycles::g2},
    // No execution at all, in Adya's terms, has these.
    Step<Cycles>{"duplicate-elements", Cycles::g0},
    Step<Cycles>{"cyclic-versions", Cycles::g0},
    Step<Cycles>{"garbage-read", Cycles::g0},
    // Of the G1 family, or implying a member of it.
    Step<Cycles>{"G1a", Cycles::g1c},
    Step<Cycles>{"G1b", Cycles::g1c},
    Step<Cycles>{"incompatible-order", Cycles::g1c},
    Step<Cycles>{"dirty-update", Cycles::g1c},
    Step<Cycles>{"future-read", Cycles::g1c},
};

constexpr std::array visibility_steps{
    Step<Visibility>{"read-committed-cycle", Visibility::committed},
    Step<Visibility>{"read-atomic-cycle", Visibility::atomic},
    Step<Visibility>{"causal-cycle", Visibility::causal},
};

bool proscribes(const Rules& r, std::string_view anomaly) {
  if (anomaly == "internal") return r.internal;
  if (anomaly == "lost-update") return r.lost_update || r.cycles >= Cycles::g2_item;
  const Parsed parsed = parse(anomaly);
  for (const auto& step : cycle_steps) {
    if (step.name == parsed.base) return r.cycles >= step.rung && r.order >= parsed.order;
  }
  for (const auto& step : visibility_steps) {
    if (step.name == parsed.base) return r.visibility >= step.rung && r.visibility_order >= parsed.order;
  }
  return false;
}

// Whether what keeps `a` keeps `b`.
bool implies(const Rules& a, const Rules& b) {
  return a.cycles >= b.cycles && a.order >= b.order && a.visibility >= b.visibility && a.visibility_order >= b.visibility_order &&
         a.internal >= b.internal && a.lost_update >= b.lost_update;
}

constexpr auto levels = [] {
  std::array<ConsistencyLevel, rules.size()> result{};
  for (std::size_t i = 0; i < rules.size(); ++i) result[i] = rules[i].level;
  return result;
}();

}  // namespace

std::span<const ConsistencyLevel> all_consistency_levels() { return levels; }

std::string_view to_string(ConsistencyLevel level) { return rules_of(level).name; }

std::optional<ConsistencyLevel> parse_consistency_level(std::string_view name) {
  for (const Rules& r : rules) {
    if (r.name == name) return r.level;
  }
  for (const Alias& alias : aliases) {
    if (alias.name == name) return alias.level;
  }
  return std::nullopt;
}

bool proscribes(ConsistencyLevel level, std::string_view anomaly) { return proscribes(rules_of(level), anomaly); }

std::vector<ConsistencyLevel> weakest_ruled_out(std::span<const std::string> anomalies) {
  std::vector<const Rules*> out;
  for (const Rules& r : rules) {
    if (std::any_of(anomalies.begin(), anomalies.end(), [&](const std::string& a) { return proscribes(r, a); }))
      out.push_back(&r);
  }
  std::vector<ConsistencyLevel> weakest;
  for (const Rules* r : out) {
    // Of two levels with the same rules the first one speaks for both.
    const bool covered = std::any_of(out.begin(), out.end(), [r](const Rules* other) {
      return other != r && implies(*r, *other) && (!implies(*other, *r) || other < r);
    });
    if (!covered) weakest.push_back(r->level);
  }
  return weakest;
}

}  // namespace faultline::transactions
