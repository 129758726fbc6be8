// Clusters in fair weather with one thing going wrong: the stories of the paper and of the thesis. The oracle looks on.
#include <catch2/catch.hpp>

#include "world.h"

using namespace faultline;
using namespace faultline::raft;
using namespace faultline::raft::testing;

namespace {

#define REQUIRE_SOUND(world)                                  \
  do {                                                        \
    if ((world).violation()) FAIL((world).violation()->what); \
  } while (false)

/// Commits `count` commands on whoever leads. Returns: the leader.
int commit_some(World& world, int count) {
  const int leader = world.run_until_leader();
  REQUIRE(leader >= 0);
  for (int i = 0; i < count; ++i) {
    const ProposalOutcome outcome = world.propose(leader, "command");
    REQUIRE(outcome.refusal == Refusal::none);
    world.run_for(20ms);
    REQUIRE(world.oracle().committed_end() >= outcome.last.index);
  }
  REQUIRE_SOUND(world);
  return leader;
}

bool all_have(World& world, Index index) {
  for (int i = 0; i < world.size(); ++i) {
    if (!world.up(i) || world.core(i).commit_index() < index) return false;
  }
  return true;
}

int other_than(int node) { return node == 0 ? 1 : 0; }

bool refused(const ProposalOutcome& outcome, Refusal why) { return outcome.refusal == why; }

}  // namespace

TEST_CASE("raft 5.2: three voters, the leader is cut off, a second is elected and the first resigns") {
  World world({.seed = 1});
  const int first = commit_some(world, 3);
  world.isolate(first);
  world.run_for(150ms + 40ms);
  CHECK_FALSE(world.core(first).leads());  // 1.5 election timeouts (KAFKA-15489), and a heartbeat that was still answered
  const int second = world.run_until_leader();
  REQUIRE(second >= 0);
  CHECK(second != first);
  world.heal();
  commit_some(world, 3);
  world.run_for(100ms);
  CHECK(all_have(world, world.oracle().committed_end()));
  REQUIRE_SOUND(world);
}

TEST_CASE("thesis 9.6: a follower that was cut off for long returns without an election") {
  World world({.seed = 2});
  const int leader = commit_some(world, 1);
  const Term term = world.core(leader).term();
  world.isolate(other_than(leader));
  world.run_for(3s);
  CHECK(world.core(other_than(leader)).term() == term);
  world.heal();
  world.run_for(1s);
  CHECK(world.core(leader).leads());
  CHECK(world.core(leader).term() == term);
  REQUIRE_SOUND(world);
}

TEST_CASE("raft 5.3: a leader's unreplicated entries give way to those of its successor") {
  World world({.seed = 3});
  const int first = commit_some(world, 2);
  world.isolate(first);
  for (int i = 0; i < 5; ++i) CHECK(world.propose(first, "lost").refusal == Refusal::none);
  world.run_for(1s);
  commit_some(world, 2);
  world.heal();
  world.run_for(1s);
  CHECK(all_have(world, world.oracle().committed_end()));
  REQUIRE_SOUND(world);
}

TEST_CASE("raft 5.1: all voters lose power at once, and nothing that was committed is lost") {
  World world({.seed = 4, .voters = 5});
  for (int round = 0; round < 10; ++round) {
    commit_some(world, 2);
    for (int i = 0; i < 5; ++i) world.crash(i);
    for (int i = 0; i < 5; ++i) world.restart(i);
  }
  CHECK(world.oracle().committed_end() >= Index(30));
  REQUIRE_SOUND(world);
}

TEST_CASE("thesis 3.10: leadership is handed over without an election timeout, and no proposal is taken meanwhile") {
  World world({.seed = 5});
  const int first = commit_some(world, 2);
  const int target = other_than(first);
  CHECK(refused(world.ask(first, TransferLeadership{world.node(target).key}), Refusal::none));
  CHECK(refused(world.propose(first, "late"), Refusal::transferring));
  world.run_for(50ms);
  CHECK(world.core(target).leads());
  REQUIRE_SOUND(world);
}

TEST_CASE("thesis 3.10: a leader whose successor does not answer goes on") {
  World world({.seed = 6});
  const int leader = commit_some(world, 1);
  const int target = other_than(leader);
  world.crash(target);
  CHECK(refused(world.ask(leader, TransferLeadership{world.node(target).key}), Refusal::none));
  world.run_for(250ms);
  CHECK(refused(world.propose(leader, "goes on"), Refusal::none));
  CHECK(refused(world.ask(leader, TransferLeadership{ReplicaKey{NodeId(9), {}}}), Refusal::not_a_voter));
}

TEST_CASE("KIP-853: an observer follows, becomes a voter once it has caught up, and is counted") {
  World world({.seed = 7, .voters = 1, .observers = 1});
  const int leader = commit_some(world, 3);
  world.run_for(500ms);
  CHECK(all_have(world, world.oracle().committed_end()));
  CHECK_FALSE(world.core(1).is_voter());
  CHECK(refused(world.ask(leader, AddVoter{world.voter(1)}), Refusal::none));
  CHECK(refused(world.ask(leader, RemoveVoter{world.node(1).key}), Refusal::change_in_progress));
  world.run_for(50ms);
  CHECK(world.core(1).is_voter());
  CHECK(refused(world.ask(leader, AddVoter{world.voter(1)}), Refusal::already_voter));
  world.crash(1);
  const Index end = world.oracle().committed_end();
  (void)world.propose(leader, "needs both");
  world.run_for(100ms);
  CHECK(world.oracle().committed_end() == end);
  REQUIRE_SOUND(world);
}

