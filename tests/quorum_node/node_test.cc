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

TEST_CASE("quorum node: where nothing breaks nobody stands for election again") {
  Cluster cluster({}, {.voters = 5, .observers = 2});
  const raft::Term term = await_leader(cluster).node->core().term();
  cluster.world().run_for(10s);
  CHECK(await_leader(cluster).node->core().term() == term);
  finish(cluster);
}

TEST_CASE("quorum node: a late observer is given a snapshot, and then the rest") {
  Cluster cluster({}, {.voters = 3, .snapshot_after_bytes = 2000});
  cluster.world().run_for(5s);
  REQUIRE(await_leader(cluster).node->core().log().base().index > raft::Index(100));
  const std::size_t late = cluster.add_observer(false);
  cluster.world().run_for(2s);
  CHECK(cluster.machine(late).ledger->resets() == 1);
  finish(cluster);
  CHECK_FALSE(cluster.machine(late).node->core().is_voter());
}

TEST_CASE("quorum node: old snapshots are removed") {
  Cluster cluster({}, {.voters = 3, .snapshot_after_bytes = 1000});
  cluster.world().run_for(5s);
  finish(cluster);
  cluster.call(0, [](Env& env, Node& node) {
    CHECK(node.core().snapshot().last.index > raft::Index(100));
    int snapshots = 0;
    for (const DirectoryEntry& entry : env.disk.list("quorum", no_deadline).value()) {
      snapshots += entry.name.starts_with("snapshot-") ? 1 : 0;
    }
    CHECK(snapshots == 1);
  });
}

TEST_CASE("quorum node: a file that a crash left half-written is gone after the next start") {
  Cluster cluster({}, {.voters = 1});
  await_leader(cluster);
  cluster.call(
      0, [](Env& env, Node&) { REQUIRE(env.disk.open("quorum/snapshot-1.tmp", OpenMode::create, no_deadline).has_value()); });
  cluster.world().kill(cluster.machine(0).sim);
  cluster.world().restart(cluster.machine(0).sim, 1ms);
  cluster.call(0, [](Env& env, Node&) {
    CHECK(env.disk.open("quorum/snapshot-1.tmp", OpenMode::read, no_deadline).error() == Errc::not_found);
  });
  finish(cluster);
}

TEST_CASE("quorum node: what was proposed to a leader that is cut off never counts, if another entry took its place") {
  Cluster cluster({}, {.voters = 3, .workload = false});
  Cluster::Machine& old = await_leader(cluster);
  cluster.world().run_for(1s);
  std::vector<sim::NodeId> others;
  for (const Cluster::Machine& machine : cluster.machines()) {
    if (&machine != &old) others.push_back(machine.sim);
  }
  cluster.world().partition({old.sim}, others);
  const Id id = cluster.oracle().next_id();
  const raft::ProposalOutcome outcome = old.node->propose({command_of(id)});
  REQUIRE(outcome.refusal == raft::Refusal::none);
  cluster.world().schedule(after(cluster.world().now(), 2s), [&] { cluster.world().heal_all(); });
  const auto i = static_cast<std::size_t>(&old - &cluster.machine(0));
  cluster.call(i, [&](Env& env, Node& node) {
    CHECK(node.wait_applied(outcome.last, after(env.clock.now(), 1ms)).error() == Errc::timed_out);
    CHECK(node.wait_applied(outcome.last, after(env.clock.now(), 8s)).error() == Errc::closed);
    CHECK(node.wait_applied(outcome.last, no_deadline).error() == Errc::closed);
  });
  cluster.oracle().refused({id});
  finish(cluster);
}

TEST_CASE("quorum node: proposals and reads are for the leader") {
  Cluster cluster({}, {.voters = 3, .observers = 1, .workload = false});
  Cluster::Machine& leader = await_leader(cluster);
  cluster.world().run_for(1s);
  const auto i = static_cast<std::size_t>(&leader - &cluster.machine(0));
  cluster.call(i, [&](Env& env, Node& node) {
    const raft::ProposalOutcome outcome = node.propose({command_of(cluster.oracle().next_id())});
    CHECK(node.applied() < outcome.last.index);
    REQUIRE(node.wait_applied(outcome.last, after(env.clock.now(), 1s)).has_value());
    CHECK(node.applied() == outcome.last.index);
    CHECK(node.wait_applied(outcome.last, Time{}).has_value());
    CHECK(node.read_index(after(env.clock.now(), 1s)).value() == outcome.last.index);
  });
  cluster.call(3, [&](Env& env, Node& node) {
    CHECK(node.propose({command_of(1)}).refusal == raft::Refusal::not_leader);
    CHECK(node.read_index(after(env.clock.now(), 1s)).error() == Errc::unsupported);
    CHECK(node.core().leader() == leader.key);
    CHECK(node.endpoint_of(leader.key.node) == Endpoint{cluster.host(i), 9093});
  });
  finish(cluster);
}

