// The white-box invariants of a quorum and of replicated partitions: each broken once, and the nearest state that is in order.
#include "checkers/cluster_invariants.h"

#include <catch2/catch.hpp>

#include "checkers/quorum_invariants.h"

using namespace faultline::checkers;

namespace {

void has_only(const std::vector<Finding>& findings, std::string_view name) {
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].anomaly == name);
  CHECK_FALSE(findings[0].text.empty());
}

QuorumSnapshot node(std::int32_t id, std::int64_t term, std::vector<EntrySnapshot> entries, std::int64_t commit_index = 0) {
  return {.node = id, .term = term, .commit_index = commit_index, .entries = std::move(entries)};
}

ReplicaSnapshot replica(std::int32_t id, std::vector<RecordDigest> records, std::int64_t high_watermark) {
  return {.node = id, .high_watermark = high_watermark, .records = records, .durable = records};
}

const PartitionView view{.partition = "t-0", .leader = 1, .leader_epoch = 3, .replicas = {1, 2, 3}, .isr = {1, 2}, .elr = {3}};

}  // namespace

TEST_CASE("quorum invariants: logs with an entry of one index and term agree on everything before it") {
  const QuorumSnapshot a = node(1, 2, {{1, 10}, {2, 20}});
  has_only(check_quorum(std::vector{a, node(2, 2, {{1, 11}, {2, 20}})}), anomaly::logs_do_not_match);
  CHECK(check_quorum(std::vector{a, node(2, 3, {{1, 10}, {3, 30}})}).empty());
  QuorumSnapshot compacted = node(2, 2, {{2, 20}});
  compacted.first_index = 2;
  CHECK(check_quorum(std::vector{a, compacted}).empty());
}

TEST_CASE("quorum invariants: what two nodes hold for committed is the same") {
  const QuorumSnapshot a = node(1, 3, {{1, 10}, {2, 20}}, 2);
  has_only(check_quorum(std::vector{a, node(2, 3, {{1, 10}, {3, 30}}, 2)}), anomaly::committed_differs);
  CHECK(check_quorum(std::vector{a, node(2, 3, {{1, 10}, {3, 30}}, 1)}).empty());
}

TEST_CASE("quorum invariants: a leader has what was committed in terms up to its own") {
  const QuorumSnapshot follower = node(1, 3, {{1, 10}, {2, 20}}, 2);
  QuorumSnapshot leader = node(2, 3, {{1, 10}});
  leader.leader = true;
  has_only(check_quorum(std::vector{follower, leader}), anomaly::leader_lacks_committed);
  leader.term = 2;  // of an older term: it may have been deposed before
  CHECK(check_quorum(std::vector{follower, leader}).empty());
}

TEST_CASE("quorum invariants: terms never go back, the commit index not in one incarnation, what is committed stays") {
  const QuorumSnapshot before = node(1, 3, {{1, 10}, {2, 20}}, 1);
  QuorumSnapshot after = before;
  after.entries[1] = {3, 30};
  CHECK(check_quorum_progress(before, after).empty());
  after.term = 2;
  has_only(check_quorum_progress(before, after), anomaly::term_went_back);
  after = before;
  after.commit_index = 0;
  has_only(check_quorum_progress(before, after), anomaly::commit_index_went_back);
  after.incarnation = 1;
  CHECK(check_quorum_progress(before, after).empty());
  after.entries.clear();
  has_only(check_quorum_progress(before, after), anomaly::committed_changed);
}

TEST_CASE("quorum invariants: a term has one leader") {
  ElectionWatch watch;
  QuorumSnapshot first = node(1, 3, {});
  first.leader = true;
  QuorumSnapshot second = node(2, 3, {});
  CHECK(watch.observe(first).empty());
  CHECK(watch.observe(second).empty());
  second.leader = true;
  has_only(watch.observe(second), anomaly::two_leaders_in_term);
  second.term = 4;
  CHECK(watch.observe(second).empty());
}

TEST_CASE("cluster invariants: ISR and ELR are replicas, the leader is in the ISR, and who is fenced is not") {
  CHECK(check_view(view).empty());
  PartitionView with_fenced = view;
  with_fenced.fenced = {3};
  CHECK(check_view(with_fenced).empty());
  with_fenced.fenced = {2};
  has_only(check_view(with_fenced), anomaly::fenced_in_isr);
  PartitionView broken = view;
  broken.isr = {1, 4};
  has_only(check_view(broken), anomaly::isr_outside_replicas);
  broken = view;
  broken.elr = {2};
  has_only(check_view(broken), anomaly::isr_outside_replicas);
  broken = view;
  broken.leader = 3;
  has_only(check_view(broken), anomaly::leader_outside_isr);
  broken.leader = -1;
  CHECK(check_view(broken).empty());
}

TEST_CASE("cluster invariants: leader epochs never go back, and a new leader has a new one") {
  PartitionView after = view;
  after.leader = 2;
  has_only(check_view_progress(view, after), anomaly::leader_without_epoch);
  after.leader_epoch = 4;
  CHECK(check_view_progress(view, after).empty());
  after.leader_epoch = 2;
  has_only(check_view_progress(view, after), anomaly::leader_epoch_went_back);
}

