// Everything at once: all faults drawn, for many seeds. What must hold in any case: the same seed gives the same run, what is read
// is what was written in that order, and no connection outlives the processes and machines that knew it.
#include <array>
#include <catch2/catch.hpp>
#include <memory>
#include <string>
#include <vector>

#include "runtime/sync.h"
#include "sim/world.h"

using namespace faultline;

namespace {

constexpr std::uint16_t port = 9000;
constexpr Time quiet = Time{} + 40s;  // no fault begins later

/// Echoes, and writes what it echoes to a file that it reads back now and then.
void serve(Env& env) {
  auto listener = env.network.listen({"0.0.0.0", port});
  auto opened = env.disk.open("file", OpenMode::create, env.clock.now() + 5s);
  if (!listener || !opened) {
    (void)sleep_until(env.clock.now() + 100ms);
    return;
  }
  File& file = **opened;
  TaskGroup group(env.tasks);
  while (env.clock.now() < quiet + 10s) {
    auto stream = (*listener)->accept(env.clock.now() + 1s);
    if (!stream) continue;
    group.spawn("echo", [&env, &file, stream = std::move(*stream)] {
      std::vector<std::uint8_t> buffer(700);
      for (;;) {
        const Result<std::size_t> count = stream->read_some(buffer, env.clock.now() + 3s);
        if (!count || *count == 0) return;
        const Slice data = Slice::copy_of(Bytes(buffer).first(*count));
        const Result<std::uint64_t> size = file.size();
        const std::uint64_t end = size ? *size % 20'000 : 0;
        (void)file.write_at(end, std::span<const Slice>(&data, 1), env.clock.now() + 50ms);
        (void)file.sync(env.clock.now() + 50ms);
        (void)file.read_at(end / 2, 5000, env.clock.now() + 50ms);
        (void)replace_file(env.disk, "other", data, env.clock.now() + 200ms);
        if (end > 15'000) (void)file.truncate(end / 3, env.clock.now() + 50ms);
        if (!write_all(*stream, data, env.clock.now() + 3s)) return;
        if (env.buggify.fires("test.shutdown")) (void)stream->shutdown_write();
      }
    });
  }
}

/// Counts up on each connection and checks that the echo does too.
void ask(Env& env, int& wrong) {
  RandomStream random = env.random.stream("ask");
  while (env.clock.now() < quiet + 10s) {
    auto stream = env.network.connect({"server", port}, env.clock.now() + random.between(1ms, 3s));
    std::uint8_t sent = 0;
    std::uint8_t expected = 0;
    while (stream) {
      std::vector<std::uint8_t> message(1 + random.below(600));
      for (std::uint8_t& byte : message) byte = sent++;
      if (!write_all(**stream, Bytes(message), env.clock.now() + 2s)) break;
      if (random.below(10) == 0) (*stream)->reset();
      if (random.below(10) == 0) break;
      const Result<> got = read_exactly(**stream, message, env.clock.now() + 2s);
      if (!got) break;
      for (const std::uint8_t byte : message) wrong += byte != expected++;
    }
    if (!sleep_until(env.clock.now() + random.between(1ms, 200ms))) return;
  }
}

void draw_faults(sim::World& world, const std::vector<sim::NodeId>& nodes) {
  auto random = std::make_shared<RandomStream>(world.random("chaos").stream("faults"));
  for (Time at = Time{} + 500ms; at < quiet; at += random->between(50ms, 1500ms)) {
    const std::uint64_t which = random->below(16);
    const sim::NodeId node = nodes[random->below(nodes.size())];
    const sim::NodeId peer = nodes[random->below(nodes.size())];
    const Duration lasts = random->between(1ms, 3s);
    const auto until = [&world, at, lasts](auto act) { world.schedule(at + lasts, act); };
    world.schedule(at, [&world, which, node, peer, lasts] {
      switch (which) {
        case 0: world.crash(node); break;
        case 1: world.kill(node); break;
        case 2: world.pause(node); break;
        case 3: world.slow(node, 20); break;
        case 4: world.clog(node, peer); break;
        case 5: world.swizzle({node}, lasts); break;
        case 6: world.reset_connections(node, peer); break;
        case 7: world.forget_connections(node, peer); break;
        case 8: world.stall_disk(node, lasts); break;
        case 9: world.freeze_clock(node); break;
        case 10: world.set_clock_drift(node, 10'000); break;
        case 11: world.step_wall_clock(node, -lasts); break;
        case 12: (void)world.rot(node, ""); break;
        case 13:
          world.crash(node);
          world.wipe(node);
          break;
        case 14: world.rename_hosts(node, {"elsewhere"}); break;
        default: world.partition({node}, {peer}, sim::Direction::one_way); break;
      }
    });
    until([&world, node, peer] {
      world.resume(node);
      world.unfreeze_clock(node);
      world.slow(node, 1);
      world.unclog(node, peer);
      world.heal_all();
      world.rename_hosts(node, {world.name_of(node)});
      world.restart(node, Duration{});
    });
  }
}

using Counts = std::array<std::uint64_t, sim::fault_kinds>;

std::uint64_t run(std::uint64_t seed, Counts& counts) {
  sim::Options options{.seed = seed, .random_schedule = seed % 2 == 0};
  options.link.short_read = options.link.short_write = {1, 4};
  options.link.stall = {1, 50};
  options.link.reset = {1, 200};
  options.link.half_open = {1, 500};
  options.link.refuse = {1, 20};
  options.link.small_window = {1, 5};
  options.link.bytes_per_second = seed % 3 == 0 ? 1'000'000 : 0;
  options.disk.capacity_bytes = seed % 4 == 0 ? 10'000 : 0;
  options.disk.stall = options.disk.read_error = options.disk.write_error = options.disk.sync_error = {1, 100};
  options.disk.lying_sync = options.disk.lost_write = options.disk.misdirected_write = options.disk.latent_error = {1, 100};
  options.disk.metadata_error = {1, 2000};
  options.buggify.site_enabled = {1, 2};
  sim::World world(options);
  int wrong = 0;
  std::vector<sim::NodeId> nodes{world.add_node("server", {"server"}, serve)};
  for (const char* name : {"c1", "c2", "c3"}) {
    nodes.push_back(world.add_node(name, {name}, [&wrong](Env& env) { ask(env, wrong); }));
  }
  draw_faults(world, nodes);
  world.run_until(quiet + 10s);
  for (const sim::NodeId node : nodes) {
    world.crash(node);
    world.restart(node, 1s);
  }
  world.run_for(600s);
  INFO("seed " << seed);
  REQUIRE(wrong == 0);
  REQUIRE(world.open_connections() == 0);
  for (const sim::NodeId node : nodes) REQUIRE_FALSE(world.is_running(node));
  for (std::size_t kind = 0; kind < sim::fault_kinds; ++kind)
    counts[kind] += world.faults().count_of(static_cast<sim::FaultKind>(kind));
  return world.hash();
}

}  // namespace

TEST_CASE("chaos: with every fault there is, a seed is still one run, bytes arrive in order, and no connection is left over") {
  Counts counts{};
  for (std::uint64_t seed = 1; seed <= 24; ++seed) {
    const std::uint64_t hash = run(seed, counts);
    REQUIRE(run(seed, counts) == hash);
  }
  for (std::size_t kind = 0; kind < sim::fault_kinds; ++kind) {
    INFO(sim::to_string(static_cast<sim::FaultKind>(kind)));
    CHECK(counts[kind] > 0);
  }
}
