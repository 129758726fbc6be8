// What must not change a verdict, and what may change it in one direction only, on random histories; and the algorithms without a
// search against the search, on histories too long for the definition.
#include <catch2/catch.hpp>
#include <string>

#include "checkers/linearizability/check.h"
#include "samples.h"

namespace faultline::linearizability {
namespace {

using Verdict = checkers::Verdict;

constexpr std::uint64_t seed = 20260723;
constexpr int histories = 5'000;
const Options verdict_only{.witness_steps = 0};

template <class Samples, class Relation>
void on_random_histories(const Samples& samples, std::string_view name, Relation relation) {
  RandomStream random = RandomSource(seed).stream(name);
  std::vector<OperationOf<typename Samples::Model>> operations;
  for (int i = 0; i < histories; ++i) {
    draw_history(samples, random, operations);
    INFO("seed " << seed << ", stream " << name << ", history " << i);
    relation(random, operations);
  }
}

TEST_CASE("linearizability: the order of the operations in memory and the names of the processes do not matter") {
  on_random_histories(RegisterSamples{}, "order", [](RandomStream& random, std::vector<RegisterOperation>& operations) {
    const auto before = check(Register{}, operations, verdict_only).outcome;
    random.shuffle(std::span(operations));
    for (RegisterOperation& operation : operations) operation.process = 100 - operation.process;
    REQUIRE(check(Register{}, operations, verdict_only).outcome == before);
  });
}

TEST_CASE("linearizability: other names for the values do not change the verdict") {
  const auto renamed = [](Value value) { return value == nil ? nil : 1000 - value * 7; };
  on_random_histories(RegisterSamples{}, "register values", [&](RandomStream&, std::vector<RegisterOperation>& operations) {
    const auto before = check(Register{}, operations, verdict_only).outcome;
    for (RegisterOperation& operation : operations) {
      operation.input.value = renamed(operation.input.value);
      operation.input.expected = renamed(operation.input.expected);
      operation.output.value = renamed(operation.output.value);
    }
    REQUIRE(check(Register{}, operations, verdict_only).outcome == before);
  });
  on_random_histories(SequenceSamples<Queue, false>{}, "queue values",
                      [&](RandomStream&, std::vector<QueueOperation>& operations) {
                        const auto before = check(Queue{}, operations, verdict_only).outcome;
                        for (QueueOperation& operation : operations) {
                          operation.input.value = renamed(operation.input.value);
                          operation.output.value = renamed(operation.output.value);
                        }
                        REQUIRE(check(Queue{}, operations, verdict_only).outcome == before);
                      });
}

TEST_CASE(
    "linearizability: an operation with no effect on others may come: an unrelated key, an indefinite one that nothing needs") {
  on_random_histories(RegisterSamples{}, "more", [](RandomStream& random, std::vector<RegisterOperation>& operations) {
    const auto before = check(Register{}, operations, verdict_only).outcome;
    const auto end = static_cast<std::uint32_t>(2 * operations.size());
    RegisterOperation other{.invoke_index = end, .completion_index = end + 1, .outcome = Outcome::ok};
    other.input = {.kind = RegisterInput::Kind::write, .key = 7, .value = 1};
    operations.push_back(other);
    other.invoke_index = end + 2;
    other.completion_index = end + 3;
    other.input.kind = RegisterInput::Kind::read;
    other.output.value = 1;
    operations.push_back(other);
    REQUIRE(check(Register{}, operations, verdict_only).outcome == before);
    // An indefinite write, invoked last, can explain nothing.
    RegisterOperation late{.invoke_index = end + 4};
    late.input = {.kind = RegisterInput::Kind::write, .value = static_cast<Value>(random.below(3))};
    operations.push_back(late);
    REQUIRE(check(Register{}, operations, verdict_only).outcome == before);
  });
}

TEST_CASE("linearizability: a valid history stays valid without its reads, and if more of its operations are indefinite") {
  on_random_histories(KvSamples{}, "less", [](RandomStream& random, std::vector<KvOperation>& operations) {
    if (check(Kv{}, operations, verdict_only).outcome != Verdict::Outcome::valid) return;
    operations[random.below(operations.size())].outcome = Outcome::indefinite;
    REQUIRE(check(Kv{}, operations, verdict_only).outcome == Verdict::Outcome::valid);
    std::erase_if(operations, [](const KvOperation& operation) { return operation.input.kind == KvInput::Kind::get; });
    REQUIRE(check(Kv{}, operations, verdict_only).outcome == Verdict::Outcome::valid);
  });
}

TEST_CASE("linearizability: a history of two keys is valid if and only if each key is") {
  on_random_histories(RegisterSamples{}, "split", [](RandomStream& random, std::vector<RegisterOperation>& operations) {
    for (RegisterOperation& operation : operations) operation.input.key = static_cast<Key>(random.below(2));
    std::vector<RegisterOperation> first = operations;
    std::vector<RegisterOperation> second = operations;
    std::erase_if(first, [](const RegisterOperation& operation) { return operation.input.key != 0; });
    std::erase_if(second, [](const RegisterOperation& operation) { return operation.input.key != 1; });
    const bool both = check(Register{}, first, verdict_only).outcome == Verdict::Outcome::valid &&
                      check(Register{}, second, verdict_only).outcome == Verdict::Outcome::valid;
    REQUIRE((check(Register{}, operations, verdict_only).outcome == Verdict::Outcome::valid) == both);
  });
}

// Compares the two on histories of 9 to 12 operations; requires that the algorithm without a search was used.
template <class Samples>
void compare_with_search(const Samples& samples, const typename Samples::Model& model, std::string_view name) {
  RandomStream random = RandomSource(seed).stream(name);
  std::vector<OperationOf<typename Samples::Model>> operations;
  int fast = 0;
  int invalid = 0;
  for (int i = 0; i < histories; ++i) {
    draw_history(samples, random, operations, 9);
    const std::span<const OperationOf<typename Samples::Model>> all(operations);
    const Result decided = check(model, all, verdict_only);
    const Result searched = check_model(model, all, Options{.witness_steps = 0, .fast_paths = false});
    INFO("seed " << seed << ", stream " << name << ", history " << i);
    REQUIRE(to_string(decided.outcome) == to_string(searched.outcome));
    fast += decided.algorithm != "search" ? 1 : 0;
    invalid += decided.outcome == Verdict::Outcome::invalid ? 1 : 0;
  }
  CHECK(fast > histories / 4);
  CHECK(invalid > histories / 20);
}

TEST_CASE("linearizability: the algorithms without a search agree with the search") {
  compare_with_search(RegisterSamples{.cas = false, .distinct = true}, Register{}, "long register");
  compare_with_search(SequenceSamples<Queue, false>{}, Queue{}, "long queue");
  compare_with_search(SequenceSamples<Stack, true>{}, Stack{}, "long stack");
}

}  // namespace
}  // namespace faultline::linearizability
