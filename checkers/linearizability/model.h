// What a sequential model is, for those who write one of their own: an object's state, and what an operation does to it.
//
//   struct Counter {
//     using State = std::int64_t;
//     using Input = std::int64_t;                          // what to add
//     using Output = std::int64_t;                         // the sum afterwards
//     State initial() const { return 0; }
//     std::optional<State> apply(const State& sum, const Input& add, const Output* result) const {
//       if (result != nullptr && *result != sum + add) return std::nullopt;
//       return sum + add;
//     }
//     std::uint64_t hash(const State& sum) const { return static_cast<std::uint64_t>(sum); }
//     std::string describe(const Input& add, const Output* result) const;
//   };
//
// `apply` answers with the next state, or with nothing if the operation cannot have this output in this state. A null output is
// one that is not known: the model assumes the one that fits. The model must be deterministic: whatever state `apply` reaches with
// an output, it reaches without knowing it too.
//
// Four more members are optional, and each makes the search faster, by powers where many operations are indefinite:
//
//   partition(input) -> integer      operations with different keys are on different objects, checked each for itself;
//   groups(operations) -> integers   or the same for all operations at once, where it takes more than one to know
//   observes(input, output) -> bool  true: the operation leaves every state as it is. The search places it as soon as it fits
//   blind(input) -> bool             true: the output says nothing about the state, as that of a write
//   hash_input(input), hash_output(output), with == on both: operations that are alike are told apart by their times alone
//
// and some more help with long histories:
//
//   resets(input) -> bool, out_of_reach(state, input, output) -> bool
//                                    for states that only grow, but for operations that reset them: true if no operations but resets
//                                    lead from the state to one in which this observing operation has this output
//   bytes(state) -> std::size_t      what a state occupies on the heap, for the memory budget
//   refine(operations, items)        takes away indefinite operations that cannot matter, and bounds those that must have happened
//   decide(operations, items)        answers without a search, where the history allows it
//   touched(operation, values)       says what depends on what, to make witnesses smaller
//   settles(operation), always_possible(operation)
//                                    say behind what the past does not matter, to the same end
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/linearizability/operation.h"

namespace faultline::linearizability {

/// An operation as the search sees it: it must take effect after `invoke`, and before `completion`, or at any time or never if that
/// is no_event.
struct Item {
  std::uint32_t index = 0;  // into the operations
  std::uint32_t invoke = 0;
  std::uint32_t completion = no_event;
  bool bounded = false;  // it never completed: `completion` is that of another, which shows that it had happened

  bool optional() const { return completion == no_event; }
};

template <class M>
using OperationOf = Operation<typename M::Input, typename M::Output>;

template <class M>
concept Model =
    std::equality_comparable<typename M::State> &&
    requires(const M& model, const typename M::State& state, const typename M::Input& input, const typename M::Output* output) {
      { model.initial() } -> std::convertible_to<typename M::State>;
      { model.apply(state, input, output) } -> std::same_as<std::optional<typename M::State>>;
      { model.hash(state) } -> std::convertible_to<std::uint64_t>;
      { model.describe(input, output) } -> std::convertible_to<std::string>;
    };

template <class M>
concept Partitioned = requires(const M& model, const typename M::Input& input) {
  { model.partition(input) } -> std::convertible_to<std::uint64_t>;
};

template <class M>
concept Grouped = requires(const M& model, std::span<const OperationOf<M>> operations) {
  { model.groups(operations) } -> std::convertible_to<std::vector<std::uint64_t>>;
};

template <class M>
concept KnowsObservers = requires(const M& model, const typename M::Input& input, const typename M::Output* output) {
  { model.observes(input, output) } -> std::same_as<bool>;
};

template <class M>
concept KnowsBlind = requires(const M& model, const typename M::Input& input) {
  { model.blind(input) } -> std::same_as<bool>;
};

template <class M>
concept Hashable = std::equality_comparable<typename M::Input> && std::equality_comparable<typename M::Output> &&
                   requires(const M& model, const typename M::Input& input, const typename M::Output& output) {
                     { model.hash_input(input) } -> std::convertible_to<std::uint64_t>;
                     { model.hash_output(output) } -> std::convertible_to<std::uint64_t>;
                   };

template <class M>
concept Foreseeing =
    requires(const M& model, const typename M::State& state, const typename M::Input& input, const typename M::Output& output) {
      { model.resets(input) } -> std::same_as<bool>;
      { model.out_of_reach(state, input, output) } -> std::same_as<bool>;
    };

/// What an algorithm without a search found.
struct Decision {
  std::string_view algorithm;
  bool valid = true;
  std::vector<std::uint32_t> suspects{};  // invalid: items (indices) that are invalid by themselves
};

template <class M>
concept Decidable = requires(const M& model, std::span<const OperationOf<M>> operations, std::span<const Item> items) {
  { model.decide(operations, items) } -> std::same_as<std::optional<Decision>>;
};

/// A model that knows which operations depend on each other only: it names the values that an operation has to do with, and
/// promises that of a valid history the operations without some values, and all that is linked to these, are valid too. Returns
/// false if the operation has to do with every value: then one that observes is linked to all of them, and one that changes something
/// makes the promise void.
template <class M>
concept Separable = requires(const M& model, const OperationOf<M>& operation, std::vector<std::int64_t>& values) {
  { model.touched(operation, values) } -> std::same_as<bool>;
};

/// A model that knows after which operations the past does not matter. `settles` of an operation that ended: whatever the state was, of
/// what the operation has to do with (all, if the model is not Separable) it is the same after it, and the operation is possible at the
/// very beginning and after any that ended and are always possible. `always_possible`: whatever the state is, it can happen, with its
/// answer if it has one.
template <class M>
concept Settling = requires(const M& model, const OperationOf<M>& operation) {
  { model.settles(operation) } -> std::same_as<bool>;
  { model.always_possible(operation) } -> std::same_as<bool>;
};

template <class M>
concept Weighed = requires(const M& model, const typename M::State& state) {
  { model.bytes(state) } -> std::convertible_to<std::size_t>;
};

template <class M>
concept Refinable = requires(const M& model, std::span<const OperationOf<M>> operations, std::vector<Item>& items) {
  model.refine(operations, items);
};

}  // namespace faultline::linearizability