TEST_CASE("thesis 4.2.1: a node that is not heard of does not become a voter; the last voter stays") {
  World world({.seed = 8, .voters = 1, .observers = 1});
  world.crash(1);
  const int leader = commit_some(world, 1);
  CHECK(refused(world.ask(leader, AddVoter{world.voter(1)}), Refusal::not_caught_up));
  CHECK(refused(world.ask(leader, RemoveVoter{world.node(0).key}), Refusal::last_voter));
  CHECK(refused(world.ask(leader, RemoveVoter{world.node(1).key}), Refusal::not_a_voter));
}

TEST_CASE("thesis 4.2.2: a leader that removes itself leads until the change is committed, then another does") {
  World world({.seed = 9});
  const int first = commit_some(world, 1);
  CHECK(refused(world.ask(first, RemoveVoter{world.node(first).key}), Refusal::none));
  CHECK(world.core(first).leads());
  world.run_for(100ms);
  CHECK_FALSE(world.core(first).leads());
  const int second = commit_some(world, 2);
  CHECK(second != first);
  world.run_for(500ms);
  CHECK_FALSE(world.core(first).may_lead());
  CHECK(all_have(world, world.oracle().committed_end()));  // it goes on as an observer
  REQUIRE_SOUND(world);
}

TEST_CASE("thesis 4.2.2: who alone has the entry that removes it still stands for election") {
  World world({.seed = 10, .voters = 2});
  const int first = commit_some(world, 1);
  const int second = other_than(first);
  world.cut(first, second);
  CHECK(refused(world.ask(first, RemoveVoter{world.node(first).key}), Refusal::none));
  world.run_for(20ms);
  world.crash(first);
  world.heal();
  world.restart(first);
  CHECK(world.run_until_leader() >= 0);
  REQUIRE_SOUND(world);
}

TEST_CASE("thesis 4.1: a change of voters that is truncated is undone") {
  World world({.seed = 11});
  const int first = commit_some(world, 2);
  const VoterSet before = world.core(first).voters();
  world.isolate(first);
  CHECK(refused(world.ask(first, RemoveVoter{world.node(other_than(first)).key}), Refusal::none));
  CHECK(world.core(first).voters().size() == 2);
  world.run_for(1s);
  commit_some(world, 1);
  world.heal();
  world.run_for(1s);
  CHECK(world.core(first).voters() == before);
  REQUIRE_SOUND(world);
}

TEST_CASE("raft 7: a follower that is behind the log gets the snapshot, in chunks, and goes on") {
  World world({.seed = 12});
  const int leader = commit_some(world, 1);
  const int behind = other_than(leader);
  world.crash(behind);
  commit_some(world, 10);
  world.take_snapshot(leader);
  REQUIRE(world.core(leader).log().empty());
  world.restart(behind);
  world.run_for(300ms);
  CHECK(world.core(behind).snapshot().last == world.core(leader).snapshot().last);
  commit_some(world, 1);
  CHECK(all_have(world, world.oracle().committed_end()));
  REQUIRE_SOUND(world);
}

TEST_CASE("raft 7: a snapshot that is overtaken while it travels is followed by a newer one") {
  World world({.seed = 13});
  const int leader = commit_some(world, 1);
  const int behind = other_than(leader);
  world.crash(behind);
  commit_some(world, 5);
  world.take_snapshot(leader);
  world.restart(behind);
  // Stop the transfer half-way, and give the leader's log a new beginning behind the snapshot under way.
  while (world.core(leader).snapshots_in_transfer().empty()) world.run_for(1ms);
  world.cut(behind, leader);
  commit_some(world, 5);
  world.take_snapshot(leader);
  world.heal();
  world.run_for(1s);
  CHECK(all_have(world, world.oracle().committed_end()));
  CHECK(world.core(leader).snapshots_in_transfer().empty());
  REQUIRE_SOUND(world);
}

TEST_CASE(
    "KIP-853: a voter that comes back with an empty disk is an observer, and its node can vote again under its new directory") {
  World world({.seed = 14});
  const int leader = commit_some(world, 3);
  const int wiped = other_than(leader);
  const ReplicaKey old = world.node(wiped).key;
  world.wipe(wiped);
  world.restart(wiped);
  commit_some(world, 1);
  world.run_for(500ms);
  CHECK_FALSE(world.core(wiped).is_voter());
  CHECK(all_have(world, world.oracle().committed_end()));
  CHECK(refused(world.ask(leader, AddVoter{world.voter(wiped)}), Refusal::already_voter));
  CHECK(refused(world.ask(leader, RemoveVoter{old}), Refusal::none));
  world.run_for(50ms);
  CHECK(refused(world.ask(leader, AddVoter{world.voter(wiped)}), Refusal::none));
  world.run_for(50ms);
  CHECK(world.core(wiped).is_voter());
  REQUIRE_SOUND(world);
}

TEST_CASE("observers: one that loses its leader finds the next") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    CAPTURE(seed);
    World world({.seed = seed, .voters = 3, .observers = 2});
    const int first = commit_some(world, 2);
    world.crash(first);
    const int second = world.run_until_leader();
    REQUIRE(second >= 0);
    // It asks the lost one, the other follower and the new leader, a heartbeat apart, or is told by the follower.
    world.run_for(3 * 20ms + 10ms);
    for (const int observer : {3, 4}) CHECK(world.core(observer).leader() == world.node(second).key);
    commit_some(world, 2);
    world.run_for(20ms);
    for (const int observer : {3, 4}) CHECK(world.core(observer).commit_index() == world.oracle().committed_end());
    REQUIRE_SOUND(world);
  }
}

TEST_CASE("a single voter elects itself without waiting") {
  World world({.seed = 16, .voters = 1});
  world.run_for(20ms);
  CHECK(world.core(0).leads());
}
