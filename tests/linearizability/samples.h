// Random small histories of every built-in model: operations with random intervals, answered by a server that is written here a
// second time, and then, now and then, one answer made wrong, or two given to the wrong operations.
#pragma once

#include <algorithm>
#include <array>
#include <tuple>
#include <utility>
#include <vector>

#include "base/random.h"
#include "checkers/linearizability/models.h"

namespace faultline::linearizability {

/// `count` operations with random intervals that overlap more or less, some of them indefinite. Inputs and outputs are left empty.
template <class Op>
void draw_intervals(RandomStream& random, std::size_t count, std::uint64_t indefinite_percent, std::vector<Op>& operations) {
  struct Event {
    std::uint64_t time;
    std::uint32_t operation;
    bool end;
  };
  std::array<Event, 32> events{};
  const std::uint64_t spread = 1 + random.below(8);
  operations.assign(count, Op{});
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint64_t begin = i * 4 + random.below(2 * spread);
    const std::uint64_t end = begin + 1 + random.below(2 * spread);
    events[2 * i] = {begin, i, false};
    events[2 * i + 1] = {end, i, true};
    operations[i].process = static_cast<std::int32_t>(i);
    operations[i].source = i;
    operations[i].outcome = random.below(100) < indefinite_percent ? Outcome::indefinite : Outcome::ok;
  }
  const auto used = events.begin() + static_cast<std::ptrdiff_t>(2 * count);
  std::sort(events.begin(), used, [](const Event& a, const Event& b) {
    return std::tuple(a.time, a.end, a.operation) < std::tuple(b.time, b.end, b.operation);
  });
  std::uint32_t index = 0;
  for (auto event = events.begin(); event != used; ++event, ++index) {
    Op& operation = operations[event->operation];
    (event->end ? operation.completion_index : operation.invoke_index) = index;
  }
}

/// A history of the kind that `Samples` describes, all from `random`.
template <class Samples>
void draw_history(const Samples& samples, RandomStream& random, std::vector<OperationOf<typename Samples::Model>>& operations,
                  std::size_t least = 3) {
  const std::size_t count = least + random.below(4);
  const std::uint64_t indefinite_percent = random.below(3) * 20;
  draw_intervals(random, count, indefinite_percent, operations);
  // The order in which they take effect: by a moment within the interval, drawn for each.
  std::array<std::pair<std::uint64_t, std::uint32_t>, 16> moments{};
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto& operation = operations[i];
    const std::uint64_t length = operation.completion_index - operation.invoke_index;
    moments[i] = {std::uint64_t{operation.invoke_index} * 8 + random.below(length * 8), i};
  }
  std::sort(moments.begin(), moments.begin() + static_cast<std::ptrdiff_t>(count));
  auto server = samples.server();
  for (std::uint32_t i = 0; i < count; ++i) {
    auto& operation = operations[moments[i].second];
    operation.input = samples.draw_input(random, moments[i].second);
    const bool happens = operation.ok() || random.below(2) == 0;
    if (happens) operation.output = samples.answer(server, operation.input);
  }
  const std::uint64_t mistake = random.below(4);
  auto& one = operations[random.below(count)];
  auto& other = operations[random.below(count)];
  if (mistake == 0) samples.spoil(random, one.input, one.output);
  if (mistake == 1) std::swap(one.output, other.output);
}

struct RegisterSamples {
  using Model = Register;
  bool cas = true;
  bool distinct = false;

  Value server() const { return nil; }
  RegisterInput draw_input(RandomStream& random, std::uint32_t i) const {
    RegisterInput input;
    input.kind = static_cast<RegisterInput::Kind>(random.below(cas ? 3 : 2));
    const auto value = static_cast<Value>(random.below(3));
    const auto expected = static_cast<Value>(random.below(3));
    if (input.kind != RegisterInput::Kind::read) input.value = distinct ? i : value;
    if (input.kind == RegisterInput::Kind::cas) input.expected = expected;
    return input;
  }
  RegisterOutput answer(Value& server, const RegisterInput& input) const {
    RegisterOutput output;
    if (input.kind == RegisterInput::Kind::read) output.value = server;
    if (input.kind == RegisterInput::Kind::cas) output.succeeded = server == input.expected;
    const bool writes = input.kind == RegisterInput::Kind::write || (input.kind == RegisterInput::Kind::cas && output.succeeded);
    if (writes) server = input.value;
    return output;
  }
  void spoil(RandomStream& random, const RegisterInput& input, RegisterOutput& output) const {
    if (input.kind == RegisterInput::Kind::cas) output.succeeded = !output.succeeded;
    if (input.kind == RegisterInput::Kind::read) output.value = static_cast<Value>(random.below(distinct ? 6 : 3));
  }
};

struct MultiRegisterSamples {
  using Model = MultiRegister;

