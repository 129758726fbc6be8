// Leaders, ISR and ELR through losses of brokers and of data (KIP-966), and what a leader may report (KIP-841, KIP-903).
#include "cluster_fixture.h"

namespace faultline::controller::testing {
namespace {

const std::vector<ConfigEdit> two_in_sync{{"min.insync.replicas", "2"}};

Cluster three_brokers(ControllerConfig config = test_config()) {
  Cluster cluster(std::move(config));
  for (const BrokerId id : {1, 2, 3}) cluster.join(id);
  return cluster;
}

TEST_CASE("controller: while the ISR is too small, who leaves it stays eligible, and is elected when the ISR is empty") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2, 3}, two_in_sync);
  cluster.fall_silent(3);
  CHECK(cluster.at(orders).elr.empty());  // two are enough: something may be committed without the third
  cluster.fall_silent(2);
  CHECK(cluster.at(orders).isr == Ids{1});
  CHECK(cluster.at(orders).elr == Ids{2});
  cluster.fall_silent(1);
  CHECK(cluster.at(orders).leader == no_broker);
  CHECK(cluster.at(orders).isr.empty());
  CHECK(cluster.at(orders).elr == Ids{1, 2});
  cluster.come_back(3);
  CHECK(cluster.at(orders).leader == no_broker);  // it was left behind
  cluster.come_back(2);
  CHECK(cluster.at(orders).leader == 2);
  CHECK(cluster.at(orders).isr == Ids{2});
  CHECK(cluster.at(orders).elr == Ids{1});
  CHECK_FALSE(cluster.at(orders).recovering);
}

TEST_CASE("controller: whoever may have lost data is neither in the ISR nor eligible") {
  const auto lose_all_but = [](auto&& edit, const std::vector<ConfigEdit>& topic_config) {
    Cluster cluster = three_brokers();
    const PartitionName orders = cluster.topic("orders", {1}, topic_config);
    cluster.fall_silent(1);
    REQUIRE(cluster.at(orders).elr == Ids{1});
    const BrokerEpoch before = cluster.epochs[1];
    Registration request = cluster.registration(1);
    edit(request, orders, before);
    REQUIRE(cluster.submit(request).has_value());
    return cluster.at(orders).elr == Ids{1};
  };
  using Request = Registration&;
  const std::vector<ConfigEdit> page_cache{{"flush.messages", "100"}};
  CHECK(lose_all_but([](Request, PartitionName, BrokerEpoch) {}, {}));
  CHECK_FALSE(lose_all_but([](Request r, PartitionName, BrokerEpoch) { r.directories = {Uuid::of(3, 3)}; }, {}));
  CHECK_FALSE(lose_all_but([](Request r, PartitionName name, BrokerEpoch) { r.damaged = {name}; }, {}));
  CHECK_FALSE(lose_all_but(
      [](Request r, PartitionName name, BrokerEpoch before) {
        r.damaged = {name};
        r.previous_epoch = before;  // even after a clean stop
      },
      {}));
  CHECK_FALSE(lose_all_but([](Request, PartitionName, BrokerEpoch) {}, page_cache));
  CHECK(lose_all_but([](Request r, PartitionName, BrokerEpoch before) { r.previous_epoch = before; }, page_cache));
}

TEST_CASE(
    "controller: whose default it is that acknowledges from the page cache, of all brokers or its own, it may have lost data") {
  const auto stays_eligible = [](const std::string& broker, const std::string& of_all, const std::string& of_one) {
    Cluster cluster = three_brokers();
    const PartitionName orders = cluster.topic("orders", {1});
    const auto set = [&](const std::string& name, const std::string& value) {
      const std::vector<ConfigEdit> edits{{"log.flush.interval.messages", value}};
      REQUIRE(cluster.controller.alter_config(ConfigScope::broker, name, edits, false).has_value());
      cluster.commit();
    };
    if (!of_all.empty()) set("", of_all);
    if (!of_one.empty()) set(broker, of_one);
    cluster.fall_silent(1);
    REQUIRE(cluster.submit(cluster.registration(1)).has_value());
    return cluster.at(orders).elr == Ids{1};
  };
  CHECK(stays_eligible("1", "", ""));
  CHECK_FALSE(stays_eligible("1", "100", ""));
  CHECK_FALSE(stays_eligible("1", "", "100"));
  CHECK(stays_eligible("2", "", "100"));
  CHECK(stays_eligible("1", "100", "1"));
}

