// The checker against the definitions (naive_transactions.h): the same anomalies, the same number of times, and cycles that are real,
// simple and as short as can be.
#include <catch2/catch.hpp>
#include <set>

#include "base/random.h"
#include "checkers/transactions/check_transactions.h"
#include "checkers/transactions/cycle_kind.h"
#include "naive_transactions.h"
#include "planted_cycle.h"
#include "random_transactions.h"

namespace faultline::transactions {
namespace {

constexpr std::uint64_t seed = 2024;
constexpr std::uint32_t histories = 200'000;

bool is_visibility(const std::string& name) { return name.find("-cycle") != std::string::npos; }

// What the checker says but for the axioms of visibility, which have an oracle of their own.
NaiveCounts counts_of(const TransactionVerdict& verdict) {
  NaiveCounts counts;
  for (const auto& count : verdict.verdict.counts) {
    if (!is_visibility(count.anomaly)) counts[count.anomaly] = count.count;
  }
  return counts;
}

std::string text(const NaiveCounts& counts) {
  std::string result;
  for (const auto& [name, count] : counts) result += name + " " + std::to_string(count) + ", ";
  return result;
}

std::string text(const std::set<std::string>& names) {
  std::string result;
  for (const std::string& name : names) result += name + ", ";
  return result;
}

// Empty, or what is wrong with the cycle.
std::string fault_of(const Cycle& cycle, const SmallGraph& graph) {
  std::set<std::uint32_t> visited;
  std::vector<CycleEdge> edges;
  for (std::size_t i = 0; i < cycle.steps.size(); ++i) {
    const CycleStep& step = cycle.steps[i];
    const auto kind = static_cast<EdgeKind>(step.dependency);
    if (!visited.insert(step.transaction).second) return "it visits a transaction twice";
    if (!graph.has(step.transaction, cycle.steps[(i + 1) % cycle.steps.size()].transaction, kind)) return "an edge is not there";
    if (step.text.empty()) return "an edge has no proof";
    if (kind == EdgeKind::ww && step.newer == nil) return "an edge has no evidence";
    edges.push_back({step.transaction, kind});
  }
  const CycleClass cycle_class = classify(edges);
  if (cycle_name(cycle_class.kind, cycle_class.order) != cycle.anomaly) return "it is not what it is called";
  return {};
}

// The same for a cycle of visibility: commits, reads and sessions.
std::string fault_of_visibility(const Cycle& cycle, const NaiveTransactions& naive) {
  bool forced = false;
  for (std::size_t i = 0; i < cycle.steps.size(); ++i) {
    const CycleStep& step = cycle.steps[i];
    const std::uint32_t next = cycle.steps[(i + 1) % cycle.steps.size()].transaction;
    if (step.text.empty()) return "an edge has no proof";
    if (step.transaction == initial_state || next == initial_state) continue;
    if (step.dependency == Dependency::commit && (step.reader == step.transaction || step.reader == next))
      return "it reads its own";
    if (step.dependency == Dependency::ww && !naive.graph().has(step.transaction, next, EdgeKind::ww))
      return "versions are not in that order";
    if (step.dependency == Dependency::wr && !naive.reads_from(next, step.transaction)) return "nothing was read";
    if (step.dependency == Dependency::rw || step.dependency == Dependency::realtime) return "an edge does not belong there";
    forced = forced || step.dependency == Dependency::commit;
  }
  return forced || cycle.steps.front().transaction == initial_state || cycle.steps.back().transaction == initial_state
             ? std::string()
             : "no axiom is in it";
}

// Empty, or how the checker differs from the definitions.
std::string difference(const TransactionHistory& history, const TransactionOptions& options, NaiveCounts& met) {
  const TransactionVerdict verdict = check_transactions(history, options);
  for (const auto& count : verdict.verdict.counts) met[count.anomaly] += count.count;
  const NaiveTransactions naive(history, options);
  NaiveCounts expected = naive.counts();
  OrderKind strongest = OrderKind::none;
  for (const OrderKind order : order_kinds) {
    if (proscribes(options.level, cycle_name(CycleKind::g0, order))) strongest = order;
  }
  const auto cycles = NaiveCycles(naive.graph()).find(strongest);
  for (const auto& [name, lengths] : cycles) expected[name] = lengths.size();
  const NaiveCounts actual = counts_of(verdict);
  if (actual != expected) return "found " + text(actual) + "but there is " + text(expected);
  for (const Cycle& cycle : verdict.cycles) {
    if (is_visibility(cycle.anomaly)) {
      const std::string fault = fault_of_visibility(cycle, naive);
      if (!fault.empty()) return cycle.anomaly + ": " + fault;
      continue;
    }
    const std::string fault = fault_of(cycle, naive.graph());
    if (!fault.empty()) return cycle.anomaly + ": " + fault;
    if (cycles.at(cycle.anomaly).count(cycle.steps.size()) == 0) return cycle.anomaly + ": it is not as short as can be";
  }
  std::set<std::string> names;
  for (const auto& count : verdict.verdict.counts) {
    if (is_visibility(count.anomaly)) names.insert(count.anomaly);
  }
  const auto all = naive.visibility();
  if (all && names != *all) return "of visibility found " + text(names) + "but there is " + text(*all);
  bool failure = false;
  for (const auto& [name, count] : expected) failure = failure || proscribes(options.level, name);
  const bool invalid = verdict.verdict.outcome == checkers::Verdict::Outcome::invalid;
  if (failure && !invalid) return "the verdict is not invalid";
  return {};
}

// The anomalies, all cycles among them, that a run of random histories has hardly met: it would have proved nothing about them.
std::string missing(const NaiveCounts& met, std::vector<std::string> names) {
  for (const OrderKind order : order_kinds) {
    for (const CycleKind kind : cycle_kinds) names.push_back(cycle_name(kind, order));
  }
  std::string result;
  for (const std::string& name : names) {
    const auto it = met.find(name);
    if (it == met.end() || it->second < 20) result += name + " " + std::to_string(it == met.end() ? 0 : it->second) + ", ";
  }
  return result;
}

ConsistencyLevel any_level(RandomStream& random) {
  if (random.chance({1, 2})) return ConsistencyLevel::strict_serializable;
  return random.pick(all_consistency_levels());
}

// A random history; one in four is made of a cycle of random shape, for the rarer kinds.
PlannedHistory any_history(RandomStream& random, Workload workload) {
  if (!random.chance({1, 4})) return random_history(random, {.workload = workload});
  const auto length = static_cast<std::uint32_t>(random.between(2, 6));
  const std::vector<EdgeKind> shape = random_shape(random, length, 3, workload);
  const PlannedHistory cycle = planted_cycle(shape, workload, 0, 0);
  if (random.chance({1, 2})) return cycle;
  return merged(random, random_history(random, {.workload = workload, .transactions_max = 3, .keys_max = 5}), cycle);
}

TEST_CASE("transactions: lists are judged as the definitions judge them") {
  RandomStream random = RandomSource(seed).stream("lists");
  NaiveCounts met;
  for (std::uint32_t i = 0; i < histories; ++i) {
    const PlannedHistory plan = any_history(random, Workload::list_append);
    TransactionOptions options;
    options.level = any_level(random);
    options.findings_per_anomaly = 2;
    const std::string what = difference(build(plan), options, met);
    if (!what.empty()) {
      FAIL("history " << i << " of seed " << seed << ", level " << to_string(options.level) << ": " << what << "\n"
                      << to_text(plan));
    }
  }
  CHECK(missing(met, {"internal", "future-read", "G1a", "G1b", "garbage-read", "duplicate-elements", "incompatible-order",
                      "dirty-update", "lost-update", "read-atomic-cycle", "causal-cycle"}) == "");
}

TEST_CASE("transactions: registers are judged as the definitions judge them") {
  RandomStream random = RandomSource(seed).stream("registers");
  NaiveCounts met;
  for (std::uint32_t i = 0; i < histories; ++i) {
    const PlannedHistory plan = any_history(random, Workload::rw_register);
    TransactionOptions options;
    options.workload = Workload::rw_register;
    options.level = any_level(random);
    options.findings_per_anomaly = 2;
    options.register_orders.sequential_keys = random.chance({1, 2});
    options.register_orders.linearizable_keys = random.chance({1, 2});
    options.register_orders.writes_follow_reads = random.chance({1, 2});
    const std::string what = difference(build(plan), options, met);
    if (!what.empty()) {
      FAIL("history " << i << " of seed " << seed << ", level " << to_string(options.level) << ": " << what << "\n"
                      << to_text(plan));
    }
  }
  CHECK(missing(met, {"internal", "future-read", "G1a", "G1b", "garbage-read", "lost-update", "cyclic-versions",
                      "read-committed-cycle", "read-committed-cycle-process", "read-atomic-cycle", "causal-cycle"}) == "");
}

}  // namespace
}  // namespace faultline::transactions
