// What is planted in an execution without anomalies is found, under its name, and nothing worse is claimed.
#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>

#include "checkers/transactions/check_transactions.h"
#include "planted_cycle.h"
#include "random_transactions.h"

namespace faultline::transactions {
namespace {

constexpr std::uint64_t seed = 11;

PlannedHistory valid_history(RandomStream& random, Workload workload) {
  return random_history(random, {.workload = workload, .transactions_max = 40, .processes_max = 6, .valid = true});
}

std::vector<std::string> names_of(const TransactionVerdict& verdict) {
  std::vector<std::string> names;
  for (const auto& count : verdict.verdict.counts) names.push_back(count.anomaly);
  return names;
}

TransactionOptions options_for(Workload workload) {
  TransactionOptions options;
  options.workload = workload;
  return options;
}

TEST_CASE("transactions: an execution one after another has no anomaly at any level") {
  RandomStream random = RandomSource(seed).stream("valid");
  for (std::uint32_t i = 0; i < 2000; ++i) {
    for (const Workload workload : {Workload::list_append, Workload::rw_register}) {
      const PlannedHistory plan = valid_history(random, workload);
      TransactionOptions options = options_for(workload);
      options.register_orders = {true, true, true};
      const TransactionVerdict verdict = check_transactions(build(plan), options);
      if (!verdict.verdict.counts.empty()) FAIL(verdict.verdict.findings.front().text << "\n" << to_text(plan));
      REQUIRE(verdict.verdict.outcome == checkers::Verdict::Outcome::valid);
      REQUIRE(verdict.ruled_out.empty());
    }
  }
}

TEST_CASE("transactions: a planted cycle is found and named") {
  RandomStream random = RandomSource(seed).stream("cycles");
  for (std::uint32_t i = 0; i < 5000; ++i) {
    const Workload workload = random.chance({1, 2}) ? Workload::list_append : Workload::rw_register;
    const auto length = static_cast<std::uint32_t>(random.between(2, 7));
    const std::vector<EdgeKind> shape = random_shape(random, length, 1, workload);
    std::vector<CycleEdge> edges;
    for (const EdgeKind kind : shape) edges.push_back({static_cast<std::uint32_t>(edges.size()), kind});
    const CycleClass expected = classify(edges);
    const std::string name = cycle_name(expected.kind, expected.order);
    const PlannedHistory host = valid_history(random, workload);
    const PlannedHistory plan = merged(random, host, planted_cycle(shape, workload, 100, 100));
    const TransactionVerdict verdict = check_transactions(build(plan), options_for(workload));
    INFO("history " << i << " of seed " << seed << "\n" << to_text(plan));
    const std::vector<std::string> names = names_of(verdict);
    REQUIRE(std::find(names.begin(), names.end(), name) != names.end());
    REQUIRE(verdict.verdict.outcome == checkers::Verdict::Outcome::invalid);
    const auto found =
        std::find_if(verdict.cycles.begin(), verdict.cycles.end(), [&](const Cycle& c) { return c.anomaly == name; });
    REQUIRE(found != verdict.cycles.end());
    REQUIRE(found->steps.size() == shape.size());
    // What ends before something that it follows drags its surroundings into cycles of real time. Data alone does not.
    // (The axioms of visibility say about some of these cycles once more that they are.)
    const auto others = std::count_if(verdict.cycles.begin(), verdict.cycles.end(),
                                      [](const Cycle& cycle) { return cycle.anomaly.find("-cycle") == std::string::npos; });
    if (expected.order == OrderKind::none) REQUIRE(others == 1);
  }
}

// Something to plant: what it does to a history, and the anomaly it is.
struct Plant {
  const char* name;
  Workload workload;
  std::vector<std::vector<PlannedOperation>> transactions;
  checkers::Outcome first = checkers::Outcome::ok;
};

const std::vector<Plant>& plants() {
  using enum Workload;
  constexpr auto failed = checkers::Outcome::fail;
  static const std::vector<Plant> all{
      {"G1a", list_append, {{append(100, 1)}, {list(100, {1})}}, failed},
      {"G1b", list_append, {{append(100, 1), append(100, 2)}, {list(100, {1})}}},
      {"internal", list_append, {{append(100, 1), list(100, {})}}},
      {"internal", list_append, {{append(100, 1)}, {list(100, {1}), list(100, {})}}},
      {"future-read", list_append, {{list(100, {1}), append(100, 1)}}},
      {"garbage-read", list_append, {{list(100, {5})}}},
      {"duplicate-elements", list_append, {{append(100, 1)}, {list(100, {1, 1})}}},
      {"incompatible-order", list_append, {{append(100, 1)}, {append(100, 2)}, {list(100, {1, 2})}, {list(100, {2, 1})}}},
      {"dirty-update", list_append, {{append(100, 1)}, {append(100, 2)}, {list(100, {1, 2})}}, failed},
      {"lost-update", list_append, {{append(100, 1)}, {list(100, {1}), append(100, 2)}, {list(100, {1}), append(100, 3)}}},
      {"G1a", rw_register, {{write(100, 1)}, {reg(100, 1)}}, failed},
      {"G1b", rw_register, {{write(100, 1), write(100, 2)}, {reg(100, 1)}}},
      {"internal", rw_register, {{write(100, 1), reg(100, nothing)}}},
      {"future-read", rw_register, {{reg(100, 1), write(100, 1)}}},
      {"garbage-read", rw_register, {{reg(100, 5)}}},
      {"lost-update", rw_register, {{write(100, 1)}, {reg(100, 1), write(100, 2)}, {reg(100, 1), write(100, 3)}}},
      {"read-committed-cycle", rw_register, {{write(100, 1)}, {reg(100, 1), write(100, 2)}, {reg(100, 2), reg(100, 1)}}},
      {"read-atomic-cycle", rw_register, {{write(100, 1), write(101, 1)}, {reg(100, nothing), reg(101, 1)}}},
      {"causal-cycle", rw_register, {{write(100, 1)}, {reg(100, 1), write(101, 1)}, {reg(101, 1), reg(100, nothing)}}},
  };
  return all;
}

TEST_CASE("transactions: every planted anomaly of single keys is found and named") {
  RandomStream random = RandomSource(seed).stream("plants");
  for (const Plant& plant : plants()) {
    for (std::uint32_t i = 0; i < 100; ++i) {
      PlannedHistory guest;
      for (const auto& operations : plant.transactions) {
        PlannedTransaction transaction{.process = 100 + static_cast<std::int32_t>(guest.transactions.size()),
                                       .operations = operations};
        if (guest.transactions.empty()) transaction.outcome = plant.first;
        guest.add(transaction);
      }
      const PlannedHistory plan = merged(random, valid_history(random, plant.workload), guest);
      const TransactionVerdict verdict = check_transactions(build(plan), options_for(plant.workload));
      INFO(plant.name << ", history " << i << " of seed " << seed << "\n" << to_text(plan));
      REQUIRE(verdict.verdict.count(plant.name) == 1);
      REQUIRE(verdict.verdict.outcome == checkers::Verdict::Outcome::invalid);
    }
  }
}

TEST_CASE("transactions: versions that would precede themselves are told") {
  PlannedHistory plan;
  plan.add({.process = 0, .operations = {reg(0, 1), write(0, 2)}});
  plan.add({.process = 1, .operations = {reg(0, 2), write(0, 1)}});
  TransactionOptions options = options_for(Workload::rw_register);
  options.register_orders.writes_follow_reads = true;
  CHECK(check_transactions(build(plan), options).verdict.count("cyclic-versions") == 1);
}

}  // namespace
}  // namespace faultline::transactions
