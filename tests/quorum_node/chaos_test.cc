// Many seeds, in each of them everything that may break, and in the end everybody has the same state, with all that was acknowledged.
#include <catch2/catch.hpp>

#include "nemesis.h"

using namespace faultline;
using namespace faultline::quorum;
using namespace faultline::quorum::test;

namespace {

struct Totals {
  std::size_t acknowledged = 0;
  int installed = 0;
  int failed = 0;
  int wiped = 0;
};

sim::Options world_of(std::uint64_t seed) {
  sim::Options options;
  options.seed = seed;
  options.trace_keep = sim::TraceKeep::none;
  options.trace_level = TraceLevel::info;
  options.random_schedule = seed % 2 == 0;
  options.link.short_read = {1, 20};
  options.link.short_write = {1, 20};
  options.link.stall = {1, 500};
  options.link.reset = {1, 2000};
  options.link.half_open = {1, 4000};
  options.disk.stall = {1, 1000};
  options.buggify = {.site_enabled = {1, 2}, .fires = {1, 50}};
  return options;
}

ClusterOptions quorum_of(RandomStream& random) {
  ClusterOptions options;
  options.voters = random.chance({1, 2}) ? 3 : 5;
  options.observers = 2;
  options.raft = raft_config(random.between(100ms, 400ms));
  options.raft.max_append_bytes = random.below(500) + 1;
  options.raft.max_inflight_appends = random.below(8) + 1;
  options.raft.snapshot_chunk_bytes = random.below(2000) + 200;
  options.snapshot_after_bytes = random.below(8000) + 500;
  options.pause = random.between(5ms, 30ms);
  return options;
}

/// A machine loses its disk, and comes back as somebody else, in the place of who it was.
void replace_a_voter(Cluster& cluster, RandomStream& random, std::size_t voters) {
  const std::size_t i = random.below(voters);
  cluster.world().kill(cluster.machine(i).sim);
  cluster.wipe(i);
  cluster.world().restart(cluster.machine(i).sim, random.between(1ms, 500ms));
  std::vector<std::size_t> wanted;
  for (std::size_t v = 0; v < voters; ++v) wanted.push_back(v);
  cluster.want_voters(wanted);
}

void run(std::uint64_t seed, Totals& totals) {
  INFO("seed " << seed);
  RandomStream random(seed);
  const ClusterOptions options = quorum_of(random);
  Cluster cluster(world_of(seed), options);
  Nemesis nemesis(cluster);
  nemesis.run_until(Time{} + 2s);
  if (random.chance({1, 2})) {
    replace_a_voter(cluster, random, static_cast<std::size_t>(options.voters));
    ++totals.wiped;
  } else {
    cluster.want_voters(
        {0, 1, 2, static_cast<std::size_t>(options.voters)});  // the first observer instead of the other two, if any
  }
  nemesis.run_until(Time{} + 5s);
  nemesis.repair();
  const auto reach = [&](std::string_view what, auto&& reached) {
    if (!cluster.run_until(reached, 30s)) FAIL("not reached: " << what << "\n" << cluster.describe());
  };
  reach("the wanted voters", [&] { return cluster.has_wanted_voters(); });
  cluster.stop_workload();
  reach("one state", [&] { return cluster.leader() != nullptr && cluster.settled(); });
  cluster.oracle().check_what_was_told();
  totals.acknowledged += cluster.oracle().acknowledged_count();
  for (const Cluster::Machine& machine : cluster.machines()) {
    totals.installed += machine.resets;
    totals.failed += static_cast<int>(machine.ends.size());
  }
}

}  // namespace

TEST_CASE("quorum node: whatever breaks, all nodes come to one state, in which each acknowledged command is once") {
  Totals totals;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) run(seed, totals);
  CHECK(totals.acknowledged > 50000);
  CHECK(totals.installed > 200);
  CHECK(totals.failed > 200);
  CHECK(totals.wiped > 50);
}