  std::array<Value, 3> server() const { return {nil, nil, nil}; }
  MultiRegisterInput draw_input(RandomStream& random, std::uint32_t) const {
    MultiRegisterInput input;
    const std::size_t count = 1 + random.below(2);
    for (std::size_t i = 0; i < count; ++i) {
      MultiRegisterInput::Access access;
      access.write = random.below(2) == 0;
      access.key = static_cast<Key>(random.below(3));
      const auto value = static_cast<Value>(random.below(2));
      if (access.write) access.value = value;
      input.accesses.push_back(access);
    }
    return input;
  }
  MultiRegisterOutput answer(std::array<Value, 3>& server, const MultiRegisterInput& input) const {
    MultiRegisterOutput output;
    for (const auto& access : input.accesses) {
      if (access.write) server[access.key] = access.value;
      output.values.push_back(server[access.key]);
    }
    return output;
  }
  void spoil(RandomStream& random, const MultiRegisterInput& input, MultiRegisterOutput& output) const {
    output.values.resize(input.accesses.size());
    output.values[random.below(output.values.size())] = static_cast<Value>(random.below(2));
  }
};

struct KvSamples {
  using Model = Kv;

  std::array<std::string, 2> server() const { return {}; }
  KvInput draw_input(RandomStream& random, std::uint32_t) const {
    KvInput input;
    input.kind = static_cast<KvInput::Kind>(random.below(3));
    input.key = random.below(4) == 0 ? 1 : 0;
    const char letter = static_cast<char>('a' + random.below(2));
    if (input.kind != KvInput::Kind::get) input.value = letter;
    return input;
  }
  KvOutput answer(std::array<std::string, 2>& server, const KvInput& input) const {
    std::string& value = server[input.key];
    if (input.kind == KvInput::Kind::get) return {value};
    value = input.kind == KvInput::Kind::put ? input.value : value + input.value;
    return {};
  }
  void spoil(RandomStream& random, const KvInput&, KvOutput& output) const {
    output.value += static_cast<char>('a' + random.below(2));
  }
};

struct MutexSamples {
  using Model = Mutex;
  bool check_owner = false;

  std::int32_t server() const { return -1; }
  MutexInput draw_input(RandomStream& random, std::uint32_t) const {
    MutexInput input;
    input.kind = static_cast<MutexInput::Kind>(random.below(2));
    input.owner = static_cast<std::int32_t>(random.below(2));
    return input;
  }
  MutexOutput answer(std::int32_t& server, const MutexInput& input) const {
    const std::int32_t owner = check_owner ? input.owner : 0;
    if (input.kind == MutexInput::Kind::acquire) {
      const bool granted = server == -1;
      if (granted) server = owner;
      return {granted};
    }
    const bool granted = server == owner;
    if (granted) server = -1;
    return {granted};
  }
  void spoil(RandomStream&, const MutexInput&, MutexOutput& output) const { output.granted = !output.granted; }
};

struct SetSamples {
  using Model = Set;
  bool reads = true;
  bool only_adds = false;

  std::array<bool, 8> server() const { return {}; }
  SetInput draw_input(RandomStream& random, std::uint32_t i) const {
    using Kind = SetInput::Kind;
    SetInput input;
    const auto kind = static_cast<Kind>(random.below(reads ? 4 : 3));
    const auto element = static_cast<Value>(random.below(2));
    input.kind = !only_adds || kind == Kind::read ? kind : Kind::add;
    if (input.kind != Kind::read) input.element = only_adds ? i : element;
    return input;
  }
  SetOutput answer(std::array<bool, 8>& server, const SetInput& input) const {
    SetOutput output;
    if (input.kind == SetInput::Kind::read) {
      for (std::size_t i = 0; i < server.size(); ++i) {
        if (server[i]) output.elements.push_back(static_cast<Value>(i));
      }
      std::reverse(output.elements.begin(), output.elements.end());
      return output;
    }
    bool& present = server[static_cast<std::size_t>(input.element)];
    const bool yes = input.kind == SetInput::Kind::add ? !present : present;
    const bool told = input.kind == SetInput::Kind::contains || input.element == 1;
    if (told) output.answer = yes ? SetOutput::Answer::yes : SetOutput::Answer::no;
    if (input.kind != SetInput::Kind::contains) present = input.kind == SetInput::Kind::add;
    return output;
  }
  void spoil(RandomStream& random, const SetInput& input, SetOutput& output) const {
    if (input.kind == SetInput::Kind::read) {
      const auto element = static_cast<Value>(random.below(only_adds ? 6 : 2));
      const auto found = std::find(output.elements.begin(), output.elements.end(), element);
      if (found != output.elements.end()) {
        output.elements.erase(found);
      } else {
        output.elements.push_back(element);
      }
    } else if (!only_adds) {
      output.answer = random.below(2) == 0 ? SetOutput::Answer::yes : SetOutput::Answer::no;
    }
  }
};

template <class ModelType, bool last_in_first_out>
struct SequenceSamples {
  using Model = ModelType;
  bool distinct = true;