TEST_CASE("cluster invariants: what lies below the watermark is on every member of ISR and ELR, and durable") {
  const std::vector<RecordDigest> two{{0, 10}, {1, 11}};
  const ReplicaSnapshot leader = replica(1, two, 1);
  CHECK(check_replication(view, std::vector{leader, replica(2, {{0, 10}}, 0), replica(3, two, 0)}, {}).empty());
  has_only(check_replication(view, std::vector{replica(1, two, 2), replica(2, {{0, 10}}, 0)}, {.synced = false}),
           anomaly::committed_not_replicated);
  has_only(check_replication(view, std::vector{replica(1, two, 2), replica(3, {{0, 10}}, 0)}, {.synced = false}),
           anomaly::committed_not_replicated);
  ReplicaSnapshot lazy = replica(2, two, 0);
  lazy.durable.pop_back();
  has_only(check_replication(view, std::vector{replica(1, two, 2), lazy}, {}), anomaly::committed_not_durable);
  CHECK(check_replication(view, std::vector{replica(1, two, 2), lazy}, {.synced = false}).empty());
  PartitionView alone = view;
  alone.isr = {1};
  alone.elr = {};
  CHECK(check_replication(alone, std::vector{replica(1, two, 2), replica(2, {{0, 10}}, 0)}, {}).empty());
}

TEST_CASE("cluster invariants: replicas are identical below the smaller watermark, unless an unclean election was held") {
  PartitionView alone = view;
  alone.isr = {1};
  alone.elr = {};
  const std::vector<ReplicaSnapshot> different{replica(1, {{0, 10}, {1, 11}}, 2), replica(2, {{0, 10}, {1, 12}}, 2)};
  has_only(check_replication(alone, different, {}), anomaly::replicas_differ);
  CHECK(check_replication(alone, different, {.unclean_election = true}).empty());
  std::vector<ReplicaSnapshot> above = different;
  above[1].high_watermark = 1;
  CHECK(check_replication(alone, above, {}).empty());
  std::vector<ReplicaSnapshot> retained = different;
  retained[0].log_start = 2;
  CHECK(check_replication(alone, retained, {}).empty());
}

TEST_CASE("cluster invariants: what is acknowledged is committed, and is what was acknowledged") {
  const std::vector<ReplicaSnapshot> replicas{replica(1, {{0, 10}, {1, 11}}, 1)};
  CHECK(check_acknowledged_committed(view, replicas, std::vector<RecordDigest>{{0, 10}}).empty());
  has_only(check_acknowledged_committed(view, replicas, std::vector<RecordDigest>{{0, 10}, {1, 11}}),
           anomaly::acknowledged_not_committed);
  has_only(check_acknowledged_committed(view, replicas, std::vector<RecordDigest>{{0, 99}}), anomaly::acknowledged_not_committed);
}

TEST_CASE("cluster invariants: one leader in a leader epoch, one incarnation with a broker epoch") {
  ClusterWatch watch;
  ReplicaSnapshot first = replica(1, {}, 0);
  first.leads = true;
  ReplicaSnapshot second = replica(2, {}, 0);
  second.leads = true;
  CHECK(watch.observe_leader("t-0", first).empty());
  CHECK(watch.observe_leader("t-1", second).empty());
  has_only(watch.observe_leader("t-0", second), anomaly::two_leaders_in_epoch);
  CHECK(watch.observe_broker(1, 1, 100).empty());
  CHECK(watch.observe_broker(1, 1, 100).empty());
  CHECK(watch.observe_broker(1, 2, 101).empty());
  has_only(watch.observe_broker(2, 1, 101), anomaly::broker_epoch_reused);
}

TEST_CASE("cluster invariants: metadata that are called carried out have ended roles and set settings") {
  CarriedOut replica;
  replica.partition = "t-0";
  replica.decided = CarriedOut::Role{1, 7};
  replica.held = replica.decided;
  CHECK(check_carried_out(replica).empty());
  replica.settings = {{"retention.ms", "5", "5"}};
  CHECK(check_carried_out(replica).empty());
  SECTION("a role of an earlier epoch") {
    replica.held->leader_epoch = 6;
    has_only(check_carried_out(replica), anomaly::metadata_not_carried_out);
  }
  SECTION("another leader") {
    replica.held->leader = 3;
    has_only(check_carried_out(replica), anomaly::metadata_not_carried_out);
  }
  SECTION("a partition that is gone") {
    replica.decided.reset();
    has_only(check_carried_out(replica), anomaly::metadata_not_carried_out);
    replica.held.reset();
    CHECK(check_carried_out(replica).empty());
  }
  SECTION("another setting") {
    replica.settings = {{"retention.ms", "6", "5"}};
    has_only(check_carried_out(replica), anomaly::metadata_not_carried_out);
  }
}

TEST_CASE("cluster invariants: a broker is unfenced when it has carried out its own registration") {
  CHECK(check_unfenced(2, 40, 41).empty());
  has_only(check_unfenced(2, 40, 40), anomaly::unfenced_too_early);
}
