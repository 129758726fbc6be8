// Changes to a history that must not change what is said of it.
#include <algorithm>
#include <catch2/catch.hpp>

#include "checkers/transactions/check_transactions.h"
#include "random_transactions.h"

namespace faultline::transactions {
namespace {

constexpr std::uint64_t seed = 5;
constexpr std::uint32_t histories = 3000;

// All that is said, but for the examples.
std::string said_of(const PlannedHistory& plan, Workload workload) {
  TransactionOptions options;
  options.workload = workload;
  options.register_orders = {true, true, true};
  const TransactionVerdict verdict = check_transactions(build(plan), options);
  std::string text(to_string(verdict.verdict.outcome));
  std::vector<std::string> counts;
  for (const auto& count : verdict.verdict.counts) counts.push_back(count.anomaly + " " + std::to_string(count.count));
  std::sort(counts.begin(), counts.end());
  for (const std::string& count : counts) text += ", " + count;
  return text;
}

// Calls change(plan) for random histories of both workloads and expects the same verdict after it.
template <class Change>
void expect_same(std::string_view stream, Change change) {
  RandomStream random = RandomSource(seed).stream(stream);
  for (std::uint32_t i = 0; i < histories; ++i) {
    const Workload workload = random.chance({1, 2}) ? Workload::list_append : Workload::rw_register;
    const PlannedHistory plan = random_history(random, {.workload = workload, .transactions_max = 12, .processes_max = 5});
    PlannedHistory changed = plan;
    change(random, changed, workload);
    const std::string before = said_of(plan, workload);
    const std::string after = said_of(changed, workload);
    if (before != after) {
      FAIL("history " << i << " of seed " << seed << ": " << before << "\n"
                      << to_text(plan) << "became " << after << "\n"
                      << to_text(changed));
    }
  }
}

template <class Visit>
void for_each_operation(PlannedHistory& plan, Visit visit) {
  for (PlannedTransaction& transaction : plan.transactions) {
    for (PlannedOperation& operation : transaction.operations) visit(operation);
  }
}

TEST_CASE("transactions: values may be called anything") {
  expect_same("values", [](RandomStream& random, PlannedHistory& plan, Workload) {
    // An odd factor permutes the codes: small, dense values become large and scattered ones.
    const std::uint32_t factor = 2 * static_cast<std::uint32_t>(random.below(1u << 20)) + 1;
    const auto renamed = [factor](std::uint32_t value) { return (value * factor) & (first_text - 1); };
    for_each_operation(plan, [&](PlannedOperation& operation) {
      if (operation.value != nothing) operation.value = renamed(operation.value);
      for (std::uint32_t& value : operation.list) value = renamed(value);
    });
  });
}

TEST_CASE("transactions: keys may be called anything") {
  expect_same("keys", [](RandomStream&, PlannedHistory& plan, Workload) {
    for_each_operation(plan, [&](PlannedOperation& operation) { operation.key = 17 - 5 * operation.key; });
  });
}

TEST_CASE("transactions: processes may be called anything") {
  expect_same("processes", [](RandomStream&, PlannedHistory& plan, Workload) {
    for (PlannedTransaction& transaction : plan.transactions) transaction.process = -7 * transaction.process - 3;
  });
}

TEST_CASE("transactions: an unrelated key changes nothing") {
  expect_same("unrelated", [](RandomStream& random, PlannedHistory& plan, Workload workload) {
    const bool lists = workload == Workload::list_append;
    std::uint32_t value = 0;
    std::vector<std::uint32_t> values;
    // In the order of the events, each write goes to a key of its own and nobody reads it.
    for (PlannedTransaction& transaction : plan.transactions) {
      if (!random.chance({1, 2})) continue;
      ++value;
      const PlannedOperation operation = lists ? append(50 + value, value) : write(50 + value, value);
      const auto at = static_cast<std::ptrdiff_t>(random.below(transaction.operations.size() + 1));
      transaction.operations.insert(transaction.operations.begin() + at, operation);
    }
  });
}

TEST_CASE("transactions: a failed transaction of which nothing was read may be left out") {
  expect_same("failed", [](RandomStream&, PlannedHistory& plan, Workload) {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> read;
    std::vector<std::pair<std::uint32_t, std::uint32_t>> written;
    for_each_operation(plan, [&](PlannedOperation& operation) {
      if (operation.function == Function::read_register) read.emplace_back(operation.key, operation.value);
      for (const std::uint32_t value : operation.list) read.emplace_back(operation.key, value);
      if (operation.function == Function::append || operation.function == Function::write) {
        written.emplace_back(operation.key, operation.value);
      }
    });
    for (PlannedTransaction& transaction : plan.transactions) {
      const bool seen = std::any_of(transaction.operations.begin(), transaction.operations.end(), [&](const PlannedOperation& o) {
        const std::pair place(o.key, o.value);
        return std::count(read.begin(), read.end(), place) > 0 || std::count(written.begin(), written.end(), place) > 1;
      });
      if (transaction.outcome == checkers::Outcome::fail && !seen) transaction.operations.clear();
    }
  });
}

TEST_CASE("transactions: a key split into two histories' worth of keys is judged key by key") {
  // Twice the same history on other keys and in other processes, one copy after the other: everything of data is there twice.
  RandomStream random = RandomSource(seed).stream("split");
  for (std::uint32_t i = 0; i < histories; ++i) {
    const PlannedHistory plan = random_history(random, {.workload = Workload::list_append, .transactions_max = 8});
    PlannedHistory twice = plan;
    const auto count = static_cast<std::uint32_t>(plan.transactions.size());
    for (PlannedTransaction transaction : plan.transactions) {
      transaction.process += 100;
      for (PlannedOperation& operation : transaction.operations) operation.key += 100;
      twice.transactions.push_back(transaction);
    }
    for (const PlannedEvent& event : plan.events) twice.events.push_back({event.transaction + count, event.ended});
    const TransactionVerdict once = check_transactions(build(plan), {});
    const TransactionVerdict both = check_transactions(build(twice), {});
    INFO("history " << i << " of seed " << seed << "\n" << to_text(plan));
    REQUIRE(once.verdict.counts.size() == both.verdict.counts.size());
    for (const auto& anomaly : once.verdict.counts) REQUIRE(both.verdict.count(anomaly.anomaly) == 2 * anomaly.count);
  }
}

}  // namespace
}  // namespace faultline::transactions
