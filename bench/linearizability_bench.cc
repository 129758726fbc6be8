// The rows of the linearizability checker. The histories have the shape of those that the field's checkers are measured with: an
// etcd register under 5 clients that time out (Jepsen), a key-value store under 50 clients that put, append and get (Porcupine).
#include <algorithm>
#include <queue>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/random.h"
#include "bench/checkers_bench.h"
#include "checkers/linearizability/models.h"
#include "reports/lanes_dot.h"

namespace faultline::bench {
namespace {

namespace lin = linearizability;
using Outcome = checkers::Verdict::Outcome;

// What clients do: `invoke` draws an input, `serve` is the moment at which the operation takes effect.
struct Workload {
  std::uint32_t clients = 5;
  std::uint32_t operations = 0;
  std::uint64_t timeouts_per_mille = 0;  // of which half have taken effect, some of them long afterwards
};

template <class Op, class Draw, class Serve>
std::vector<Op> run_clients(const Workload& load, RandomStream& random, Draw draw, Serve serve) {
  enum class Step : std::uint8_t { invoke, effect, completion };
  using Event = std::tuple<std::uint64_t, std::uint64_t, Step, std::uint32_t, std::uint32_t>;  // time, tie, client, operation
  std::priority_queue<Event, std::vector<Event>, std::greater<>> events;
  std::uint64_t ties = 0;
  for (std::uint32_t client = 0; client < load.clients; ++client) {
    const std::uint64_t begin = random.below(100);
    events.emplace(begin, ties++, Step::invoke, client, 0);
  }
  std::vector<Op> operations;
  for (std::uint32_t index = 0; !events.empty();) {
    const auto [time, tie, step, client, number] = events.top();
    events.pop();
    if (step == Step::effect) {
      serve(operations[number]);
    } else if (step == Step::completion) {
      operations[number].completion_index = index++;
      const std::uint64_t pause = 1 + random.below(20);
      events.emplace(time + pause, ties++, Step::invoke, client, 0);
    } else if (operations.size() < load.operations) {
      const auto next = static_cast<std::uint32_t>(operations.size());
      const bool times_out = random.below(1000) < load.timeouts_per_mille;
      const std::uint64_t length = 2 + random.below(100);
      const std::uint64_t effect = 1 + random.below(length - 1);
      const std::uint64_t late = random.below(1000);
      const bool happens = random.below(2) == 0;
      operations.push_back({.process = static_cast<std::int32_t>(client),
                            .invoke_index = index++,
                            .outcome = times_out ? lin::Outcome::indefinite : lin::Outcome::ok,
                            .input = draw(random, next),
                            .source = next});
      if (!times_out || happens) events.emplace(time + effect + (times_out ? late : 0), ties++, Step::effect, client, next);
      if (times_out) {
        events.emplace(time + 100, ties++, Step::invoke, client, 0);  // a new process in its place
      } else {
        events.emplace(time + length, ties++, Step::completion, client, next);
      }
    }
  }
  return operations;
}

std::vector<lin::RegisterOperation> etcd_like(std::uint64_t seed) {
  RandomStream random = RandomSource(seed).stream("etcd");
  lin::Value server = lin::nil;
  const auto draw = [](RandomStream& stream, std::uint32_t) {
    lin::RegisterInput input{.kind = static_cast<lin::RegisterInput::Kind>(stream.below(3))};
    const auto value = static_cast<lin::Value>(stream.below(5));
    const auto expected = static_cast<lin::Value>(stream.below(5));
    if (input.kind != lin::RegisterInput::Kind::read) input.value = value;
    if (input.kind == lin::RegisterInput::Kind::cas) input.expected = expected;
    return input;
  };
  const auto serve = [&](lin::RegisterOperation& operation) {
    const bool cas = operation.input.kind == lin::RegisterInput::Kind::cas;
    operation.output = {.value = server, .succeeded = !cas || server == operation.input.expected};
    if (operation.input.kind == lin::RegisterInput::Kind::write || (cas && operation.output.succeeded))
      server = operation.input.value;
  };
  auto history =
      run_clients<lin::RegisterOperation>({.clients = 5, .operations = 85, .timeouts_per_mille = 120}, random, draw, serve);
  if (seed % 2 == 0) {  // half of them have a wrong answer somewhere
    for (std::size_t i = 20 + random.below(60); i < history.size(); ++i) {
      lin::RegisterOperation& operation = history[i];
      if (!operation.ok() || operation.input.kind != lin::RegisterInput::Kind::read) continue;
      operation.output.value = (operation.output.value + 1) % 5;
      break;
    }
  }
  return history;
}

std::vector<lin::KvOperation> kv_like(bool spoiled) {
  RandomStream random = RandomSource(7).stream("kv");
  constexpr std::uint32_t keys = 10;
  std::vector<std::string> server(keys);
  const auto draw = [](RandomStream& stream, std::uint32_t number) {
    const std::uint64_t what = stream.below(100);
    lin::KvInput input{.key = static_cast<lin::Key>(stream.below(keys))};
    if (what >= 50)
      input = {what < 55 ? lin::KvInput::Kind::put : lin::KvInput::Kind::append, input.key, "x " + std::to_string(number) + " y"};
    return input;
  };
  const auto serve = [&](lin::KvOperation& operation) {
    std::string& value = server[operation.input.key];
    if (operation.input.kind == lin::KvInput::Kind::get) operation.output.value = value;
    if (operation.input.kind == lin::KvInput::Kind::put) value.clear();
    value += operation.input.value;
  };
  auto history = run_clients<lin::KvOperation>({.clients = 50, .operations = 2000}, random, draw, serve);
  if (!spoiled) return history;
  // One of the last reads returns what was there when another one, long before, had ended.
  std::vector<lin::KvOperation*> reads;
  for (lin::KvOperation& operation : history) {
    if (operation.input.kind == lin::KvInput::Kind::get && operation.input.key == 3) reads.push_back(&operation);
  }
  reads[reads.size() - 2]->output = reads[reads.size() - 12]->output;
  return history;
}

// Writers of values that are never written twice, and readers.
std::vector<lin::RegisterOperation> register_history(std::uint32_t count) {
  RandomStream random = RandomSource(11).stream("register");
  lin::Value server = lin::nil;
  const auto draw = [](RandomStream& stream, std::uint32_t number) {
    lin::RegisterInput input{.kind = static_cast<lin::RegisterInput::Kind>(stream.below(2))};
    if (input.kind == lin::RegisterInput::Kind::write) input.value = number;
    return input;
  };
  const auto serve = [&](lin::RegisterOperation& operation) {
    operation.output.value = server;
    if (operation.input.kind == lin::RegisterInput::Kind::write) server = operation.input.value;
  };
  return run_clients<lin::RegisterOperation>({.clients = 20, .operations = count, .timeouts_per_mille = 10}, random, draw, serve);
}

// Every value is put once; `last_in_first_out`: a stack.
std::vector<lin::QueueOperation> queue_history(std::uint32_t count, bool last_in_first_out) {
  RandomStream random = RandomSource(13).stream("queue");
  std::vector<lin::Value> server;
  std::size_t front = 0;
  const auto draw = [](RandomStream& stream, std::uint32_t number) {
    lin::QueueInput input{.kind = static_cast<lin::QueueInput::Kind>(stream.below(2))};
    if (input.kind == lin::QueueInput::Kind::put) input.value = number;
    return input;
  };
  const auto serve = [&](lin::QueueOperation& operation) {
    if (operation.input.kind == lin::QueueInput::Kind::put) {
      server.push_back(operation.input.value);
    } else if (front < server.size()) {
      operation.output.value = last_in_first_out ? server.back() : server[front++];
      if (last_in_first_out) server.pop_back();
    }
  };
  return run_clients<lin::QueueOperation>({.clients = 20, .operations = count}, random, draw, serve);
}

std::vector<lin::SetOperation> set_history(std::uint32_t count) {
  RandomStream random = RandomSource(17).stream("set");
  std::vector<bool> server(count + 1, false);
  const auto draw = [](RandomStream& stream, std::uint32_t number) {
    lin::SetInput input{.kind = static_cast<lin::SetInput::Kind>(stream.below(3))};
    input.element = input.kind == lin::SetInput::Kind::add ? number : static_cast<lin::Value>(stream.below(number + 1));
    return input;
  };
  const auto serve = [&](lin::SetOperation& operation) {
    const auto element = static_cast<std::size_t>(operation.input.element);
    const bool yes = operation.input.kind == lin::SetInput::Kind::add ? !server[element] : server[element];
    operation.output.answer = yes ? lin::SetOutput::Answer::yes : lin::SetOutput::Answer::no;
    if (operation.input.kind != lin::SetInput::Kind::contains) server[element] = operation.input.kind == lin::SetInput::Kind::add;
  };
  return run_clients<lin::SetOperation>({.clients = 20, .operations = count}, random, draw, serve);
}

std::vector<Figure> kv_figures() {
  std::vector<Figure> figures;
  const std::vector<lin::KvOperation> valid = kv_like(false);
  const std::vector<lin::KvOperation> invalid = kv_like(true);
  const lin::Options verdict_only{.witness_steps = 0};
  figures.push_back({.name = "kv, 50 clients, 2,000 ops, valid",
                     .value = median_ms([&] { ENSURE(lin::check(lin::Kv{}, valid).outcome == Outcome::valid); }),
                     .unit = "ms",
                     .at_most = 5});
  figures.push_back(
      {.name = "the same, invalid: the verdict",
       .value = median_ms([&] { ENSURE(lin::check(lin::Kv{}, invalid, verdict_only).outcome == Outcome::invalid); }),
       .unit = "ms",
       .at_most = 5});
  const auto picture = [&] { ENSURE(!reports::lanes_dot(lin::check(lin::Kv{}, invalid)).empty()); };
  figures.push_back(
      {.name = "the same, with the witness and its picture", .value = median_ms(picture), .unit = "ms", .at_most = 50});
  figures.push_back({.name = "memory of all this", .value = peak_memory_mb(), .unit = "MB", .at_most = 200});
  return figures;
}

// The same check at n, 10 n and 100 n operations.
template <class Model, class History>
void add_growth(std::vector<Figure>& figures, const std::string& name, const Model& model, History history) {
  for (const auto& [count, text] :
       {std::pair{10'000u, ", 10,000 ops"}, {100'000u, ", 100,000 ops"}, {1'000'000u, ", 1,000,000 ops"}}) {
    const auto operations = history(count);
    figures.push_back({.name = name + text,
                       .value = median_ms([&] { ENSURE(lin::check(model, operations).outcome == Outcome::valid); }),
                       .unit = "ms"});
  }
}

}  // namespace

std::vector<Figure> linearizability_figures() {
  std::vector<Figure> figures = kv_figures();
  std::vector<std::vector<lin::RegisterOperation>> etcd;
  for (std::uint64_t seed = 0; seed < 100; ++seed) etcd.push_back(etcd_like(seed));
  const auto check_all = [&] {
    for (const auto& history : etcd) ENSURE(lin::check(lin::Register{}, history).outcome != Outcome::unknown);
  };
  figures.insert(
      figures.begin(),
      {.name = "register, 100 histories of 85 ops, 5 clients", .value = median_ms(check_all), .unit = "ms", .at_most = 10});
  add_growth(figures, "register, distinct values", lin::Register{}, register_history);
  add_growth(figures, "queue, distinct values", lin::Queue{}, [](std::uint32_t count) { return queue_history(count, false); });
  add_growth(figures, "stack, distinct values", lin::Stack{}, [](std::uint32_t count) { return queue_history(count, true); });
  add_growth(figures, "set", lin::Set{}, set_history);
  return figures;
}

}  // namespace faultline::bench
