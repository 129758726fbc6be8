#include "replica_cluster.h"

using namespace faultline;
using namespace faultline::testing;
using Values = std::vector<std::string>;

namespace {

constexpr std::int16_t acks_leader = 1;

/// Until the cluster knows that it has to do without this broker.
void wait_until_fenced(ReplicaCluster& cluster, BrokerId id) {
  REQUIRE(cluster.run_until([&] { return !cluster.image().active(id); }));
}

bool leads(ReplicaCluster& cluster, BrokerId id, const PartitionName& name) {
  return cluster.has(id, name) && cluster.partition(id, name)->leads();
}

}  // namespace

TEST_CASE("failover: what only the old leader had is cut off, what was acknowledged by all stays") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3}, {{"min.insync.replicas", "2"}});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  cluster.cut_link(1, 2);
  cluster.cut_link(1, 3);
  cluster.cut_from_controller(1);
  // It leads without knowing better, and cannot acknowledge.
  CHECK(cluster.produce_now(1, name, "zombie", acks_leader) == ErrorCode::none);
  const auto waits = cluster.produce(1, name, "never", -1, 60s);
  wait_until_fenced(cluster, 1);
  REQUIRE(cluster.run_until([&] { return leads(cluster, 2, name); }));
  CHECK(cluster.produce_now(2, name, "b") == ErrorCode::none);
  CHECK(waits->pending());
  CHECK(cluster.partition(1, name)->leads());
  CHECK(cluster.consume(1, name) == Values{"a"});

  cluster.cut_from_controller(1, false);
  cluster.cut_link(1, 2, false);
  cluster.cut_link(1, 3, false);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK(waits->code == ErrorCode::not_leader_or_follower);
  for (const BrokerId id : {1, 2, 3}) CHECK(cluster.log_of(id, name) == Values{"a", "b"});
}

TEST_CASE("failover: a leader of an old epoch gets no records from nobody, and followers of it none from it") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  cluster.cut_from_controller(1);
  wait_until_fenced(cluster, 1);
  REQUIRE(cluster.run_until([&] { return leads(cluster, 2, name); }));
  // 3 follows 2 now; 1 still leads in the old epoch, and its links are whole.
  CHECK(cluster.produce_now(1, name, "zombie", acks_leader) == ErrorCode::none);
  CHECK(cluster.produce_now(2, name, "b") == ErrorCode::none);
  cluster.run_for(2s);
  CHECK(cluster.log_of(3, name) == Values{"a", "b"});
  ReplicaFetch fetch;
  fetch.follower = {3, cluster.image().broker(3)->broker_epoch, 1, 0};
  fetch.leader_epoch = cluster.at(name).leader_epoch;
  std::optional<ErrorCode> code;
  cluster.on(1, [&] { code = cluster.partition(1, name)->read_for_replica(fetch).error_code; });
  cluster.run_for(1s);
  CHECK(code == ErrorCode::unknown_leader_epoch);
}

TEST_CASE("failover: a leader that has not heard of a larger minimum yet commits nothing below it") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  cluster.deafen(1);
  cluster.set_config("orders", "min.insync.replicas", "2");
  cluster.cut_link(1, 2);
  const auto waits = cluster.produce(1, name, "b");
  REQUIRE(cluster.run_until([&] { return cluster.at(name).isr == std::vector<BrokerId>{1}; }));
  REQUIRE(cluster.at(name).elr == std::vector<BrokerId>{2});  // which may lead next, and does not have it
  cluster.run_for(1s);
  CHECK(waits->pending());
  CHECK(cluster.produce_now(1, name, "c") == ErrorCode::not_enough_replicas);

  cluster.deafen(1, false);
  cluster.cut_link(1, 2, false);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name) && waits->ok(); }));
  CHECK(cluster.log_of(2, name) == Values{"a", "b"});
  cluster.deafen(1);
  cluster.set_config("orders", "min.insync.replicas", "1");
  cluster.deafen(1, false);
  cluster.commit();
  cluster.cut_link(1, 2);
  CHECK(cluster.produce_now(1, name, "d") == ErrorCode::none);
}

TEST_CASE("failover: a restarted leader leads in a new epoch, or not at all") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  const std::int32_t before = cluster.at(name).leader_epoch;
  cluster.world().kill(cluster.node(1));
  cluster.start(1);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK(cluster.at(name).leader_epoch > before);
  CHECK(cluster.produce_now(cluster.at(name).leader, name, "b") == ErrorCode::none);
}

TEST_CASE("failover: a follower that was wiped is stripped, fetches everything and joins again") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3});
  for (const char* value : {"a", "b", "c"}) CHECK(cluster.produce_now(1, name, value) == ErrorCode::none);
  cluster.world().crash(cluster.node(3));
  cluster.run_for(100ms);
  cluster.wipe(3);
  cluster.start(3);
  REQUIRE(cluster.run_until([&] { return cluster.up(3) && cluster.settled(name); }));
  CHECK(cluster.log_of(3, name) == Values{"a", "b", "c"});
}

TEST_CASE("failover: a log that is refused is kept, and dropped once another replica leads it") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  cluster.stop_in_order(1);
  REQUIRE(cluster.world().rot(cluster.node(1), "orders-0/log-checkpoint"));
  cluster.cut_from_controller(1);
  cluster.start(1);
  REQUIRE(cluster.run_until([&] { return cluster.up(1); }));
  CHECK(cluster.replicas(1).damaged() == std::vector<PartitionName>{name});
  CHECK(cluster.replicas(1).offline() == std::vector<PartitionName>{name});
  cluster.cut_from_controller(1, false);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK(cluster.replicas(1).offline().empty());
  CHECK(cluster.log_of(1, name) == Values{"a"});
}

