#include "replica_cluster.h"

using namespace faultline;
using namespace faultline::testing;
using Values = std::vector<std::string>;

TEST_CASE("replicas: what is acknowledged by all is on every in-sync replica, durably") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3}, {{"min.insync.replicas", "2"}});
  REQUIRE(cluster.partition(1, name)->leads());
  CHECK(cluster.partition(2, name)->leader() == 1);
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  CHECK(cluster.produce_now(1, name, "b") == ErrorCode::none);
  for (const BrokerId id : {2, 3}) {
    CHECK(cluster.partition(id, name)->log().durable_end() == 2);
    CHECK(cluster.log_of(id, name) == Values{"a", "b"});
  }
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK(cluster.consume(2, name, ReadFrom::any_replica) == Values{"a", "b"});
  CHECK(cluster.consume(2, name) == Values{"NOT_LEADER_OR_FOLLOWER"});
  CHECK(cluster.produce_now(2, name, "c") == ErrorCode::not_leader_or_follower);
}

TEST_CASE("replicas: acks=1 waits for the leader's disk alone, acks=-1 for the followers too") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  cluster.cut_link(1, 2);
  const auto all = cluster.produce(1, name, "a");
  CHECK(cluster.produce_now(1, name, "b", 1) == ErrorCode::none);
  CHECK(all->pending());
  CHECK(cluster.consume(1, name).empty());
  cluster.cut_link(1, 2, false);
  REQUIRE(cluster.run_until([&] { return all->ok(); }));
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK(cluster.consume(1, name) == Values{"a", "b"});
}

TEST_CASE("replicas: a follower that stays away leaves the ISR, and comes back when it has caught up") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3});
  cluster.cut_link(1, 3);
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);  // once the ISR has shrunk
  CHECK(cluster.at(name).isr == std::vector<BrokerId>{1, 2});
  CHECK(cluster.log_of(3, name).empty());
  cluster.cut_link(1, 3, false);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK(cluster.log_of(3, name) == Values{"a"});
}

TEST_CASE("replicas: below the minimum nothing is accepted with acks=all, and what was appended is not acknowledged") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2}, {{"min.insync.replicas", "2"}});
  cluster.cut_link(1, 2);
  const auto waits = cluster.produce(1, name, "a");
  REQUIRE(cluster.run_until([&] { return !waits->pending(); }));
  CHECK(waits->code == ErrorCode::request_timed_out);
  CHECK(cluster.at(name).isr == std::vector<BrokerId>{1});
  CHECK(cluster.produce_now(1, name, "b") == ErrorCode::not_enough_replicas);
  CHECK(cluster.produce_now(1, name, "c", 1) == ErrorCode::none);
  CHECK(cluster.consume(1, name).empty());
  cluster.cut_link(1, 2, false);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK(cluster.consume(1, name) == Values{"a", "c"});
}

TEST_CASE("replicas: a lost answer of AlterPartition is asked for again, and the ISR ends up right") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  cluster.lose_answers = 2;
  cluster.cut_link(1, 2);
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  CHECK(cluster.at(name).isr == std::vector<BrokerId>{1});
  cluster.cut_link(1, 2, false);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
}

TEST_CASE("replicas: a duplicate waits for what its original waits for") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  protocol::BatchOptions numbered;
  numbered.producer_id = 7;
  numbered.producer_epoch = 0;
  numbered.base_sequence = 0;
  cluster.cut_link(1, 2);
  const auto original = cluster.produce(1, name, "a", -1, 20s, numbered);
  cluster.run_for(100ms);
  const auto duplicate = cluster.produce(1, name, "a", -1, 20s, numbered);
  cluster.run_for(1s);
  CHECK(original->pending());
  CHECK(duplicate->pending());
  cluster.cut_link(1, 2, false);
  REQUIRE(cluster.run_until([&] { return original->ok() && duplicate->ok(); }));
  CHECK(duplicate->base_offset == original->base_offset);
  CHECK(cluster.log_of(1, name) == Values{"a"});
}
