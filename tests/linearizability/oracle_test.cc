// Every model and every path of the checker against the definition, on random small histories.
#include "oracle.h"

#include <catch2/catch.hpp>

#include "checkers/linearizability/check.h"
#include "samples.h"

namespace faultline::linearizability {
namespace {

constexpr std::uint64_t seed = 20260722;
constexpr int histories = 200'000;

// Compares the checker with the oracle on random histories; counts both kinds, so that neither is missing.
template <class Samples>
void compare(const Samples& samples, const typename Samples::Model& model, std::string_view name, int count = histories) {
  using M = typename Samples::Model;
  RandomStream random = RandomSource(seed).stream(name);
  std::vector<OperationOf<M>> operations;
  const Options with_search{.witness_steps = 0, .fast_paths = false};
  const Options without_witness{.witness_steps = 0};
  const Options with_witness{};
  constexpr bool has_shortcuts = Decidable<M> || Refinable<M>;
  int valid = 0;
  for (int i = 0; i < count; ++i) {
    draw_history(samples, random, operations);
    const std::span<const OperationOf<M>> all(operations);
    const bool expected = Oracle<M>(model, all).linearizable();
    valid += expected ? 1 : 0;
    const auto outcome = expected ? checkers::Verdict::Outcome::valid : checkers::Verdict::Outcome::invalid;
    const Result decided = check(model, all, i % 4 == 0 ? with_witness : without_witness);
    const Result searched = has_shortcuts ? check_model(model, all, with_search) : decided;
    const bool agree = searched.outcome == outcome && decided.outcome == outcome;
    const bool explained = !expected || explains(model, all, searched.linearization);
    std::vector<OperationOf<M>> witness;
    for (const WitnessOperation& operation : decided.witness) witness.push_back(operations[operation.index]);
    const bool witnessed = expected || !Oracle<M>(model, witness).linearizable();
    if (agree && explained && witnessed) continue;
    for (const auto& operation : operations) {
      UNSCOPED_INFO("events " << operation.invoke_index << " to " << operation.completion_index << ": "
                              << model.describe(operation.input, operation.ok() ? &operation.output : nullptr));
    }
    UNSCOPED_INFO("seed " << seed << ", stream " << name << ", history " << i);
    REQUIRE(to_string(searched.outcome) == to_string(outcome));
    REQUIRE(to_string(decided.outcome) == to_string(outcome));
    REQUIRE(explained);
    REQUIRE(witnessed);
  }
  INFO(name << ": " << valid << " of " << count << " were valid");
  CHECK(valid > count / 10);
  CHECK(valid < count - count / 20);
}

TEST_CASE("linearizability: registers with compare-and-set are judged as the definition says") {
  compare(RegisterSamples{}, Register{}, "cas register");
}

TEST_CASE("linearizability: registers without compare-and-set are judged as the definition says") {
  compare(RegisterSamples{.cas = false, .distinct = false}, Register{}, "register", histories / 2);
  compare(RegisterSamples{.cas = false, .distinct = true}, Register{}, "register, distinct values");
}

TEST_CASE("linearizability: registers that are accessed together are judged as the definition says") {
  compare(MultiRegisterSamples{}, MultiRegister{}, "multi-register");
}

TEST_CASE("linearizability: key-value stores are judged as the definition says") { compare(KvSamples{}, Kv{}, "kv"); }

TEST_CASE("linearizability: mutexes are judged as the definition says") {
  compare(MutexSamples{.check_owner = false}, Mutex{}, "mutex", histories / 2);
  compare(MutexSamples{.check_owner = true}, Mutex{.check_owner = true}, "mutex with owners", histories / 2);
}

TEST_CASE("linearizability: sets are judged as the definition says") {
  compare(SetSamples{}, Set{}, "set", histories / 2);
  compare(SetSamples{.reads = false}, Set{}, "set without reads of the whole", histories / 2);
  compare(SetSamples{.only_adds = true}, Set{}, "set that grows");
}

TEST_CASE("linearizability: queues are judged as the definition says") {
  compare(SequenceSamples<Queue, false>{.distinct = false}, Queue{}, "queue", histories / 2);
  compare(SequenceSamples<Queue, false>{.distinct = true}, Queue{}, "queue, distinct values");
}

TEST_CASE("linearizability: stacks are judged as the definition says") {
  compare(SequenceSamples<Stack, true>{.distinct = false}, Stack{}, "stack", histories / 2);
  compare(SequenceSamples<Stack, true>{.distinct = true}, Stack{}, "stack, distinct values");
}

TEST_CASE("linearizability: logs are judged as the definition says") {
  compare(LogSamples{.offsets = true, .distinct = false}, Log{}, "log with offsets", histories / 2);
  compare(LogSamples{.offsets = false, .distinct = true}, Log{}, "log that is read whole");
}

TEST_CASE("linearizability: trees of znodes are judged as the definition says") { compare(ZnodeSamples{}, Znodes{}, "znodes"); }

}  // namespace
}  // namespace faultline::linearizability
