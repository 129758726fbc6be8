// One thing at a time: what a node of the quorum does in a world where little goes wrong.
#include <catch2/catch.hpp>

#include "cluster.h"

using namespace faultline;
using namespace faultline::quorum;
using namespace faultline::quorum::test;

namespace {

Cluster::Machine& await_leader(Cluster& cluster) {
  REQUIRE(cluster.run_until([&] { return cluster.leader() != nullptr; }, 10s));
  return *cluster.leader();
}

void finish(Cluster& cluster) {
  cluster.stop_workload();
  REQUIRE(cluster.run_until([&] { return cluster.leader() != nullptr && cluster.settled(); }, 20s));
  cluster.oracle().check_what_was_told();
}

}  // namespace

TEST_CASE("quorum node: a sole voter leads without waiting for an election timeout") {
  Cluster cluster({}, {.voters = 1, .raft = raft_config(3600s)});
  cluster.world().run_for(50ms);
  REQUIRE(cluster.leader() != nullptr);
  cluster.world().run_for(500ms);
  CHECK(cluster.oracle().acknowledged_count() > 20);
  cluster.world().kill(cluster.machine(0).sim);
  cluster.world().restart(cluster.machine(0).sim, 1ms);
  cluster.world().run_for(50ms);
  REQUIRE(cluster.leader() != nullptr);
  finish(cluster);
}

TEST_CASE("quorum node: three voters elect a leader, and two observers learn what it says") {
  Cluster cluster({}, {.voters = 3, .observers = 2});
  await_leader(cluster);
  cluster.world().run_for(2s);
  CHECK(cluster.oracle().acknowledged_count() > 100);
  finish(cluster);
}