TEST_CASE("controller: when nobody is known to have everything, the longest log of all who had it last wins, uncleanly") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2, 3}, two_in_sync);
  for (const BrokerId id : {3, 2, 1}) cluster.fall_silent(id);
  REQUIRE(cluster.at(orders).elr == Ids{1, 2});
  const auto damaged = [&](Registration& request) { request.damaged = {orders}; };
  cluster.come_back(3);
  cluster.come_back(2, damaged);
  CHECK(cluster.at(orders).elr == Ids{1});
  CHECK(cluster.at(orders).leader == no_broker);
  cluster.come_back(1, damaged);
  CHECK(cluster.at(orders).elr.empty());
  CHECK(cluster.at(orders).last_known_elr == Ids{2, 1});
  CHECK(cluster.at(orders).leader == no_broker);
  CHECK(cluster.beat(3)->log_ends_wanted.empty());
  REQUIRE(cluster.beat(1)->log_ends_wanted.size() == 1);

  REQUIRE(cluster.controller.report_log_end({3, cluster.epochs[3], orders, {9, 900}}).has_value());  // was not asked
  REQUIRE(cluster.controller.report_log_end({1, cluster.epochs[1], orders, {4, 80}}).has_value());
  cluster.commit();
  CHECK(cluster.at(orders).leader == no_broker);
  CHECK(cluster.controller.report_log_end({2, cluster.epochs[2] - 1, orders, {5, 99}}).error().code ==
        ErrorCode::stale_broker_epoch);
  REQUIRE(cluster.controller.report_log_end({2, cluster.epochs[2], orders, {5, 70}}).has_value());  // the later epoch counts
  cluster.commit();
  CHECK(cluster.at(orders).leader == 2);
  CHECK(cluster.at(orders).isr == Ids{2});
  CHECK(cluster.at(orders).recovering);
  CHECK(cluster.at(orders).last_known_elr.empty());
}

TEST_CASE("controller: a damaged log is remembered, so that an empty one is not elected when the last disk is lost") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2, 3}, two_in_sync);
  cluster.fall_silent(3);  // left behind while the other two were enough
  cluster.fall_silent(2);
  cluster.come_back(2, [&](Registration& request) { request.damaged = {orders}; });
  REQUIRE(cluster.at(orders).leader == 1);
  CHECK(cluster.at(orders).elr.empty());
  CHECK(cluster.at(orders).last_known_elr == Ids{2});
  cluster.come_back(3);
  cluster.fall_silent(1);
  REQUIRE(cluster.at(orders).elr == Ids{1});
  cluster.come_back(1, [](Registration& request) { request.directories = {Uuid::of(3, 1)}; });
  CHECK(cluster.at(orders).last_known_elr == Ids{2});
  CHECK(cluster.at(orders).leader == no_broker);
  CHECK(cluster.beat(1)->log_ends_wanted.empty());
  CHECK(cluster.beat(3)->log_ends_wanted.empty());
  CHECK(cluster.beat(2)->log_ends_wanted == std::vector<PartitionName>{orders});
  REQUIRE(cluster.controller.report_log_end({2, cluster.epochs[2], orders, {4, 80}}).has_value());
  cluster.commit();
  CHECK(cluster.at(orders).leader == 2);
  CHECK(cluster.at(orders).recovering);
  CHECK(cluster.at(orders).last_known_elr.empty());
}