TEST_CASE("quorum node: leadership is handed to whom it is offered") {
  Cluster cluster({}, {.voters = 3});
  const Cluster::Machine& old = await_leader(cluster);
  cluster.world().run_for(1s);
  const raft::ReplicaKey successor = cluster.machine(&old == &cluster.machine(0) ? 1 : 0).key;
  REQUIRE(old.node->transfer_leadership(successor).refusal == raft::Refusal::none);
  cluster.world().run_for(100ms);
  CHECK(await_leader(cluster).key == successor);
  finish(cluster);
}

TEST_CASE("quorum node: a failed sync ends the node with the disk's error, and its waiters with it") {
  Cluster cluster({}, {.voters = 3, .observers = 1, .workload = false});
  Cluster::Machine& leader = await_leader(cluster);
  cluster.world().run_for(1s);
  const auto i = static_cast<std::size_t>(&leader - &cluster.machine(0));
  cluster.call(i, [&](Env& env, Node& node) {
    cluster.world().fail_next_sync(leader.sim, "quorum/log");
    // With its followers gone it cannot be committed before the sync fails.
    for (const Cluster::Machine& machine : cluster.machines()) cluster.world().clog(leader.sim, machine.sim);
    const raft::ProposalOutcome outcome = node.propose({command_of(cluster.oracle().next_id())});
    CHECK(node.wait_applied(outcome.last, after(env.clock.now(), 1s)).error() == Errc::cancelled);
    CHECK(node.wait_applied(outcome.last, after(env.clock.now(), 1s)).error() == Errc::cancelled);
    CHECK(node.read_index(after(env.clock.now(), 1s)).error() == Errc::cancelled);
    CHECK(node.propose({command_of(1)}).refusal == raft::Refusal::not_leader);
  });
  cluster.world().heal_all();
  cluster.world().run_for(1s);
  REQUIRE(leader.ends.size() == 1);
  CHECK(leader.ends[0] == Errc::io_error);
  CHECK(leader.ends[0].injected);
  finish(cluster);
}

TEST_CASE("quorum node: a full disk ends the node, and with room again it goes on with everything that was acknowledged") {
  const int voters = GENERATE(1, 3);
  Cluster cluster({}, {.voters = voters});
  const Cluster::Machine& leader = await_leader(cluster);
  cluster.world().run_for(500ms);
  REQUIRE(cluster.oracle().acknowledged_count() > 20);
  cluster.world().disk(leader.sim).capacity_bytes = cluster.world().disk_used_bytes(leader.sim);
  REQUIRE(cluster.run_until([&] { return !leader.ends.empty(); }, 2s));
  CHECK(leader.ends.front() == Errc::no_space);
  cluster.world().run_for(2s);  // started again, it ends again
  cluster.world().disk(leader.sim).capacity_bytes = 0;
  finish(cluster);
}

TEST_CASE("quorum node: one that is told to end does so in the middle of a write, and goes on where it was") {
  Cluster cluster({}, {.voters = 1});
  for (int i = 0; i < 20; ++i) {
    await_leader(cluster);
    cluster.call(0, [&](Env& env, Node& node) {
      REQUIRE(node.propose({command_of(cluster.oracle().next_id())}).refusal == raft::Refusal::none);
      env.tasks.cancel_all();
    });
    REQUIRE(cluster.run_until([&] { return cluster.machine(0).ends.size() > static_cast<std::size_t>(i); }, 1s));
    CHECK(cluster.machine(0).ends.back() == Errc::cancelled);
  }
  finish(cluster);
}

