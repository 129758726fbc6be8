// The controller's decisions, each against the one before: what it must not do, and the nearest thing that it may.
#include "checkers/decision_watch.h"

#include <catch2/catch.hpp>

using namespace faultline::checkers;

namespace {

const PartitionView led{
    .partition = "t-0", .leader = 1, .leader_epoch = 3, .partition_epoch = 7, .replicas = {1, 2, 3}, .isr = {1, 2}, .elr = {3}};

const DecisionWatch::Brokers all_there{{1, {.node = 1, .epoch = 11, .fenced = false}},
                                       {2, {.node = 2, .epoch = 12, .fenced = false}},
                                       {3, {.node = 3, .epoch = 13, .fenced = false}}};

PartitionView next_of(const PartitionView& before) {
  PartitionView after = before;
  ++after.partition_epoch;
  return after;
}

PartitionView elected(std::int32_t leader, const PartitionView& before) {
  PartitionView after = next_of(before);
  after.leader = leader;
  after.isr = {leader};
  after.elr = {};
  ++after.leader_epoch;
  return after;
}

PartitionView leaderless() {
  PartitionView view = led;
  view.leader = -1;
  view.isr = {};
  view.elr = {2};
  view.last_known = {3};
  return view;
}

std::vector<Finding> decided(const PartitionView& before, const PartitionView& after, bool unclean_allowed = false) {
  return DecisionWatch().decided(before, after, all_there, unclean_allowed);
}

void has_only(const std::vector<Finding>& findings, std::string_view name) {
  REQUIRE(findings.size() == 1);
  CHECK(findings[0].anomaly == name);
  CHECK_FALSE(findings[0].text.empty());
}

}  // namespace

TEST_CASE("decision watch: every change has a partition epoch of its own") {
  CHECK(decided(led, next_of(led)).empty());
  has_only(decided(led, led), anomaly::partition_epoch_reused);
}

TEST_CASE("decision watch: who is elected had all records, or is said to be elected uncleanly") {
  CHECK(decided(leaderless(), elected(2, leaderless())).empty());
  PartitionView longest = elected(1, leaderless());
  has_only(decided(leaderless(), longest), anomaly::elected_unheard);
  longest.recovering = true;
  CHECK(decided(leaderless(), longest).empty());
}

TEST_CASE("decision watch: the longest log is found out when all are there who may have it, unless anybody may be elected") {
  PartitionView longest = elected(1, leaderless());
  longest.recovering = true;
  DecisionWatch::Brokers brokers = all_there;
  brokers.at(3).fenced = true;
  has_only(DecisionWatch().decided(leaderless(), longest, brokers, false), anomaly::elected_unheard);
  CHECK(DecisionWatch().decided(leaderless(), longest, brokers, true).empty());
}

TEST_CASE("decision watch: who joins the ISR is there, on the word of a leader") {
  PartitionView after = next_of(led);
  after.isr = {1, 2, 3};
  after.elr = {};
  CHECK(decided(led, after).empty());
  DecisionWatch::Brokers brokers = all_there;
  brokers.at(3).shutting_down = true;
  has_only(DecisionWatch().decided(led, after, brokers, false), anomaly::admitted_unheard);
  PartitionView together = elected(2, leaderless());
  together.isr = {2, 3};
  has_only(decided(leaderless(), together), anomaly::admitted_unheard);
}

TEST_CASE("decision watch: who is eligible was in the ISR") {
  PartitionView before = led;
  before.elr = {};
  PartitionView after = next_of(before);
  after.isr = {1};
  after.elr = {2};
  CHECK(decided(before, after).empty());
  after.elr = {2, 3};
  has_only(decided(before, after), anomaly::admitted_unheard);
}

TEST_CASE("decision watch: a leader epoch belongs to one incarnation of one broker") {
  DecisionWatch watch;
  PartitionView after = next_of(led);
  CHECK(watch.decided(led, after, all_there, false).empty());
  DecisionWatch::Brokers brokers = all_there;
  brokers.at(1).epoch = 20;
  has_only(watch.decided(after, next_of(after), brokers, false), anomaly::led_twice);
}

TEST_CASE("decision watch: a new incarnation leads nothing, and on another disk counts nowhere") {
  const BrokerView before{.node = 2, .epoch = 12, .disk = 5};
  const BrokerView after{.node = 2, .epoch = 20, .disk = 5};
  PartitionView partition = led;
  CHECK(DecisionWatch().registered(&before, after, std::vector{partition}).empty());
  partition.leader = 2;
  has_only(DecisionWatch().registered(&before, after, std::vector{partition}), anomaly::incarnation_kept);
  const BrokerView elsewhere{.node = 3, .epoch = 20, .disk = 6};
  has_only(DecisionWatch().registered(&before, elsewhere, std::vector{led}), anomaly::incarnation_kept);
}

TEST_CASE("decision watch: whose log was damaged has nothing that counts until it has caught up again") {
  has_only(DecisionWatch::reported_damage(2, 20, led), anomaly::damage_kept_standing);
  has_only(DecisionWatch::reported_damage(3, 20, led), anomaly::damage_kept_standing);
  PartitionView without = led;
  without.elr = {};
  CHECK(DecisionWatch::reported_damage(3, 20, without).empty());
}

TEST_CASE("decision watch: what a leader believes of a partition epoch is what was decided") {
  DecisionWatch watch;
  PartitionView after = next_of(led);
  after.isr = {1};
  REQUIRE(watch.decided(led, after, all_there, false).empty());
  CHECK(watch.believed(1, after).empty());
  PartitionView belief = after;
  belief.isr = {1, 2};
  has_only(watch.believed(1, belief), anomaly::leader_misinformed);
  belief.partition_epoch = after.partition_epoch + 1;  // it may have been decided, and not been seen yet
  CHECK(watch.believed(1, belief).empty());
}

TEST_CASE("decision watch: broker epochs grow, and producer ids are given away once") {
  DecisionWatch watch;
  CHECK(watch.registered(nullptr, {.node = 2, .epoch = 20}, {}).empty());
  has_only(watch.registered(nullptr, {.node = 3, .epoch = 20}, {}), anomaly::broker_epoch_went_back);
  CHECK(watch.gave_producer_ids(1000).empty());
  CHECK(watch.gave_producer_ids(2000).empty());
  has_only(watch.gave_producer_ids(2000), anomaly::producer_ids_reused);
}
