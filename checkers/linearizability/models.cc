// The models that are a few lines each. Queue, stack and log: sequences.cc; the tree of znodes: znodes.cc.
#include "checkers/linearizability/models.h"

#include <fmt/format.h>

#include <algorithm>
#include <unordered_map>

#include "checkers/flat_index.h"
#include "checkers/linearizability/text.h"

namespace faultline::linearizability {

// --- register ---------------------------------------------------------------------------------------------------------------

Value Register::initial() const { return initial_value; }

std::optional<Value> Register::apply(const Value& state, const RegisterInput& input, const RegisterOutput* output) const {
  switch (input.kind) {
    case RegisterInput::Kind::read: return output == nullptr || output->value == state ? std::optional(state) : std::nullopt;
    case RegisterInput::Kind::write: return input.value;
    case RegisterInput::Kind::cas: break;
  }
  const bool succeeds = state == input.expected;
  if (output != nullptr && output->succeeded != succeeds) return std::nullopt;
  return succeeds ? input.value : state;
}

std::uint64_t Register::hash(const Value& state) const { return mixed(state); }

bool Register::observes(const RegisterInput& input, const RegisterOutput* output) const {
  if (input.kind == RegisterInput::Kind::cas) return output != nullptr && !output->succeeded;
  return input.kind == RegisterInput::Kind::read;
}

bool Register::blind(const RegisterInput& input) const { return input.kind == RegisterInput::Kind::write; }

std::uint64_t Register::hash_input(const RegisterInput& input) const {
  return mixed(static_cast<int>(input.kind), input.key, input.value, input.expected);
}

std::uint64_t Register::hash_output(const RegisterOutput& output) const { return mixed(output.value, output.succeeded); }

std::string Register::describe(const RegisterInput& input, const RegisterOutput* output) const {
  switch (input.kind) {
    case RegisterInput::Kind::read: return fmt::format("read -> {}", output == nullptr ? "?" : value_text(output->value));
    case RegisterInput::Kind::write: return fmt::format("write {}", value_text(input.value));
    case RegisterInput::Kind::cas: break;
  }
  const std::string_view result = output == nullptr ? "?" : output->succeeded ? "done" : "failed";
  return fmt::format("cas {} to {} -> {}", value_text(input.expected), value_text(input.value), result);
}

// --- several registers ------------------------------------------------------------------------------------------------------

namespace {

using Registers = MultiRegister::State;

auto place_of(Registers& registers, Key key) {
  return std::lower_bound(registers.begin(), registers.end(), key,
                          [](const auto& entry, Key wanted) { return entry.first < wanted; });
}

}  // namespace

Registers MultiRegister::initial() const { return {}; }

std::optional<Registers> MultiRegister::apply(const Registers& state, const MultiRegisterInput& input,
                                              const MultiRegisterOutput* output) const {
  if (output != nullptr && output->values.size() != input.accesses.size()) return std::nullopt;
  Registers registers = state;
  for (std::size_t i = 0; i < input.accesses.size(); ++i) {
    const MultiRegisterInput::Access& access = input.accesses[i];
    const auto place = place_of(registers, access.key);
    const bool present = place != registers.end() && place->first == access.key;
    if (!access.write) {
      if (output != nullptr && output->values[i] != (present ? place->second : initial_value)) return std::nullopt;
    } else if (access.value == initial_value) {
      if (present) registers.erase(place);
    } else if (present) {
      place->second = access.value;
    } else {
      registers.insert(place, {access.key, access.value});
    }
  }
  return registers;
}

std::uint64_t MultiRegister::hash(const Registers& state) const {
  std::uint64_t hash = 0;
  for (const auto& [key, value] : state) hash = mixed(static_cast<std::int64_t>(hash), key, value);
  return hash;
}

bool MultiRegister::observes(const MultiRegisterInput& input, const MultiRegisterOutput*) const {
  return std::none_of(input.accesses.begin(), input.accesses.end(), [](const auto& access) { return access.write; });
}

std::vector<std::uint64_t> MultiRegister::groups(std::span<const MultiRegisterOperation> operations) const {
  std::unordered_map<Key, std::uint32_t> ids;
  std::vector<std::uint32_t> parent;
  const auto id_of = [&](Key key) {
    const auto [entry, added] = ids.emplace(key, static_cast<std::uint32_t>(parent.size()));
    if (added) parent.push_back(entry->second);
    return entry->second;
  };
  const auto root = [&](std::uint32_t id) {
    while (parent[id] != id) id = parent[id] = parent[parent[id]];
    return id;
  };
  for (const MultiRegisterOperation& operation : operations) {
    for (const auto& access : operation.input.accesses) {
      const std::uint32_t first = root(id_of(operation.input.accesses.front().key));
      parent[root(id_of(access.key))] = first;
    }
  }
  std::vector<std::uint64_t> groups;
  for (const MultiRegisterOperation& operation : operations) {
    groups.push_back(operation.input.accesses.empty() ? 0 : root(id_of(operation.input.accesses.front().key)));
  }
  return groups;
}

std::size_t MultiRegister::bytes(const Registers& state) const { return state.capacity() * sizeof(state[0]); }

std::uint64_t MultiRegister::hash_input(const MultiRegisterInput& input) const {
  std::uint64_t hash = 0;
  for (const auto& access : input.accesses) hash = mixed(static_cast<std::int64_t>(hash), access.write, access.key, access.value);
  return hash;
}

std::uint64_t MultiRegister::hash_output(const MultiRegisterOutput& output) const { return mixed_all(output.values); }

std::string MultiRegister::describe(const MultiRegisterInput& input, const MultiRegisterOutput* output) const {
  std::string text;
  for (std::size_t i = 0; i < input.accesses.size(); ++i) {
    const auto& access = input.accesses[i];
    const bool told = output != nullptr && i < output->values.size();
    if (i > 0) text += ", ";
    text += access.write ? fmt::format("write {} of key {}", value_text(access.value), access.key)
                         : fmt::format("read key {} -> {}", access.key, told ? value_text(output->values[i]) : "?");
  }
  return text;
}

// --- key-value store --------------------------------------------------------------------------------------------------------

std::string Kv::initial() const { return ""; }

std::optional<std::string> Kv::apply(const std::string& state, const KvInput& input, const KvOutput* output) const {
  switch (input.kind) {
    case KvInput::Kind::get: return output == nullptr || output->value == state ? std::optional(state) : std::nullopt;
    case KvInput::Kind::put: return input.value;
    case KvInput::Kind::append: break;
  }
  return state + input.value;
}

std::uint64_t Kv::hash(const std::string& state) const { return hash_text(state); }

bool Kv::observes(const KvInput& input, const KvOutput*) const { return input.kind == KvInput::Kind::get; }

bool Kv::blind(const KvInput& input) const { return input.kind != KvInput::Kind::get; }

bool Kv::resets(const KvInput& input) const { return input.kind == KvInput::Kind::put; }
bool Kv::settles(const KvOperation& operation) const { return resets(operation.input); }
bool Kv::always_possible(const KvOperation& operation) const { return operation.input.kind != KvInput::Kind::get; }

bool Kv::out_of_reach(const std::string& state, const KvInput&, const KvOutput& output) const {
  return !output.value.starts_with(state);
}

std::size_t Kv::bytes(const std::string& state) const { return state.capacity(); }

std::uint64_t Kv::hash_input(const KvInput& input) const {
  return hash_text(input.value, mixed(static_cast<int>(input.kind), input.key));
}

std::uint64_t Kv::hash_output(const KvOutput& output) const { return hash_text(output.value); }

std::string Kv::describe(const KvInput& input, const KvOutput* output) const {
  switch (input.kind) {
    case KvInput::Kind::get: return fmt::format("get -> {}", output == nullptr ? "?" : shortened(output->value));
    case KvInput::Kind::put: return fmt::format("put {}", shortened(input.value));
    case KvInput::Kind::append: break;
  }
  return fmt::format("append {}", shortened(input.value));
}

// --- mutex ------------------------------------------------------------------------------------------------------------------

Mutex::State Mutex::initial() const { return std::nullopt; }

std::optional<Mutex::State> Mutex::apply(const State& state, const MutexInput& input, const MutexOutput* output) const {
  const std::int32_t owner = check_owner ? input.owner : 0;
  const bool acquires = input.kind == MutexInput::Kind::acquire;
  const bool granted = acquires ? !state : state == owner;
  if (output != nullptr && output->granted != granted) return std::nullopt;
  if (!granted) return state;
  return std::optional<State>(std::in_place, acquires ? State(owner) : State());
}

std::uint64_t Mutex::hash(const State& state) const { return mixed(state.has_value(), state.value_or(0)); }

bool Mutex::observes(const MutexInput&, const MutexOutput* output) const { return output != nullptr && !output->granted; }

std::uint64_t Mutex::hash_input(const MutexInput& input) const {
  return mixed(static_cast<int>(input.kind), input.key, input.owner);
}

std::uint64_t Mutex::hash_output(const MutexOutput& output) const { return mixed(output.granted); }

std::string Mutex::describe(const MutexInput& input, const MutexOutput* output) const {
  const std::string_view what = input.kind == MutexInput::Kind::acquire ? "acquire" : "release";
  return fmt::format("{} -> {}", what, output == nullptr ? "?" : output->granted ? "done" : "refused");
}

// --- set --------------------------------------------------------------------------------------------------------------------

Set::State Set::initial() const { return {}; }

std::optional<Set::State> Set::apply(const State& state, const SetInput& input, const SetOutput* output) const {
  if (input.kind == SetInput::Kind::read) {
    if (output == nullptr) return state;
    State elements = output->elements;
    std::sort(elements.begin(), elements.end());
    return elements == state ? std::optional(state) : std::nullopt;
  }
  const auto place = std::lower_bound(state.begin(), state.end(), input.element);
  const bool present = place != state.end() && *place == input.element;
  const bool answer = input.kind == SetInput::Kind::add ? !present : present;
  if (output != nullptr && output->answer != SetOutput::Answer::not_told &&
      (output->answer == SetOutput::Answer::yes) != answer) {
    return std::nullopt;
  }
  if (!answer || input.kind == SetInput::Kind::contains) return state;
  State next = state;
  const auto at = next.begin() + (place - state.begin());
  if (input.kind == SetInput::Kind::add) {
    next.insert(at, input.element);
  } else {
    next.erase(at);
  }
  return next;
}

std::uint64_t Set::hash(const State& state) const { return mixed_all(state); }

bool Set::observes(const SetInput& input, const SetOutput* output) const {
  const bool changes = input.kind == SetInput::Kind::add || input.kind == SetInput::Kind::remove;
  return !changes || (output != nullptr && output->answer == SetOutput::Answer::no);
}

std::vector<std::uint64_t> Set::groups(std::span<const SetOperation> operations) const {
  std::unordered_map<Key, bool> read_whole;
  for (const SetOperation& operation : operations) {
    if (operation.ok() && operation.input.kind == SetInput::Kind::read) read_whole[operation.input.key] = true;
  }
  struct Object {
    Key key;
    Value element;  // nil: all of the set
    bool operator==(const Object&) const = default;
  };
  std::vector<Object> objects;
  checkers::FlatIndex index;
  std::vector<std::uint64_t> groups;
  for (const SetOperation& operation : operations) {
    const bool whole = !read_whole.empty() && read_whole.contains(operation.input.key);
    const Object object{operation.input.key, whole ? nil : operation.input.element};
    const auto hash = [&](std::uint32_t row) { return mixed(objects[row].key, objects[row].element); };
    objects.push_back(object);
    const auto last = static_cast<std::uint32_t>(objects.size() - 1);
    const std::uint32_t known = index.find(hash(last), [&](std::uint32_t row) { return objects[row] == object; });
    groups.push_back(known == checkers::no_row ? last : known);
    if (known == checkers::no_row) {
      index.insert(hash(last), last, hash);
    } else {
      objects.pop_back();
    }
  }
  return groups;
}

bool Set::touched(const SetOperation& operation, std::vector<std::int64_t>& values) const {
  if (operation.input.kind == SetInput::Kind::read) return false;
  values.push_back(operation.input.element);
  return true;
}

bool Set::settles(const SetOperation& operation) const { return always_possible(operation); }

bool Set::always_possible(const SetOperation& operation) const {
  const bool changes = operation.input.kind == SetInput::Kind::add || operation.input.kind == SetInput::Kind::remove;
  return changes && (!operation.ok() || operation.output.answer == SetOutput::Answer::not_told);
}

std::size_t Set::bytes(const State& state) const { return state.capacity() * sizeof(Value); }

std::uint64_t Set::hash_input(const SetInput& input) const {
  return mixed(static_cast<int>(input.kind), input.key, input.element);
}

std::uint64_t Set::hash_output(const SetOutput& output) const {
  return mixed(static_cast<int>(output.answer), static_cast<std::int64_t>(mixed_all(output.elements)));
}

std::string Set::describe(const SetInput& input, const SetOutput* output) const {
  static constexpr std::string_view names[] = {"add", "remove", "contains", "read"};
  const std::string_view name = names[static_cast<std::size_t>(input.kind)];
  if (input.kind == SetInput::Kind::read)
    return fmt::format("read -> {}", output == nullptr ? "?" : values_text(output->elements));
  std::string text = fmt::format("{} {}", name, value_text(input.element));
  if (output != nullptr && output->answer != SetOutput::Answer::not_told) {
    text += output->answer == SetOutput::Answer::yes ? " -> yes" : " -> no";
  }
  return text;
}

}  // namespace faultline::linearizability