TEST_CASE("controller: a damaged log is forgotten once enough others are in sync, or on another disk") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2, 3}, two_in_sync);
  const auto damaged = [&](Registration& request) { request.damaged = {orders}; };
  cluster.fall_silent(3);
  cluster.fall_silent(2);
  cluster.come_back(2, damaged);
  REQUIRE(cluster.at(orders).last_known_elr == Ids{2});
  cluster.come_back(3);
  REQUIRE(cluster.alter(cluster.isr_change(orders, {1, 3})).has_value());
  CHECK(cluster.at(orders).last_known_elr.empty());
  cluster.fall_silent(3);
  cluster.come_back(3, damaged);
  REQUIRE(cluster.at(orders).last_known_elr == Ids{3});
  cluster.fall_silent(3);
  cluster.come_back(3, [](Registration& request) { request.directories = {Uuid::of(3, 3)}; });
  CHECK(cluster.at(orders).last_known_elr.empty());
  CHECK(cluster.at(orders).leader == 1);
}

TEST_CASE("controller: when all who had everything have lost their disks, every replica is asked what it has") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2, 3});
  REQUIRE(cluster.alter(cluster.isr_change(orders, {1})).has_value());
  cluster.fall_silent(1);
  cluster.come_back(1, [](Registration& request) { request.directories = {Uuid::of(3, 1)}; });
  CHECK(cluster.at(orders).leader == no_broker);
  CHECK(cluster.at(orders).last_known_elr == Ids{1, 2, 3});
  const std::map<BrokerId, LogEnd> ends{{1, {-1, 0}}, {2, {3, 30}}, {3, {3, 20}}};
  for (const auto& [id, end] : ends) {
    CHECK(cluster.at(orders).leader == no_broker);
    REQUIRE(cluster.controller.report_log_end({id, cluster.epochs[id], orders, end}).has_value());
    cluster.commit();
  }
  CHECK(cluster.at(orders).leader == 2);
  CHECK(cluster.at(orders).recovering);
}

TEST_CASE("controller: where a log ended before somebody led is asked again when nobody does") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2, 3});
  std::uint64_t disks = 0;
  const auto report = [&](BrokerId id, LogEnd end) {
    REQUIRE(cluster.controller.report_log_end({id, cluster.epochs[id], orders, end}).has_value());
    cluster.commit();
  };
  const auto lose_all_but_the_rest = [&] {
    cluster.fall_silent(1);
    cluster.come_back(1, [&](Registration& request) { request.directories = {Uuid::of(3, ++disks)}; });
    REQUIRE(cluster.at(orders).last_known_elr == Ids{1, 2, 3});
  };
  REQUIRE(cluster.alter(cluster.isr_change(orders, {1})).has_value());
  lose_all_but_the_rest();
  report(3, {3, 20});
  REQUIRE(cluster.controller.elect_leader(orders, Election::unclean).has_value());
  cluster.commit();
  REQUIRE(cluster.at(orders).leader == 1);  // from which the third fetches
  lose_all_but_the_rest();
  report(1, {-1, 0});
  report(2, {3, 30});
  CHECK(cluster.at(orders).leader == no_broker);
  report(3, {4, 40});
  CHECK(cluster.at(orders).leader == 3);
}

TEST_CASE("controller: with KIP-966 put back, the last one in sync leads again though it has lost data") {
  for (const bool mistaken : {false, true}) {
    ControllerConfig config = test_config();
    if (mistaken) config.exhibits = {Exhibit::kip_966};
    Cluster cluster = three_brokers(config);
    const PartitionName orders = cluster.topic("orders", {1, 2, 3}, {{"min.insync.replicas", "2"}, {"flush.messages", "100"}});
    REQUIRE(cluster.alter(cluster.isr_change(orders, {1})).has_value());
    cluster.fall_silent(1);
    cluster.come_back(1);  // its acknowledgements were in the page cache
    CHECK(cluster.at(orders).leader == (mistaken ? 1 : 2));
    CHECK_FALSE(cluster.at(orders).recovering);
  }
}

