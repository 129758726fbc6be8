#include "bench/sim_bench.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <vector>

#include "base/check.h"
#include "runtime/tasks.h"
#include "sim/world.h"

namespace faultline::bench {
namespace {

constexpr std::uint16_t port = 9000;

struct Progress {
  std::uint64_t per_pair = 0;
  std::uint64_t received = 0;
};

void serve(Env& env, const StreamLoad& load, Progress& progress) {
  auto listener = env.network.listen({"server", port}).value();
  TaskGroup group(env.tasks);
  for (std::uint32_t i = 0; i < load.pairs; ++i) {
    auto stream = listener->accept(no_deadline).value();
    group.spawn("reader", [&env, &load, &progress, stream = std::move(stream)] {
      std::vector<std::uint8_t> buffer(load.message_bytes);
      for (std::uint64_t message = 0; message < progress.per_pair; ++message) {
        MutableBytes rest(buffer);
        while (!rest.empty()) rest = rest.subspan(stream->read_some(rest, env.clock.now() + 30s).value());
        ++progress.received;
      }
    });
  }
  group.join();
}

void drive(Env& env, const StreamLoad& load, const Progress& progress) {
  TaskGroup group(env.tasks);
  for (std::uint32_t i = 0; i < load.pairs; ++i) {
    group.spawn("writer", [&env, &load, &progress] {
      auto stream = env.network.connect({"server", port}, no_deadline).value();
      const std::vector<std::uint8_t> message(load.message_bytes, 'x');
      for (std::uint64_t sent = 0; sent < progress.per_pair; ++sent) {
        Bytes rest(message);
        while (!rest.empty())
          rest = rest.subspan(stream->write_some(std::span<const Bytes>(&rest, 1), env.clock.now() + 30s).value());
      }
    });
  }
  group.join();
}

double median_of_five(const StreamLoad& load) {
  std::array<double, 5> rates{};
  for (double& rate : rates) rate = measure_streams(load);
  std::sort(rates.begin(), rates.end());
  return rates[2];
}

}  // namespace

double measure_streams(const StreamLoad& load) {
  sim::Options options{.seed = 1};
  options.link.short_read = {1, 8};
  sim::World world(options);
  Progress progress{.per_pair = load.messages / load.pairs};
  world.add_node("server", {"server"}, [&](Env& env) { serve(env, load, progress); });
  world.add_node("client", {"client"}, [&](Env& env) { drive(env, load, progress); });
  // Processor time: a single thread that never waits, on a machine that may have other work.
  const std::clock_t started = std::clock();
  world.run_until_idle(no_deadline - 1ns);
  const double took = static_cast<double>(std::clock() - started) / CLOCKS_PER_SEC;
  ENSURE(progress.received == progress.per_pair * load.pairs);
  return static_cast<double>(progress.received) / took;
}

BenchResult run_sim_bench() {
  BenchResult result{"sim", {}};
  const auto add = [&](std::string name, const StreamLoad& load, double at_least) {
    result.figures.push_back({std::move(name), median_of_five(load), "messages/s", at_least, 0});
  };
  add("simulated streams, 128 pairs, 100 B", {128, 100, 4'000'000}, 5e6);
  add("simulated streams, 128 pairs, 4 KiB", {128, 4096, 1'000'000}, 1.5e6);
  add("simulated streams, 5000 pairs (10,000 fibers), 100 B", {5000, 100, 2'000'000}, 0.5e6);
  return result;
}

}  // namespace faultline::bench