  std::vector<Value> server() const { return {}; }
  QueueInput draw_input(RandomStream& random, std::uint32_t i) const {
    QueueInput input;
    input.kind = static_cast<QueueInput::Kind>(random.below(2));
    const auto value = static_cast<Value>(random.below(2));
    if (input.kind == QueueInput::Kind::put) input.value = distinct ? i : value;
    return input;
  }
  QueueOutput answer(std::vector<Value>& server, const QueueInput& input) const {
    if (input.kind == QueueInput::Kind::put) {
      server.push_back(input.value);
      return {};
    }
    if (server.empty()) return {};
    const auto taken = last_in_first_out ? server.end() - 1 : server.begin();
    const QueueOutput output{*taken};
    server.erase(taken);
    return output;
  }
  void spoil(RandomStream& random, const QueueInput&, QueueOutput& output) const {
    output.value = random.below(4) == 0 ? nil : static_cast<Value>(random.below(distinct ? 6 : 2));
  }
};

struct LogSamples {
  using Model = Log;
  bool offsets = true;  // appends are told theirs, reads begin anywhere
  bool distinct = true;

  std::vector<Value> server() const { return {}; }
  LogInput draw_input(RandomStream& random, std::uint32_t i) const {
    LogInput input;
    input.kind = static_cast<LogInput::Kind>(random.below(2));
    const auto number = static_cast<std::int64_t>(random.below(3));
    if (input.kind == LogInput::Kind::append) input.value = distinct ? i : number;
    if (input.kind == LogInput::Kind::read && offsets) input.from = number;
    return input;
  }
  LogOutput answer(std::vector<Value>& server, const LogInput& input) const {
    LogOutput output;
    if (input.kind == LogInput::Kind::append) {
      if (offsets && input.value % 2 == 0) output.offset = static_cast<std::int64_t>(server.size());
      server.push_back(input.value);
      return output;
    }
    for (auto i = static_cast<std::size_t>(input.from); i < server.size(); ++i) output.values.push_back(server[i]);
    return output;
  }
  void spoil(RandomStream& random, const LogInput& input, LogOutput& output) const {
    const std::uint64_t how = random.below(3);
    if (input.kind == LogInput::Kind::append) {
      if (offsets) output.offset = static_cast<std::int64_t>(random.below(4));
    } else if (how == 0) {
      output.to_end = false;
    } else if (how == 1 && !output.values.empty()) {
      output.values.pop_back();
    } else {
      output.values.push_back(static_cast<Value>(random.below(6)));
    }
  }
};

struct ZnodeSamples {
  using Model = Znodes;

  struct Node {
    bool there = false;
    Value data = nil;
    std::int32_t version = 0;
  };
  // The paths /a and /a/b.
  std::array<Node, 2> server() const { return {}; }
  ZnodeInput draw_input(RandomStream& random, std::uint32_t) const {
    ZnodeInput input;
    input.kind = static_cast<ZnodeInput::Kind>(random.below(6));
    input.path = random.below(3) == 0 ? "/a/b" : "/a";
    const auto data = static_cast<Value>(random.below(2));
    const auto version = static_cast<std::int32_t>(random.below(3)) - 1;
    if (input.kind == ZnodeInput::Kind::create || input.kind == ZnodeInput::Kind::set) input.data = data;
    if (input.kind == ZnodeInput::Kind::remove || input.kind == ZnodeInput::Kind::set) input.version = version;
    return input;
  }
  ZnodeOutput answer(std::array<Node, 2>& server, const ZnodeInput& input) const {
    using Kind = ZnodeInput::Kind;
    using Error = ZnodeOutput::Error;
    const bool child = input.path == "/a/b";
    Node& node = server[child ? 1 : 0];
    if (input.kind == Kind::create) {
      if (child && !server[0].there) return {.error = Error::no_node};
      if (node.there) return {.error = Error::node_exists};
      node = {true, input.data, 0};
      return {};
    }
    if (!node.there) return {.error = Error::no_node};
    const bool asks = input.kind == Kind::set || input.kind == Kind::remove;
    if (asks && input.version >= 0 && input.version != node.version) return {.error = Error::bad_version};
    if (input.kind == Kind::remove) {
      if (!child && server[1].there) return {.error = Error::not_empty};
      node.there = false;
      return {};
    }
    if (input.kind == Kind::set) node = {true, input.data, node.version + 1};
    ZnodeOutput output{.data = node.data, .version = node.version};
    if (input.kind == Kind::children && !child && server[1].there) output.names = {"b"};
    return output;
  }
  void spoil(RandomStream& random, const ZnodeInput& input, ZnodeOutput& output) const {
    output.error = static_cast<ZnodeOutput::Error>(random.below(5));
    if (input.kind == ZnodeInput::Kind::get) output.data = static_cast<Value>(random.below(2));
    output.version = static_cast<std::int32_t>(random.below(3)) - 1;
  }
};

}  // namespace faultline::linearizability