TEST_CASE("controller: an unclean leader is elected only where that is allowed, and recovers alone") {
  for (const bool allowed : {false, true}) {
    Cluster cluster = three_brokers();
    const PartitionName orders =
        cluster.topic("orders", {1, 2}, {{"unclean.leader.election.enable", allowed ? "true" : "false"}});
    REQUIRE(cluster.alter(cluster.isr_change(orders, {1})).has_value());  // the second is left behind
    cluster.fall_silent(1);
    CHECK((cluster.at(orders).leader == 2) == allowed);
    CHECK(cluster.at(orders).recovering == allowed);
    if (!allowed) {
      CHECK(cluster.at(orders).elr == Ids{1});
      CHECK(cluster.controller.elect_leader(orders, Election::unclean).has_value());  // an operator may
      cluster.commit();
      CHECK(cluster.at(orders).leader == 2);
    }
    cluster.come_back(1);
    AlterPartition both = cluster.isr_change(orders, {2, 1});
    both.recovering = true;
    CHECK(cluster.alter(both).error().code == ErrorCode::invalid_request);
    both.recovering = false;
    CHECK(cluster.alter(both).has_value());
    CHECK_FALSE(cluster.at(orders).recovering);
  }
}

TEST_CASE("controller: a leader's report is checked in Kafka's order") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2});
  const AlterPartition good = cluster.isr_change(orders, {1});
  const auto code_of = [&](auto&& spoil) {
    AlterPartition request = good;
    spoil(request);
    const Outcome<PartitionRecord> result = cluster.controller.alter_partition(request);
    return result ? ErrorCode::none : result.error().code;
  };
  // Each request is wrong in what is checked second as well.
  CHECK(code_of([](AlterPartition& r) { r.leader_broker_epoch = 77, r.partition.partition = 5; }) ==
        ErrorCode::stale_broker_epoch);
  CHECK(code_of([](AlterPartition& r) { r.partition.partition = 5, r.leader_epoch = 9; }) == ErrorCode::unknown_topic_id);
  CHECK(code_of([](AlterPartition& r) { r.leader_epoch = 9, r.partition_epoch = -1; }) == ErrorCode::not_controller);
  CHECK(code_of([](AlterPartition& r) { r.partition_epoch = 9, r.leader_epoch = -1; }) == ErrorCode::not_controller);
  CHECK(code_of([&](AlterPartition& r) { r.leader_epoch = -1, r.leader = 2, r.leader_broker_epoch = cluster.epochs[2]; }) ==
        ErrorCode::fenced_leader_epoch);
  CHECK(code_of([&](AlterPartition& r) { r.leader = 2, r.leader_broker_epoch = cluster.epochs[2], r.partition_epoch = -1; }) ==
        ErrorCode::invalid_request);
  CHECK(code_of([](AlterPartition& r) { r.partition_epoch = -1, r.isr = {}; }) == ErrorCode::invalid_update_version);
  CHECK(code_of([](AlterPartition& r) { r.isr = {}; }) == ErrorCode::invalid_request);
  CHECK(code_of([](AlterPartition& r) { r.isr.push_back({3, 0}); }) == ErrorCode::invalid_request);
  CHECK(code_of([](AlterPartition& r) { r.isr.push_back(r.isr[0]); }) == ErrorCode::invalid_request);
  CHECK(code_of([](AlterPartition& r) { r.recovering = true; }) == ErrorCode::invalid_request);
  CHECK(code_of([](AlterPartition& r) { r.isr.push_back({2, 0}); }) == ErrorCode::ineligible_replica);  // not that incarnation
  CHECK(code_of([](AlterPartition&) {}) == ErrorCode::none);
  CHECK(code_of([](AlterPartition&) {}) == ErrorCode::invalid_update_version);  // once
}

TEST_CASE("controller: a report that changes nothing is accepted once all the same") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2});
  const AlterPartition same = cluster.isr_change(orders, {1, 2});
  CHECK(cluster.alter(same)->partition_epoch == same.partition_epoch + 1);
  CHECK(cluster.alter(same).error().code == ErrorCode::invalid_update_version);
}

