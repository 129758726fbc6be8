// Histories that no well-behaved test produces: an answer, never a crash, and no claim about what cannot be known.
#include <catch2/catch.hpp>
#include <vector>

#include "base/random.h"
#include "checkers/transactions/check_transactions.h"
#include "checkers/transactions/render_cycle.h"
#include "planned_history.h"
#include "random_transactions.h"

namespace faultline::transactions {
namespace {

using checkers::Outcome;
using VerdictOutcome = checkers::Verdict::Outcome;

TransactionVerdict judge(const PlannedHistory& plan, Workload workload = Workload::list_append) {
  TransactionOptions options;
  options.workload = workload;
  return check_transactions(build(plan), options);
}

TEST_CASE("transactions: an empty history and empty transactions are valid") {
  CHECK(judge({}).verdict.outcome == VerdictOutcome::valid);
  PlannedHistory plan;
  plan.add({});
  plan.add({.process = 1, .outcome = Outcome::fail});
  plan.add({.process = 2, .outcome = Outcome::indefinite});
  CHECK(judge(plan).verdict.outcome == VerdictOutcome::valid);
  CHECK(judge(plan, Workload::rw_register).verdict.outcome == VerdictOutcome::valid);
}

TEST_CASE("transactions: a value appended twice leaves its key undecided, and the others judged") {
  PlannedHistory plan;
  plan.add({.operations = {append(0, 1)}});
  plan.add({.process = 1, .operations = {append(0, 1), list(0, {1, 1})}});
  const TransactionVerdict unknown = judge(plan);
  CHECK(unknown.verdict.outcome == VerdictOutcome::unknown);
  CHECK(unknown.verdict.reason.find("written more than once") != std::string::npos);
  plan.add({.process = 2, .operations = {list(1, {9})}});
  CHECK(judge(plan).verdict.outcome == VerdictOutcome::invalid);
  CHECK(judge(plan).verdict.count("garbage-read") == 1);
}

TEST_CASE("transactions: operations of the other workload are not guessed at") {
  PlannedHistory plan;
  plan.add({.operations = {append(0, 1), write(1, 1), reg(1, 1)}});
  CHECK(judge(plan).verdict.outcome == VerdictOutcome::unknown);
  CHECK(judge(plan, Workload::rw_register).verdict.outcome == VerdictOutcome::unknown);
}

TEST_CASE("transactions: an indefinite transaction took effect only if someone saw it") {
  PlannedHistory plan;
  plan.add({.outcome = Outcome::indefinite, .operations = {append(0, 1), append(1, 1)}});
  plan.add({.process = 1, .operations = {list(0, {}), list(1, {})}});
  CHECK(judge(plan).verdict.outcome == VerdictOutcome::valid);
  // Seen in one key, it counts in the other: whoever misses it there came before.
  plan.add({.process = 1, .operations = {list(0, {1}), list(1, {})}});
  CHECK(judge(plan).verdict.count("G-single") == 1);
}

TEST_CASE("transactions: an indefinite transaction may take effect after its end") {
  PlannedHistory plan;
  plan.add({.outcome = Outcome::indefinite, .operations = {append(0, 1)}});
  plan.add({.process = 1, .operations = {list(0, {})}});
  plan.add({.process = 1, .operations = {list(0, {1})}});
  CHECK(judge(plan).verdict.outcome == VerdictOutcome::valid);
  plan.transactions[0].outcome = Outcome::ok;
  CHECK(judge(plan).verdict.count("G-single-realtime") == 1);
}

TEST_CASE("transactions: without time there is no real-time order, but there are processes") {
  PlannedHistory plan;
  plan.add({.process = 0, .operations = {append(0, 1)}});
  plan.add({.process = 1, .operations = {list(0, {})}});
  TransactionHistory history = build(plan);
  CHECK(check_transactions(history, {}).verdict.count("G-single-realtime") == 1);
  history.has_realtime = false;
  CHECK(check_transactions(history, {}).verdict.outcome == VerdictOutcome::valid);
  plan.transactions[1].process = 0;
  history = build(plan);
  history.has_realtime = false;
  CHECK(check_transactions(history, {}).verdict.count("G-single-process") == 1);
}

TEST_CASE("transactions: without a budget left the answer is unknown") {
  PlannedHistory plan;
  plan.add({.operations = {append(0, 1)}});
  TransactionOptions options;
  options.out_of_budget = [] { return true; };
  const TransactionVerdict verdict = check_transactions(build(plan), options);
  CHECK(verdict.verdict.outcome == VerdictOutcome::unknown);
  CHECK(!verdict.verdict.reason.empty());
}

TEST_CASE("transactions: one transaction of 100,000 operations costs no more than many small ones") {
  PlannedTransaction transaction;
  std::vector<std::uint32_t> values;
  for (std::uint32_t i = 1; i <= 100'000; ++i) {
    transaction.operations.push_back(append(0, i));
    values.push_back(i);
  }
  transaction.operations.push_back(list(0, values));
  PlannedHistory plan;
  plan.add(transaction);
  plan.add({.process = 1, .operations = {list(0, values)}});
  const TransactionVerdict verdict = judge(plan);
  CHECK(verdict.verdict.outcome == VerdictOutcome::valid);
}

TEST_CASE("transactions: many readers of the last version before many writers make few edges") {
  // 20,000 transactions read nothing and 20,000 append what is never read: 400 million pairs. One of them is on a cycle.
  PlannedHistory plan;
  const std::uint32_t many = 20'000;
  for (std::uint32_t i = 0; i < 2 * many; ++i) {
    PlannedTransaction transaction{.process = static_cast<std::int32_t>(i)};
    transaction.operations.push_back(i < many ? list(0, {}) : append(0, i));
    plan.transactions.push_back(transaction);
    plan.events.push_back({i, false});
  }
  for (std::uint32_t i = 0; i < 2 * many; ++i) plan.events.push_back({i, true});
  CHECK(judge(plan).verdict.outcome == VerdictOutcome::valid);
  plan.transactions[many + 7].operations.push_back(append(1, 1));
  plan.transactions[7].operations.push_back(list(1, {1}));
  const TransactionVerdict verdict = judge(plan);
  REQUIRE(verdict.cycles.size() == 1);
  CHECK(verdict.cycles[0].anomaly == "G-single");
  CHECK(verdict.cycles[0].steps.size() == 2);
}

TEST_CASE("transactions: one component of 10,000 transactions yields its shortest cycle, and a page about it") {
  const std::uint32_t count = 10'000;
  PlannedHistory plan;
  for (std::uint32_t i = 0; i < count; ++i) {
    plan.transactions.push_back(
        {.process = static_cast<std::int32_t>(i), .operations = {append(i, 1), list((i + 1) % count, {})}});
    plan.events.push_back({i, false});
  }
  for (std::uint32_t i = 0; i < count; ++i) plan.events.push_back({i, true});
  TransactionVerdict verdict = judge(plan);
  REQUIRE(verdict.cycles.size() == 1);
  CHECK(verdict.cycles[0].anomaly == "G2-item");
  CHECK(verdict.cycles[0].steps.size() == count);
  CHECK(verdict.verdict.findings[0].text.size() < 5000);
  CHECK(cycle_dot(build(plan), verdict.cycles[0]).size() < 20'000);
  // A shortcut: transaction 9,000 misses the write of transaction 10 as well, which leaves a ring of 9,000 - 10 + 1.
  plan.transactions[9000].operations.push_back(list(10, {}));
  verdict = judge(plan);
  REQUIRE(verdict.cycles.size() == 1);
  CHECK(verdict.cycles[0].steps.size() == 8991);
}

TEST_CASE("transactions: anything at all gets an answer") {
  RandomStream random = RandomSource(3).stream("anything");
  for (std::uint32_t i = 0; i < 5000; ++i) {
    PlannedHistory plan;
    const std::uint64_t count = random.below(8);
    for (std::uint64_t t = 0; t < count; ++t) {
      PlannedTransaction transaction{.process = static_cast<std::int32_t>(random.below(2)),
                                     .outcome = static_cast<Outcome>(random.below(3))};
      const std::uint64_t operations = random.below(5);
      for (std::uint64_t o = 0; o < operations; ++o) {
        PlannedOperation operation;
        operation.function = static_cast<Function>(random.below(5));
        operation.key = static_cast<std::uint32_t>(random.below(2));
        operation.value = random.chance({1, 6}) ? nothing : static_cast<std::uint32_t>(random.below(4));
        const std::uint64_t length = random.below(4);
        for (std::uint64_t e = 0; e < length; ++e) operation.list.push_back(static_cast<std::uint32_t>(random.below(4)));
        transaction.operations.push_back(operation);
      }
      plan.add(transaction);
    }
    const TransactionHistory history = build(plan);
    for (const Workload workload : {Workload::list_append, Workload::rw_register}) {
      TransactionOptions options;
      options.workload = workload;
      options.register_orders = {true, true, true};
      const TransactionVerdict verdict = check_transactions(history, options);
      for (const Cycle& cycle : verdict.cycles) REQUIRE(cycle_json(history, cycle).front() == '{');
    }
  }
}

}  // namespace
}  // namespace faultline::transactions
