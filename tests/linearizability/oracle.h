// The definition itself, as the checker's judge: tries every order of the operations and every subset of the indefinite ones.
//
// No cache, no order of events but "completed before the other was invoked", no rule that takes anything away. Only for a
// handful of operations.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <span>
#include <vector>

#include "checkers/linearizability/model.h"

namespace faultline::linearizability {

template <Model M>
class Oracle {
 public:
  Oracle(const M& model, std::span<const OperationOf<M>> operations) : model_(model), operations_(operations) {}

  /// Objects are judged one by one: linearizability is a local property (Herlihy and Wing 1990).
  bool linearizable() const {
    if constexpr (!Partitioned<M>) return explore(0, model_.initial());
    std::uint32_t done = 0;
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      if ((done >> i & 1) != 0) continue;
      const std::uint32_t others = ~object_of(i);
      if (!explore(others, model_.initial())) return false;
      done |= ~others;
    }
    return true;
  }

 private:
  // The operations on the same object, as a set of bits.
  std::uint32_t object_of(std::uint32_t example) const {
    std::uint32_t members = 0;
    if constexpr (Partitioned<M>) {
      for (std::uint32_t i = 0; i < operations_.size(); ++i) {
        if (model_.partition(operations_[i].input) == model_.partition(operations_[example].input)) members |= 1u << i;
      }
    }
    return members;
  }

  bool explore(std::uint32_t placed, const typename M::State& state) const {
    std::uint32_t left = no_event;  // the earliest completion of what must still happen
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      if ((placed >> i & 1) == 0 && operations_[i].ok()) left = std::min(left, operations_[i].completion_index);
    }
    if (left == no_event) return true;
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      const OperationOf<M>& operation = operations_[i];
      if ((placed >> i & 1) != 0 || operation.invoke_index > left) continue;
      const auto next = model_.apply(state, operation.input, operation.ok() ? &operation.output : nullptr);
      if (next && explore(placed | 1u << i, *next)) return true;
    }
    return false;
  }

  const M& model_;
  const std::span<const OperationOf<M>> operations_;
};

/// Whether `order` (indices) is a linearization, object by object: respects real time, holds all that must happen, and the model
/// agrees with it.
template <Model M>
bool explains(const M& model, std::span<const OperationOf<M>> operations, std::span<const std::uint32_t> order) {
  struct Object {
    std::uint32_t latest = 0;  // invocation of what is placed
    typename M::State state;
  };
  std::vector<std::uint64_t> groups(operations.size(), 0);
  if constexpr (Grouped<M>) groups = model.groups(operations);
  std::map<std::uint64_t, Object> objects;
  std::uint32_t placed = 0;
  for (const std::uint32_t i : order) {
    const OperationOf<M>& operation = operations[i];
    if ((placed >> i & 1) != 0) return false;
    placed |= 1u << i;
    std::uint64_t group = groups[i];
    if constexpr (Partitioned<M>) group = model.partition(operation.input);
    Object& object = objects.try_emplace(group, Object{0, model.initial()}).first->second;
    if (operation.ok() && operation.completion_index < object.latest) return false;
    object.latest = std::max(object.latest, operation.invoke_index);
    const auto next = model.apply(object.state, operation.input, operation.ok() ? &operation.output : nullptr);
    if (!next) return false;
    object.state = *next;
  }
  for (std::uint32_t i = 0; i < operations.size(); ++i) {
    if (operations[i].ok() && (placed >> i & 1) == 0) return false;
  }
  return true;
}

}  // namespace faultline::linearizability
