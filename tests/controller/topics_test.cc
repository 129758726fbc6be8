// Topics, placement, reassignment, configuration.
#include <map>
#include <set>

#include "broker/controller/placement.h"
#include "cluster_fixture.h"

namespace faultline::controller::testing {
namespace {

TEST_CASE("controller: what is wrong with a new topic is said") {
  Cluster cluster;
  cluster.join(1);
  cluster.join(2);
  cluster.topic("orders.eu", {1});
  const auto code_of = [&](auto&& spoil) {
    NewTopic topic;
    topic.name = "payments";
    spoil(topic);
    const Outcome<CreatedTopic> created = cluster.controller.create_topic(topic, true);
    return created ? ErrorCode::none : created.error().code;
  };
  CHECK(code_of([](NewTopic&) {}) == ErrorCode::none);
  CHECK(code_of([](NewTopic& t) { t.name = "a/b"; }) == ErrorCode::invalid_topic_exception);
  CHECK(code_of([](NewTopic& t) { t.name = "orders_eu"; }) == ErrorCode::invalid_topic_exception);
  CHECK(code_of([](NewTopic& t) { t.name = "orders.eu"; }) == ErrorCode::topic_already_exists);
  CHECK(code_of([](NewTopic& t) { t.partitions = 0; }) == ErrorCode::invalid_partitions);
  CHECK(code_of([](NewTopic& t) { t.replication = 3; }) == ErrorCode::invalid_replication_factor);
  CHECK(code_of([](NewTopic& t) { t.assignment = {{1, 1}}; }) == ErrorCode::invalid_replica_assignment);
  CHECK(code_of([](NewTopic& t) { t.assignment = {{1, 9}}; }) == ErrorCode::invalid_replica_assignment);
  CHECK(code_of([](NewTopic& t) { t.assignment = {{1, 2}, {1}}; }) == ErrorCode::invalid_replica_assignment);
  CHECK(code_of([](NewTopic& t) { t.assignment = {{1}}, t.partitions = 1; }) == ErrorCode::invalid_request);
  CHECK(code_of([](NewTopic& t) { t.config = {{"no.such.key", "1"}}; }) == ErrorCode::invalid_config);
  CHECK(cluster.controller.take_records().empty());  // nothing of it was decided
}

TEST_CASE("controller: a topic grows, and goes with its name") {
  Cluster cluster;
  cluster.join(1);
  const PartitionName orders = cluster.topic("orders", {1});
  CHECK(cluster.controller.create_partitions("orders", 1, {}, false).error().code == ErrorCode::invalid_partitions);
  CHECK(cluster.controller.create_partitions("none", 2, {}, false).error().code == ErrorCode::unknown_topic_or_partition);
  REQUIRE(cluster.controller.create_partitions("orders", 4, {}, false).has_value());
  cluster.commit();
  CHECK(cluster.image().topic("orders")->partitions.size() == 4);
  REQUIRE(cluster.controller.delete_topic(orders.topic_id).has_value());
  CHECK(cluster.controller.delete_topic(orders.topic_id).error().code == ErrorCode::unknown_topic_id);
  cluster.commit();
  const PartitionName again = cluster.topic("orders", {1});
  CHECK(again.topic_id != orders.topic_id);
}

TEST_CASE("controller: replicas are spread over brokers and racks") {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    Cluster cluster;
    for (BrokerId id = 0; id < 6; ++id) cluster.join(id, "rack-" + std::to_string(id % 3));
    RandomStream random(seed);
    const auto placed = place_replicas(cluster.image(), 60, 3, random);
    REQUIRE(placed.has_value());
    std::map<BrokerId, int> leaders;
    std::map<BrokerId, int> replicas;
    for (const Ids& partition : *placed) {
      std::set<BrokerId> racks;
      for (const BrokerId id : partition) {
        racks.insert(id % 3);
        ++replicas[id];
      }
      CHECK(racks.size() == 3);
      ++leaders[partition.front()];
    }
    for (BrokerId id = 0; id < 6; ++id) {
      INFO("seed " << seed << ", broker " << id);
      CHECK(replicas[id] == 30);
      CHECK(leaders[id] >= 8);
      CHECK(leaders[id] <= 12);
    }
  }
}

TEST_CASE("controller: leaders are spread evenly, however many replicas a partition has") {
  for (const std::int32_t replication : {1, 2, 3, 6}) {
    Cluster cluster;
    for (BrokerId id = 0; id < 6; ++id) cluster.join(id);
    RandomStream random(11);
    const auto placed = place_replicas(cluster.image(), 60, replication, random);
    REQUIRE(placed.has_value());
    std::map<BrokerId, int> leaders;
    for (const Ids& partition : *placed) ++leaders[partition.front()];
    for (BrokerId id = 0; id < 6; ++id) {
      INFO("replication " << replication << ", broker " << id);
      CHECK(leaders[id] == 10);
    }
  }
}

TEST_CASE("controller: with fewer racks than replicas no broker holds a partition twice") {
  Cluster cluster;
  for (BrokerId id = 0; id < 4; ++id) cluster.join(id, id == 0 ? "small" : "large");
  RandomStream random(7);
  const auto placed = place_replicas(cluster.image(), 40, 4, random);
  REQUIRE(placed.has_value());
  for (const Ids& partition : *placed) CHECK(std::set<BrokerId>(partition.begin(), partition.end()).size() == 4);
}

TEST_CASE("controller: a partition moves when the new replicas are in sync, and not before") {
  Cluster cluster;
  for (const BrokerId id : {1, 2, 3, 4}) cluster.join(id);
  const PartitionName orders = cluster.topic("orders", {1, 2});
  REQUIRE(cluster.controller.reassign(orders, Ids{3, 4}).has_value());
  cluster.commit();
  CHECK(cluster.at(orders).replicas == Ids{3, 4, 1, 2});
  CHECK(cluster.at(orders).adding == Ids{3, 4});
  CHECK(cluster.at(orders).removing == Ids{1, 2});
  CHECK(cluster.at(orders).leader == 1);
  REQUIRE(cluster.alter(cluster.isr_change(orders, {1, 2, 3})).has_value());
  CHECK(cluster.at(orders).adding == Ids{3, 4});
  const std::int32_t epoch = cluster.at(orders).leader_epoch;
  REQUIRE(cluster.alter(cluster.isr_change(orders, {1, 3, 4})).has_value());
  CHECK(cluster.at(orders).replicas == Ids{3, 4});
  CHECK(cluster.at(orders).isr == Ids{3, 4});
  CHECK(cluster.at(orders).leader == 3);
  CHECK(cluster.at(orders).leader_epoch > epoch);
  CHECK(cluster.at(orders).adding.empty());
}

TEST_CASE("controller: a move is taken back, and replaced by another") {
  Cluster cluster;
  for (const BrokerId id : {1, 2, 3, 4}) cluster.join(id);
  const PartitionName orders = cluster.topic("orders", {1, 2});
  CHECK(cluster.controller.reassign(orders, std::nullopt).error().code == ErrorCode::no_reassignment_in_progress);
  CHECK(cluster.controller.reassign(orders, Ids{9}).error().code == ErrorCode::invalid_replica_assignment);
  REQUIRE(cluster.controller.reassign(orders, Ids{3, 2}).has_value());
  REQUIRE(cluster.controller.reassign(orders, Ids{4, 2}).has_value());
  cluster.commit();
  CHECK(cluster.at(orders).adding == Ids{4});
  CHECK(cluster.at(orders).removing == Ids{1});
  REQUIRE(cluster.controller.reassign(orders, std::nullopt).has_value());
  cluster.commit();
  CHECK(cluster.at(orders).replicas == Ids{2, 1});  // the order of the last move stays
  CHECK(cluster.at(orders).adding.empty());
  CHECK(cluster.at(orders).removing.empty());
  REQUIRE(cluster.controller.reassign(orders, Ids{1, 2}).has_value());  // only another order
  cluster.commit();
  CHECK(cluster.at(orders).replicas == Ids{1, 2});
  CHECK(cluster.at(orders).leader == 1);
}

TEST_CASE("controller: a move does not leave behind the only ones that have everything, in sync or eligible") {
  Cluster cluster;
  for (const BrokerId id : {1, 2, 3}) cluster.join(id);
  const PartitionName orders = cluster.topic("orders", {1});
  REQUIRE(cluster.controller.reassign(orders, Ids{2, 3}).has_value());
  cluster.commit();
  REQUIRE(cluster.alter(cluster.isr_change(orders, {1, 2})).has_value());
  cluster.fall_silent(1);
  REQUIRE(cluster.at(orders).leader == 2);  // and what it accepts alone is acknowledged
  REQUIRE(cluster.at(orders).isr == Ids{2});
  CHECK(cluster.controller.reassign(orders, std::nullopt).error().code == ErrorCode::invalid_replica_assignment);
  cluster.fall_silent(2);
  REQUIRE(cluster.at(orders).isr.empty());
  REQUIRE(cluster.at(orders).elr == Ids{2});
  CHECK(cluster.controller.reassign(orders, std::nullopt).error().code == ErrorCode::invalid_replica_assignment);
  CHECK(cluster.controller.reassign(orders, Ids{1, 3}).error().code == ErrorCode::invalid_replica_assignment);
  cluster.commit();
  CHECK(cluster.at(orders).elr == Ids{2});
}

TEST_CASE("controller: what decides on who is eligible is not set for a single broker") {
  Cluster cluster;
  cluster.join(1);
  const auto set = [&](const std::string& broker, const std::string& key, const std::string& value) {
    const Outcome<> altered = cluster.controller.alter_config(ConfigScope::broker, broker, {{key, value}}, false);
    cluster.commit();
    return altered ? ErrorCode::none : altered.error().code;
  };
  CHECK(set("1", "min.insync.replicas", "1") == ErrorCode::invalid_config);
  CHECK(set("1", "unclean.leader.election.enable", "true") == ErrorCode::invalid_config);
  CHECK(set("", "min.insync.replicas", "1") == ErrorCode::none);
  CHECK(set("1", "log.retention.ms", "1000") == ErrorCode::none);
}

TEST_CASE("controller: configurations are changed key by key, and only legal ones") {
  Cluster cluster;
  cluster.join(1);
  cluster.topic("orders", {1}, {{"retention.ms", "5"}});
  const auto alter = [&](ConfigScope scope, const std::string& name, std::vector<ConfigEdit> edits, bool validate = false) {
    const Outcome<> altered = cluster.controller.alter_config(scope, name, edits, validate);
    cluster.commit();
    return altered ? ErrorCode::none : altered.error().code;
  };
  CHECK(alter(ConfigScope::topic, "none", {}) == ErrorCode::unknown_topic_or_partition);
  CHECK(alter(ConfigScope::broker, "5", {}) == ErrorCode::broker_id_not_registered);
  CHECK(alter(ConfigScope::topic, "orders", {{"no.such.key", "1"}}) == ErrorCode::invalid_config);
  CHECK(alter(ConfigScope::topic, "orders", {{"segment.ms", "9"}}, true) == ErrorCode::none);
  CHECK_FALSE(cluster.image().config(ConfigScope::topic, "orders").contains("segment.ms"));
  CHECK(alter(ConfigScope::topic, "orders", {{"segment.ms", "9"}, {"retention.ms", std::nullopt}}) == ErrorCode::none);
  CHECK(cluster.image().config(ConfigScope::topic, "orders") == metadata::ConfigValues{{"segment.ms", "9"}});
  CHECK(alter(ConfigScope::topic, "orders", {{"no.such.key", std::nullopt}}) == ErrorCode::invalid_config);
  CHECK(alter(ConfigScope::broker, "1", {{"x", "1"}}) == ErrorCode::none);
  CHECK(alter(ConfigScope::broker, "", {{"x", "1"}}) == ErrorCode::none);
}

}  // namespace
}  // namespace faultline::controller::testing