TEST_CASE("quorum node: who was wiped comes back as an observer, and takes its place again under load") {
  Cluster cluster({}, {.voters = 3, .snapshot_after_bytes = 3000});
  const raft::ReplicaKey before = await_leader(cluster).key;
  const auto i = static_cast<std::size_t>(before.node.value() - 1);
  cluster.world().run_for(2s);
  cluster.world().kill(cluster.machine(i).sim);
  cluster.wipe(i);
  cluster.world().restart(cluster.machine(i).sim, 1s);
  cluster.world().run_for(5s);
  REQUIRE(cluster.machine(i).node != nullptr);
  CHECK_FALSE(cluster.machine(i).node->core().is_voter());
  CHECK(await_leader(cluster).node->core().voters().contains(before));
  CHECK(cluster.oracle().end() - cluster.machine(i).node->applied() < 20);
  cluster.want_voters({0, 1, 2});
  REQUIRE(cluster.run_until([&] { return cluster.has_wanted_voters(); }, 5s));
  CHECK(cluster.machine(i).node->core().is_voter());
  finish(cluster);
}

TEST_CASE("quorum node: a node of another cluster is not listened to") {
  Cluster cluster({}, {.voters = 3, .observers = 1});
  const std::size_t stranger = cluster.add_observer(true);
  cluster.machine(stranger).cluster_id = "another";
  const raft::Term term = await_leader(cluster).node->core().term();
  cluster.world().run_for(5s);
  CHECK(cluster.machine(stranger).node->applied() == raft::Index());
  CHECK(cluster.machine(stranger).node->core().term() == raft::Term());
  CHECK(await_leader(cluster).node->core().term() == term);
}

TEST_CASE("quorum node: who has slept through a change of all voters finds the new ones by what the old ones say") {
  Cluster cluster({}, {.voters = 1, .observers = 4});
  await_leader(cluster);
  cluster.world().run_for(1s);
  const std::size_t asleep = 2;
  cluster.world().kill(cluster.machine(asleep).sim);
  cluster.want_voters({1, 3});
  REQUIRE(cluster.run_until([&] { return cluster.has_wanted_voters(); }, 10s));
  cluster.world().restart(cluster.machine(asleep).sim, 1ms);
  finish(cluster);
}

TEST_CASE(
    "quorum node: observers follow a new leader three heartbeats after its election at the latest, however the old one went") {
  enum class End : std::uint8_t { frozen, cut_off, killed };
  const raft::Config raft = raft_config(300ms);
  for (const End end : {End::frozen, End::cut_off, End::killed}) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
      CAPTURE(static_cast<int>(end), seed);
      sim::Options options;
      options.seed = seed;
      Cluster cluster(options, {.voters = 3, .observers = 4, .raft = raft, .workload = false});
      const Cluster::Machine& old = await_leader(cluster);
      cluster.world().run_for(2s);
      const raft::Term term = old.node->core().term();
      std::vector<sim::NodeId> others;
      for (const Cluster::Machine& machine : cluster.machines()) {
        if (&machine != &old) others.push_back(machine.sim);
      }
      if (end == End::frozen) cluster.world().pause(old.sim);
      if (end == End::cut_off) cluster.world().partition({old.sim}, others);
      if (end == End::killed) cluster.world().kill(old.sim);
      const auto knows = [&](const Cluster::Machine& machine) {
        return &machine == &old || (machine.node->core().term() > term && machine.node->core().leader().has_value());
      };
      REQUIRE(cluster.run_until([&] { return std::ranges::count_if(cluster.machines(), knows) > 1; }, 10s));
      cluster.world().run_for(3 * raft.heartbeat_interval);
      CHECK(std::ranges::all_of(cluster.machines(), knows));
    }
  }
}

TEST_CASE("quorum node: planted mistakes reach the core") {
  Cluster cluster({}, {.voters = 1, .raft = [] {
                         raft::Config config = raft_config(300ms);
                         config.exhibits.insert(Exhibit::raft_figure_8);
                         return config;
                       }()});
  CHECK(await_leader(cluster).node->core().config().exhibits.on(Exhibit::raft_figure_8));
}

TEST_CASE("quorum node: a hundred observers cost little more than their heartbeats") {
  sim::Options options;
  options.trace_keep = sim::TraceKeep::none;
  Cluster cluster(options, {.voters = 3, .observers = 100, .raft = raft_config(1s), .workload = false});
  const raft::Term term = await_leader(cluster).node->core().term();
  cluster.world().run_for(2s);
  const std::uint64_t before = cluster.world().event_count();
  cluster.world().run_for(10s);
  // 51 heartbeats to 102 nodes, and their answers: a dozen events of the simulated network each.
  CHECK(cluster.world().event_count() - before < 150000);
  CHECK(await_leader(cluster).node->core().term() == term);
  finish(cluster);
}
