// The models whose state is a sequence: queue, stack, append-only log.
//
// Their refine() matters more than their apply(): an indefinite put or append whose value nobody saw cannot explain anything, and
// one whose value was seen must have happened before it was. Without this each indefinite put doubles the sequences that a search
// goes through; with it there are hardly any indefinite operations left.
#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "checkers/linearizability/models.h"
#include "checkers/linearizability/text.h"

namespace faultline::linearizability {
namespace {

// What is known of a value of one object.
struct Seen {
  std::uint32_t puts = 0;          // operations that put it, indefinite ones included
  std::uint32_t takes = 0;         // operations that returned it
  std::uint32_t first = no_event;  // the earliest completion of those
};

// Drops indefinite puts of values that nobody saw, and bounds those of values that only they can have put.
template <class IsPut>
void resolve_puts(std::vector<Item>& items, const std::unordered_map<Value, Seen>& values, bool drop_unseen, IsPut put_value) {
  std::erase_if(items, [&](Item& item) {
    if (!item.optional()) return false;
    const std::optional<Value> value = put_value(item);
    if (!value) return false;
    const Seen& seen = values.at(*value);
    if (seen.takes == 0) return drop_unseen;
    if (seen.puts == 1 && seen.first > item.invoke) {
      item.completion = seen.first;
      item.bounded = true;
    }
    return false;
  });
}

void refine_queue(std::span<const QueueOperation> operations, std::vector<Item>& items) {
  std::unordered_map<Value, Seen> values;
  for (const Item& item : items) {
    const QueueOperation& operation = operations[item.index];
    if (operation.input.kind == QueueInput::Kind::put) {
      ++values[operation.input.value].puts;
    } else if (operation.ok()) {
      Seen& seen = values[operation.output.value];
      ++seen.takes;
      seen.first = std::min(seen.first, item.completion);
    }
  }
  resolve_puts(items, values, true, [&](const Item& item) -> std::optional<Value> {
    const QueueInput& input = operations[item.index].input;
    return input.kind == QueueInput::Kind::put ? std::optional(input.value) : std::nullopt;
  });
}

std::string describe_queue(const QueueInput& input, const QueueOutput* output, std::string_view put, std::string_view take) {
  if (input.kind == QueueInput::Kind::put) return fmt::format("{} {}", put, value_text(input.value));
  if (output == nullptr) return fmt::format("{} -> ?", take);
  return output->value == nil ? fmt::format("{} -> empty", take) : fmt::format("{} -> {}", take, value_text(output->value));
}

bool takes_nothing(const QueueInput& input, const QueueOutput* output) {
  return input.kind == QueueInput::Kind::take && output != nullptr && output->value == nil;
}

std::uint64_t hash_queue_input(const QueueInput& input) {
  return mixed(static_cast<int>(input.kind), input.key, input.kind == QueueInput::Kind::put ? input.value : 0);
}

// `end`: which end of the sequence is taken from.
std::optional<std::vector<Value>> apply_queue(const std::vector<Value>& state, const QueueInput& input, const QueueOutput* output,
                                              bool last_in_first_out) {
  std::vector<Value> next = state;
  if (input.kind == QueueInput::Kind::put) {
    next.push_back(input.value);
    return next;
  }
  const Value taken = state.empty() ? nil : last_in_first_out ? state.back() : state.front();
  if (output != nullptr && output->value != taken) return std::nullopt;
  if (!state.empty()) next.erase(last_in_first_out ? next.end() - 1 : next.begin());
  return next;
}

// A value may go with its put and its takes: what the other values do is still a queue's or a stack's doing.
bool touched_by(const QueueOperation& operation, std::vector<std::int64_t>& values) {
  const bool put = operation.input.kind == QueueInput::Kind::put;
  if (put) values.push_back(operation.input.value);
  if (!put && operation.ok() && operation.output.value != nil) values.push_back(operation.output.value);
  return true;
}

std::size_t sequence_bytes(const std::vector<Value>& state) { return state.capacity() * sizeof(Value); }

}  // namespace

// --- queue ------------------------------------------------------------------------------------------------------------------

Queue::State Queue::initial() const { return {}; }

std::optional<Queue::State> Queue::apply(const State& state, const QueueInput& input, const QueueOutput* output) const {
  return apply_queue(state, input, output, false);
}

std::uint64_t Queue::hash(const State& state) const { return mixed_all(state); }
bool Queue::observes(const QueueInput& input, const QueueOutput* output) const { return takes_nothing(input, output); }
bool Queue::blind(const QueueInput& input) const { return input.kind == QueueInput::Kind::put; }
std::size_t Queue::bytes(const State& state) const { return sequence_bytes(state); }
std::uint64_t Queue::hash_input(const QueueInput& input) const { return hash_queue_input(input); }
std::uint64_t Queue::hash_output(const QueueOutput& output) const { return mixed(output.value); }

bool Queue::touched(const QueueOperation& operation, std::vector<std::int64_t>& values) const {
  return touched_by(operation, values);
}

void Queue::refine(std::span<const QueueOperation> operations, std::vector<Item>& items) const {
  refine_queue(operations, items);
}

std::string Queue::describe(const QueueInput& input, const QueueOutput* output) const {
  return describe_queue(input, output, "enqueue", "dequeue");
}

// --- stack ------------------------------------------------------------------------------------------------------------------

Stack::State Stack::initial() const { return {}; }

std::optional<Stack::State> Stack::apply(const State& state, const QueueInput& input, const QueueOutput* output) const {
  return apply_queue(state, input, output, true);
}

std::uint64_t Stack::hash(const State& state) const { return mixed_all(state); }
bool Stack::observes(const QueueInput& input, const QueueOutput* output) const { return takes_nothing(input, output); }
bool Stack::blind(const QueueInput& input) const { return input.kind == QueueInput::Kind::put; }
std::size_t Stack::bytes(const State& state) const { return sequence_bytes(state); }
std::uint64_t Stack::hash_input(const QueueInput& input) const { return hash_queue_input(input); }
std::uint64_t Stack::hash_output(const QueueOutput& output) const { return mixed(output.value); }

bool Stack::touched(const QueueOperation& operation, std::vector<std::int64_t>& values) const {
  return touched_by(operation, values);
}

void Stack::refine(std::span<const QueueOperation> operations, std::vector<Item>& items) const {
  refine_queue(operations, items);
}

std::string Stack::describe(const QueueInput& input, const QueueOutput* output) const {
  return describe_queue(input, output, "push", "pop");
}

// --- log --------------------------------------------------------------------------------------------------------------------

Log::State Log::initial() const { return {}; }

std::optional<Log::State> Log::apply(const State& state, const LogInput& input, const LogOutput* output) const {
  if (input.kind == LogInput::Kind::append) {
    const bool fits =
        output == nullptr || output->offset == checkers::no_offset || output->offset == static_cast<std::int64_t>(state.size());
    if (!fits) return std::nullopt;
    State next = state;
    next.push_back(input.value);
    return next;
  }
  if (output == nullptr) return state;
  const auto from = static_cast<std::size_t>(std::clamp<std::int64_t>(input.from, 0, static_cast<std::int64_t>(state.size())));
  const std::size_t there = state.size() - from;
  const std::size_t count = output->values.size();
  if (count > there || (output->to_end && count < there)) return std::nullopt;
  const bool same = std::equal(output->values.begin(), output->values.end(), state.begin() + static_cast<std::ptrdiff_t>(from));
  return same ? std::optional(state) : std::nullopt;
}

std::uint64_t Log::hash(const State& state) const { return mixed_all(state); }
bool Log::observes(const LogInput& input, const LogOutput*) const { return input.kind == LogInput::Kind::read; }
bool Log::resets(const LogInput&) const { return false; }

bool Log::out_of_reach(const State& state, const LogInput& input, const LogOutput& output) const {
  const auto from = static_cast<std::size_t>(std::clamp<std::int64_t>(input.from, 0, static_cast<std::int64_t>(state.size())));
  const std::size_t there = state.size() - from;
  const std::size_t count = output.values.size();
  if (output.to_end && there > count) return true;
  return !std::equal(output.values.begin(), output.values.begin() + static_cast<std::ptrdiff_t>(std::min(there, count)),
                     state.begin() + static_cast<std::ptrdiff_t>(from));
}

std::size_t Log::bytes(const State& state) const { return sequence_bytes(state); }

std::uint64_t Log::hash_input(const LogInput& input) const {
  return mixed(static_cast<int>(input.kind), input.key, input.value, input.from);
}

std::uint64_t Log::hash_output(const LogOutput& output) const {
  return mixed(output.offset, output.to_end, static_cast<std::int64_t>(mixed_all(output.values)));
}

void Log::refine(std::span<const LogOperation> operations, std::vector<Item>& items) const {
  std::unordered_map<Value, Seen> values;
  bool offsets_matter = false;  // then an append that nobody saw may fill the place before one whose offset is known
  for (const Item& item : items) {
    const LogOperation& operation = operations[item.index];
    if (operation.input.kind == LogInput::Kind::append) {
      ++values[operation.input.value].puts;
      offsets_matter |= operation.ok() && operation.output.offset != checkers::no_offset;
    } else if (operation.ok()) {
      offsets_matter |= operation.input.from > 0;
      for (const Value value : operation.output.values) {
        Seen& seen = values[value];
        ++seen.takes;
        seen.first = std::min(seen.first, item.completion);
      }
    }
  }
  resolve_puts(items, values, !offsets_matter, [&](const Item& item) -> std::optional<Value> {
    const LogInput& input = operations[item.index].input;
    return input.kind == LogInput::Kind::append ? std::optional(input.value) : std::nullopt;
  });
}

std::string Log::describe(const LogInput& input, const LogOutput* output) const {
  if (input.kind == LogInput::Kind::append) {
    const bool told = output != nullptr && output->offset != checkers::no_offset;
    return fmt::format("append {}{}", value_text(input.value), told ? fmt::format(" -> offset {}", output->offset) : "");
  }
  const std::string from = input.from == 0 ? "" : fmt::format(" from {}", input.from);
  if (output == nullptr) return fmt::format("read{} -> ?", from);
  return fmt::format("read{} -> {}{}", from, values_text(output->values), output->to_end ? "" : " ...");
}

}  // namespace faultline::linearizability
