// What people and programs are shown of a cycle.
#include "checkers/transactions/render_cycle.h"

#include <catch2/catch.hpp>
#include <set>
#include <string>

#include "planned_history.h"

namespace faultline::transactions {
namespace {

// T0 appends to two keys; another one sees only half of it.
PlannedHistory half_seen() {
  PlannedHistory plan;
  plan.add({.process = 0, .operations = {append(0, 1), append(1, 1)}});
  plan.add({.process = 1, .operations = {list(0, {1}), list(1, {})}});
  return plan;
}

TEST_CASE("cycle: the prose proves each edge") {
  const TransactionHistory history = build(half_seen());
  const TransactionVerdict verdict = check_transactions(history, {});
  REQUIRE(verdict.verdict.findings.size() == 1);
  CHECK(verdict.verdict.findings[0].text ==
        "Let T1 = op 1 {read(k0) -> [1] read(k1) -> []}, T2 = op 0 {append(k0, 1) append(k1, 1)}. T1 found nothing in k1, to "
        "which T2 "
        "appended 1 (rw: T1 before T2). T1 read k0 with 1 at its end, which T2 appended (wr: T2 before T1). That is a cycle.");
  CHECK(verdict.verdict.findings[0].witness == std::vector<std::uint32_t>{1, 0});
  CHECK(verdict.ruled_out == std::vector{ConsistencyLevel::snapshot_isolation, ConsistencyLevel::repeatable_read});
}

TEST_CASE("cycle: the same for registers") {
  PlannedHistory plan;
  plan.add({.process = 0, .operations = {write(0, 1)}});
  plan.add({.process = 1, .operations = {reg(0, 1), write(0, 2)}});
  plan.add({.process = 2, .operations = {reg(0, 2)}});
  plan.add({.process = 2, .operations = {reg(0, 1)}});
  TransactionOptions options;
  options.workload = Workload::rw_register;
  options.register_orders.writes_follow_reads = true;
  const TransactionVerdict verdict = check_transactions(build(plan), options);
  REQUIRE(verdict.cycles.size() == 2);
  CHECK(verdict.cycles[1].anomaly == "causal-cycle");
  CHECK(verdict.verdict.findings[0].text ==
        "Let T1 = op 3 {read(k0) -> 1}, T2 = op 1 {read(k0) -> 1 write(k0, 2)}, T3 = op 2 {read(k0) -> 2}. T1 read 1 from k0, "
        "which T2 "
        "replaced by 2 (rw: T1 before T2). T3 read 2 from k0, which T2 wrote (wr: T2 before T3). T3 ended before T1 began in the "
        "same "
        "process 2 (process: T3 before T1). That is a cycle.");
}

TEST_CASE("cycle: JSON and Graphviz say the same") {
  const TransactionHistory history = build(half_seen());
  const Cycle cycle = check_transactions(history, {}).cycles.at(0);
  CHECK(
      cycle_json(history, cycle) ==
      R"({"anomaly":"G-single","failure":true,"steps":[{"op":1,"process":1,"transaction":"op 1 {read(k0) -> [1] read(k1) -> []}",)"
      R"("dependency":"rw","key":"k1","value":"nil","newer":"1","because":"T1 found nothing in k1, to which T2 appended 1"},)"
      R"({"op":0,"process":0,"transaction":"op 0 {append(k0, 1) append(k1, 1)}","dependency":"wr","key":"k0","value":"1",)"
      R"("because":"T1 read k0 with 1 at its end, which T2 appended"}]})");
  const std::string dot = cycle_dot(history, cycle);
  CHECK(dot.find("T1 -> T2 [label=\"rw\"") != std::string::npos);
  CHECK(dot.find("T2 -> T1 [label=\"wr\"") != std::string::npos);
}

TEST_CASE("cycle: what is allowed is told, and is no failure") {
  TransactionOptions options;
  options.level = ConsistencyLevel::read_committed;
  const TransactionVerdict verdict = check_transactions(build(half_seen()), options);
  CHECK(verdict.verdict.outcome == checkers::Verdict::Outcome::valid);
  REQUIRE(verdict.cycles.size() == 1);
  CHECK(!verdict.cycles[0].failure);
}

TEST_CASE("cycle: half of a transaction of lists is seen at no level with atomic visibility, and the cycle says so") {
  const TransactionHistory history = build(half_seen());
  TransactionOptions options;
  options.level = ConsistencyLevel::read_committed;
  CHECK(check_transactions(history, options).verdict.outcome == checkers::Verdict::Outcome::valid);
  options.level = ConsistencyLevel::read_atomic;
  const TransactionVerdict verdict = check_transactions(history, options);
  CHECK(verdict.verdict.outcome == checkers::Verdict::Outcome::invalid);
  REQUIRE(verdict.cycles.size() == 2);
  const Cycle& cycle = verdict.cycles.front();
  CHECK(cycle.anomaly == "read-atomic-cycle");
  CHECK(cycle.failure);
  REQUIRE(cycle.steps.size() == 2);
  CHECK(
      cycle_json(history, cycle) ==
      R"({"anomaly":"read-atomic-cycle","failure":true,"steps":[{"op":0,"process":0,"transaction":"op 0 {append(k0, 1) append(k1, 1)}","dependency":"commit","key":"k1","reader":1,"because":"T1 must commit before the initial state: op 1 {read(k0) -> [1] read(k1) -> []} could see T1 and read k1, which both wrote, from the initial state"},{"op":null,"process":null,"transaction":"the initial state","dependency":"wr","because":"the initial state precedes T1"}]})");
  CHECK(cycle_dot(history, cycle).find("the initial state") != std::string::npos);
}

TEST_CASE("budget: a check whose time is over says so, wherever it is, until there is time enough for the answer") {
  const TransactionHistory history = build(half_seen());
  std::set<std::string> reasons;
  checkers::Verdict::Outcome outcome = checkers::Verdict::Outcome::unknown;
  for (int questions = 0; questions < 100 && outcome == checkers::Verdict::Outcome::unknown; ++questions) {
    int asked = 0;
    TransactionOptions options;
    options.level = ConsistencyLevel::causal;
    options.out_of_budget = [&] { return asked++ >= questions; };
    const TransactionVerdict verdict = check_transactions(history, options);
    outcome = verdict.verdict.outcome;
    if (outcome != checkers::Verdict::Outcome::unknown) break;
    INFO(questions << " questions");
    CHECK(asked > questions);
    CHECK(verdict.verdict.reason.find("the budget was used up before") != std::string::npos);
    reasons.insert(verdict.verdict.reason);
  }
  CHECK(outcome == checkers::Verdict::Outcome::invalid);
  CHECK(reasons.count("the budget was used up before all was looked for") == 1);
  CHECK(reasons.count("the budget was used up before the axioms of visibility were decided") == 1);
}

}  // namespace
}  // namespace faultline::transactions