TEST_CASE("controller: with KAFKA-14154 put back, a controller that is behind fences a leader that is not") {
  ControllerConfig config = test_config();
  config.exhibits = {Exhibit::kafka_14154};
  Cluster cluster = three_brokers(config);
  AlterPartition ahead = cluster.isr_change(cluster.topic("orders", {1, 2}), {1});
  ++ahead.leader_epoch;
  CHECK(cluster.alter(ahead).error().code == ErrorCode::fenced_leader_epoch);
}

TEST_CASE("controller: with Kafka 0.8 put back, who was left behind is elected though that is not allowed") {
  ControllerConfig config = test_config();
  config.exhibits = {Exhibit::kafka_0_8};
  Cluster cluster = three_brokers(config);
  const PartitionName orders = cluster.topic("orders", {1, 2}, two_in_sync);
  REQUIRE(cluster.alter(cluster.isr_change(orders, {1})).has_value());
  cluster.fall_silent(1);
  CHECK(cluster.at(orders).leader == 2);
  CHECK(cluster.at(orders).recovering);
}

TEST_CASE("controller: fenced brokers, and those that go down, do not join an ISR") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2});
  REQUIRE(cluster.alter(cluster.isr_change(orders, {1})).has_value());
  REQUIRE(cluster.beat(2, true).has_value());
  CHECK(cluster.alter(cluster.isr_change(orders, {1, 2})).error().code == ErrorCode::ineligible_replica);
  cluster.fall_silent(2);
  CHECK(cluster.alter(cluster.isr_change(orders, {1, 2})).error().code == ErrorCode::ineligible_replica);
  cluster.come_back(2);
  CHECK(cluster.alter(cluster.isr_change(orders, {1, 2}))->isr == Ids{1, 2});
}

TEST_CASE("controller: a changed minimum forgets who was eligible under the old one") {
  Cluster cluster = three_brokers();
  const PartitionName orders = cluster.topic("orders", {1, 2, 3}, two_in_sync);
  cluster.fall_silent(3);
  cluster.fall_silent(2);
  REQUIRE(cluster.at(orders).elr == Ids{2});
  REQUIRE(cluster.controller.alter_config(ConfigScope::topic, "orders", {{"min.insync.replicas", "3"}}, false).has_value());
  cluster.commit();
  CHECK(cluster.at(orders).elr.empty());
  cluster.fall_silent(1);
  REQUIRE(cluster.at(orders).elr == Ids{1});
  // For all brokers at once, and while it is all there is: whoever was eligible is still worth waiting for.
  REQUIRE(
      cluster.controller.alter_config(ConfigScope::topic, "orders", {{"min.insync.replicas", std::nullopt}}, false).has_value());
  cluster.commit();
  CHECK(cluster.at(orders).elr.empty());
  CHECK(cluster.at(orders).last_known_elr == Ids{2, 1});
}

TEST_CASE("controller: the preferred leader gets its partitions back") {
  ControllerConfig config = test_config();
  config.leader_balance = true;
  config.leader_balance_interval = 300s;
  Cluster cluster = three_brokers(config);
  const PartitionName orders = cluster.topic("orders", {1, 2});
  cluster.fall_silent(1);
  CHECK(cluster.controller.elect_leader(orders, Election::preferred).error().code == ErrorCode::preferred_leader_not_available);
  cluster.come_back(1);
  REQUIRE(cluster.alter(cluster.isr_change(orders, {2, 1})).has_value());
  CHECK(cluster.at(orders).leader == 2);
  SECTION("when somebody asks") {
    CHECK(cluster.controller.elect_leader(orders, Election::preferred).has_value());
    CHECK(cluster.controller.elect_leader(orders, Election::preferred).error().code == ErrorCode::election_not_needed);
  }
  SECTION("and from time to time") {
    const Time before = cluster.now;
    while (cluster.now < before + config.leader_balance_interval) {
      cluster.now += 1s;
      for (const BrokerId id : {1, 2, 3}) REQUIRE(cluster.beat(id).has_value());
      cluster.controller.tick(cluster.now);
    }
  }
  cluster.commit();
  CHECK(cluster.at(orders).leader == 1);
}

}  // namespace
}  // namespace faultline::controller::testing