TEST_CASE("failover: the only replica of a partition stays offline if its log is refused") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  cluster.stop_in_order(1);
  REQUIRE(cluster.world().rot(cluster.node(1), "orders-0/log-checkpoint"));
  cluster.start(1);
  REQUIRE(cluster.run_until([&] { return cluster.image().active(1); }));
  cluster.run_for(5s);
  CHECK(cluster.replicas(1).partition("orders", 0).error().code == ErrorCode::kafka_storage_error);
  CHECK_FALSE(cluster.replicas(1).log_end(name).has_value());
}

TEST_CASE("failover: a disk that fails takes its broker out, and nothing that was acknowledged with it") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3}, {{"min.insync.replicas", "2"}});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  cluster.world().fail_next_sync(cluster.node(1), "orders-0/00000000000000000000.log");
  CHECK(cluster.produce_now(1, name, "b") != ErrorCode::none);
  REQUIRE(cluster.run_until([&] { return cluster.replicas(1).disk_failure().has_value(); }));
  CHECK(cluster.replicas(1).disk_failure()->injected);
  wait_until_fenced(cluster, 1);
  const BrokerId leader = cluster.at(name).leader;
  REQUIRE(cluster.run_until([&] { return leads(cluster, leader, name); }));
  CHECK(cluster.produce_now(leader, name, "c") == ErrorCode::none);
  const Values values = cluster.consume(leader, name);
  CHECK(values.front() == "a");
  CHECK(values.back() == "c");
  // Started again, it is one that a sync has failed: it says so.
  cluster.world().kill(cluster.node(1));
  cluster.cut_from_controller(1);
  cluster.start(1);
  REQUIRE(cluster.run_until([&] { return cluster.up(1); }));
  CHECK(cluster.replicas(1).damaged() == std::vector<PartitionName>{name});
  cluster.cut_from_controller(1, false);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK(cluster.log_of(1, name) == values);
}

TEST_CASE("failover: when a log fails under its leader, whoever waits for it is told at once, and nobody else") {
  ReplicaCluster cluster;
  const PartitionName failing = cluster.topic("orders", {1, 2, 3});
  const PartitionName other = cluster.topic("events", {1, 2, 3});
  // Neither the followers nor the controller can help.
  for (const BrokerId follower : {2, 3}) cluster.cut_link(1, follower);
  cluster.cut_from_controller(1);
  const auto durable = cluster.produce(1, failing, "a");
  const auto elsewhere = cluster.produce(1, other, "b");
  cluster.run_for(100ms);
  REQUIRE(durable->pending());
  cluster.world().fail_next_sync(cluster.node(1), "orders-0/00000000000000000000.log");
  const auto not_synced = cluster.produce(1, failing, "c");
  cluster.run_for(100ms);
  CHECK(not_synced->code == ErrorCode::kafka_storage_error);
  CHECK(durable->code == ErrorCode::kafka_storage_error);
  CHECK(elsewhere->pending());
  CHECK(leads(cluster, 1, other));
}

TEST_CASE("failover: followers soon ask a leader again that has not heard of its election, and then less and less often") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3}, {{"min.insync.replicas", "2"}});
  cluster.power_loss(1, 100ms);
  wait_until_fenced(cluster, 1);
  REQUIRE(cluster.run_until([&] { return cluster.at(name).isr.size() == 3 && leads(cluster, 2, name); }));
  cluster.cut_from_controller(1);
  REQUIRE(cluster.controller().elect_leader(name, controller::Election::preferred).has_value());
  cluster.commit();
  cluster.fetches_from.clear();
  const auto follow_the_first = [&](BrokerId id) { return cluster.partition(id, name)->leader() == 1; };
  REQUIRE(cluster.run_until([&] { return follow_the_first(2) && follow_the_first(3); }));
  // Two followers: the pauses are 5, 10, 20 ms ... and in the end 200 ms.
  cluster.run_for(100ms);
  CHECK(cluster.fetches_from[1] >= 4);
  cluster.run_for(900ms);
  CHECK(cluster.fetches_from[1] <= 2 * 11);
}

TEST_CASE("failover: after a power cut of all brokers everything acknowledged is there") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    ReplicaCluster::Options options;
    options.seed = seed;
    ReplicaCluster cluster(options);
    const PartitionName name = cluster.topic("orders", {1, 2, 3}, {{"min.insync.replicas", "2"}});
    Values acknowledged;
    for (int round = 0; round < 3; ++round) {
      const BrokerId leader = cluster.at(name).leader;
      REQUIRE(cluster.run_until([&] { return leads(cluster, leader, name); }));
      for (int i = 0; i < 5; ++i) {
        const std::string value = std::to_string(round) + "." + std::to_string(i);
        if (cluster.produce_now(leader, name, value) == ErrorCode::none) acknowledged.push_back(value);
      }
      for (int i = 0; i < 5; ++i) cluster.produce(leader, name, "unanswered");
      cluster.run_for(3ms);
      for (const BrokerId id : {1, 2, 3}) cluster.power_loss(id, 200ms * id);
      INFO("seed " << seed << ", round " << round);
      REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
    }
    Values found = cluster.consume(cluster.at(name).leader, name);
    std::erase(found, "unanswered");
    CHECK(found == acknowledged);
  }
}
