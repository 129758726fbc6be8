// Transitions: a model's transition function on numbers, for the search, which compares and hashes nothing else.
//
// States that are equal get one number, operations with the same input and output one kind, and what a kind does to a state is
// asked of the model once. So a state may be a text or a tree and the search still runs on integers.
#pragma once

#include <deque>
#include <span>
#include <vector>

#include "base/random.h"
#include "checkers/flat_index.h"
#include "checkers/linearizability/model.h"
#include "checkers/linearizability/search.h"

namespace faultline::linearizability {

template <Model M>
class Transitions final : public Stepper {
 public:
  using Op = OperationOf<M>;

  Transitions(const M& model, std::span<const Op> operations) : model_(model), operations_(operations) {
    state_id(model.initial());
  }

  /// Item as the search wants it.
  SearchOperation operation(const Item& item) {
    const Op& operation = operations_[item.index];
    SearchOperation result{.invoke = item.invoke, .completion = item.completion, .bounded = item.bounded};
    result.observes = observes(operation);
    if constexpr (Foreseeing<M>) result.resets = model_.resets(operation.input);
    result.input = input_id(item.index);
    result.kind = kind_id(item.index, result.input);
    return result;
  }

  bool observes(const Op& operation) const {
    if constexpr (KnowsObservers<M>) return model_.observes(operation.input, told(operation));
    return false;
  }

  /// What is known of the operation's result; a null pointer if nothing is, or if it tells nothing.
  const typename M::Output* told(const Op& operation) const {
    if (!operation.ok()) return nullptr;
    if constexpr (KnowsBlind<M>) {
      if (model_.blind(operation.input)) return nullptr;
    }
    return &operation.output;
  }

  std::uint32_t step(std::uint32_t state, std::uint32_t kind) override {
    const std::uint64_t hash = FlatIndex::hash(state, kind);
    const std::uint32_t known =
        step_index_.find(hash, [&](std::uint32_t row) { return steps_[row].state == state && steps_[row].kind == kind; });
    if (known != checkers::no_row) return steps_[known].to;
    const Op& operation = operations_[kinds_[kind].example];
    std::optional<typename M::State> next = model_.apply(states_[state], operation.input, told(operation));
    const std::uint32_t to = next ? state_id(std::move(*next)) : no_state;
    const auto row = static_cast<std::uint32_t>(steps_.size());
    steps_.push_back({state, kind, to});
    step_index_.insert(hash, row, [&](std::uint32_t other) { return FlatIndex::hash(steps_[other].state, steps_[other].kind); });
    return to;
  }

  bool foresees() const override { return Foreseeing<M>; }

  bool out_of_reach([[maybe_unused]] std::uint32_t state, [[maybe_unused]] std::uint32_t kind) override {
    if constexpr (Foreseeing<M>) {
      const Op& operation = operations_[kinds_[kind].example];
      return model_.out_of_reach(states_[state], operation.input, operation.output);
    }
    return false;
  }

  std::size_t bytes() const override {
    return states_.size() * (sizeof(typename M::State) + sizeof(std::uint64_t)) + heap_bytes_ + state_index_.bytes() +
           steps_.capacity() * sizeof(Step) + step_index_.bytes();
  }

 private:
  using FlatIndex = checkers::FlatIndex;

  struct Step {
    std::uint32_t state;
    std::uint32_t kind;
    std::uint32_t to;
  };
  struct Named {
    std::uint64_t hash;
    std::uint32_t example;  // an operation
    std::uint32_t input;
  };

  std::uint32_t state_id(typename M::State state) {
    const std::uint64_t hash = model_.hash(state);
    const std::uint32_t known = state_index_.find(hash, [&](std::uint32_t row) { return states_[row] == state; });
    if (known != checkers::no_row) return known;
    const auto row = static_cast<std::uint32_t>(states_.size());
    if constexpr (Weighed<M>) heap_bytes_ += model_.bytes(state);
    states_.push_back(std::move(state));
    state_hashes_.push_back(hash);
    state_index_.insert(hash, row, [&](std::uint32_t other) { return state_hashes_[other]; });
    return row;
  }

  // Operations without a hash are each of a kind of their own.
  std::uint32_t input_id(std::uint32_t index) {
    if constexpr (Hashable<M>) {
      const typename M::Input& input = operations_[index].input;
      const auto same = [&](std::uint32_t row) { return operations_[inputs_[row].example].input == input; };
      return named(inputs_, input_index_, {model_.hash_input(input), index, 0}, same);
    }
    inputs_.push_back({0, index, 0});
    return static_cast<std::uint32_t>(inputs_.size() - 1);
  }

  std::uint32_t kind_id(std::uint32_t index, std::uint32_t input) {
    if constexpr (Hashable<M>) {
      const typename M::Output* output = told(operations_[index]);
      const std::uint64_t hash = mix64(input ^ 0x9e3779b97f4a7c15u, output == nullptr ? 1 : model_.hash_output(*output) | 2);
      const auto same = [&](std::uint32_t row) {
        if (kinds_[row].input != input) return false;
        const typename M::Output* other = told(operations_[kinds_[row].example]);
        return output == nullptr || other == nullptr ? output == other : *output == *other;
      };
      return named(kinds_, kind_index_, {hash, index, input}, same);
    }
    kinds_.push_back({0, index, input});
    return static_cast<std::uint32_t>(kinds_.size() - 1);
  }

  template <class Same>
  static std::uint32_t named(std::vector<Named>& rows, FlatIndex& index, const Named& wanted, Same same) {
    const std::uint32_t known = index.find(wanted.hash, same);
    if (known != checkers::no_row) return known;
    const auto row = static_cast<std::uint32_t>(rows.size());
    rows.push_back(wanted);
    index.insert(wanted.hash, row, [&](std::uint32_t other) { return rows[other].hash; });
    return row;
  }

  const M& model_;
  const std::span<const Op> operations_;
  std::deque<typename M::State> states_;  // stays where it is while a step makes new ones
  std::vector<std::uint64_t> state_hashes_;
  FlatIndex state_index_;
  std::size_t heap_bytes_ = 0;
  std::vector<Step> steps_;
  FlatIndex step_index_;
  std::vector<Named> inputs_;
  FlatIndex input_index_;
  std::vector<Named> kinds_;
  FlatIndex kind_index_;
};

}  // namespace faultline::linearizability
