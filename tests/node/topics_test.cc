// Topics that come, change and go, as replicas see it.
#include "replica_cluster.h"

using namespace faultline;
using namespace faultline::testing;
using Values = std::vector<std::string>;

namespace {

PartitionName many(ReplicaCluster& cluster, const std::string& topic, int partitions, const std::vector<BrokerId>& replicas) {
  controller::NewTopic wanted;
  wanted.name = topic;
  wanted.assignment.assign(static_cast<std::size_t>(partitions), replicas);
  const auto created = cluster.controller().create_topic(wanted, false);
  REQUIRE(created.has_value());
  cluster.commit();
  REQUIRE(cluster.run_until([&] {
    return std::ranges::all_of(replicas,
                               [&](BrokerId broker) { return cluster.replicas(broker).applied() >= cluster.image().applied(); });
  }));
  return {created->id, 0};
}

}  // namespace

TEST_CASE("topics: one that is deleted goes from every broker, and one of the same name begins empty") {
  ReplicaCluster cluster;
  const PartitionName first = cluster.topic("orders", {1, 2});
  CHECK(cluster.produce_now(1, first, "a") == ErrorCode::none);
  const auto waits = cluster.produce(1, first, "b", -1, 60s);
  REQUIRE(cluster.controller().delete_topic(first.topic_id).has_value());
  cluster.commit();
  // At once, so that the old logs are still there when the new ones are to be made.
  const PartitionName second = cluster.topic("orders", {1, 2});
  REQUIRE(cluster.run_until([&] { return !waits->pending(); }));
  CHECK_FALSE(cluster.has(1, first));
  CHECK(cluster.replicas(1).partition(first.topic_id, 0).error().code == ErrorCode::unknown_topic_id);
  CHECK(cluster.produce_now(1, second, "c") == ErrorCode::none);
  CHECK(cluster.log_of(1, second) == Values{"c"});
  CHECK(cluster.log_of(2, second) == Values{"c"});
}

TEST_CASE("topics: a broker that was away drops what is gone, but not before it knows that it is up to date") {
  ReplicaCluster cluster;
  const PartitionName gone = cluster.topic("gone", {1, 2});
  const PartitionName kept = cluster.topic("kept", {1, 2});
  CHECK(cluster.produce_now(1, gone, "a") == ErrorCode::none);
  CHECK(cluster.produce_now(1, kept, "b") == ErrorCode::none);
  cluster.world().crash(cluster.node(2));
  REQUIRE(cluster.controller().delete_topic(gone.topic_id).has_value());
  cluster.commit();
  cluster.cut_from_controller(2);
  cluster.start(2);
  REQUIRE(cluster.run_until([&] { return cluster.up(2); }));
  cluster.run_for(2s);
  CHECK(cluster.replicas(2).partitions().size() == 2);
  CHECK(cluster.replicas(2).applied() == 0);
  cluster.cut_from_controller(2, false);
  REQUIRE(cluster.run_until([&] { return cluster.settled(kept); }));
  REQUIRE(cluster.run_until([&] { return cluster.replicas(2).partitions().size() == 1; }));
  CHECK(cluster.log_of(2, kept) == Values{"b"});
  cluster.stop_in_order(2);
  cluster.start(2);
  REQUIRE(cluster.run_until([&] { return cluster.settled(kept); }));
  CHECK(cluster.replicas(2).partitions().size() == 1);
}

TEST_CASE("topics: a broker may lose power at any moment while a log goes that is being written") {
  const Duration written_for = GENERATE(20us, 60us, 100us, 150us, 200us, 300us, 500us, 900us);
  for (Duration delay = 0us; delay < 2ms; delay += 20us) {
    ReplicaCluster cluster;
    const PartitionName name = cluster.topic("orders", {1, 2});
    const auto waits = cluster.produce(1, name, "a");
    cluster.run_for(written_for);
    REQUIRE(cluster.controller().delete_topic(name.topic_id).has_value());
    cluster.commit();
    cluster.run_for(delay);
    cluster.power_loss(1, 10ms);
    REQUIRE(cluster.run_until([&] { return cluster.up(1) && cluster.replicas(1).partitions().empty(); }));
  }
}

TEST_CASE("topics: a partition that moves is copied to where it goes and dropped where it was") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  REQUIRE(cluster.controller().reassign(name, std::vector<BrokerId>{2, 3}).has_value());
  cluster.commit();
  REQUIRE(cluster.run_until([&] { return cluster.at(name).replicas == std::vector<BrokerId>{2, 3} && cluster.settled(name); }));
  CHECK(cluster.log_of(3, name) == Values{"a"});
  REQUIRE(cluster.run_until([&] { return cluster.replicas(1).partitions().empty(); }));
  CHECK(cluster.replicas(1).partition("orders", 0).error().code == ErrorCode::not_leader_or_follower);
  CHECK(cluster.produce_now(cluster.at(name).leader, name, "b") == ErrorCode::none);
}

TEST_CASE("topics: a replica that goes and comes back while its leader is silent is fetched for again") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  cluster.world().pause(cluster.node(1));
  REQUIRE(cluster.controller().reassign(name, std::vector<BrokerId>{1, 2}).has_value());
  cluster.commit();
  REQUIRE(cluster.run_until([&] { return cluster.replicas(3).partitions().empty(); }));
  REQUIRE(cluster.controller().reassign(name, std::vector<BrokerId>{1, 2, 3}).has_value());
  cluster.commit();
  REQUIRE(cluster.run_until([&] { return cluster.has(3, name) && cluster.partition(3, name)->leader() == 1; }));
  cluster.world().resume(cluster.node(1));
  REQUIRE(cluster.run_until([&] { return cluster.at(name).isr.size() == 3 && cluster.settled(name); }));
  CHECK(cluster.log_of(3, name) == Values{"a"});
}

TEST_CASE("topics: settings reach the logs and the leader's rules while they run") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  cluster.set_config("orders", "min.insync.replicas", "2");
  cluster.set_config("orders", "segment.bytes", "1000");
  REQUIRE(cluster.run_until([&] { return cluster.partition(2, name)->log().config().segment_bytes == 1000; }));
  cluster.world().crash(cluster.node(2));
  REQUIRE(cluster.run_until([&] { return cluster.at(name).isr.size() == 1; }));
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::not_enough_replicas);
  cluster.set_config("orders", "min.insync.replicas", "1");
  REQUIRE(cluster.run_until([&] { return cluster.produce_now(1, name, "b") == ErrorCode::none; }));
}

TEST_CASE("topics: deleted records are deleted on followers too, and one that was away starts where the leader does") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2, 3});
  CHECK(cluster.produce_now(1, name, "a") == ErrorCode::none);
  cluster.world().crash(cluster.node(3));
  for (const char* value : {"b", "c", "d"}) CHECK(cluster.produce_now(1, name, value) == ErrorCode::none);
  std::optional<std::int64_t> start;
  cluster.on(1, [&] {
    Partition& leader = *cluster.partition(1, name);
    const Deletion deletion = leader.delete_records_before(3).value();
    start = leader.wait_deleted(deletion, no_deadline).value();
  });
  REQUIRE(cluster.run_until([&] { return start.has_value() && cluster.partition(2, name)->log_start_offset() == 3; }));
  cluster.start(3);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name) && cluster.partition(3, name)->log_start_offset() == 3; }));
  CHECK(cluster.log_of(3, name) == Values{"d"});
  CHECK(cluster.produce_now(1, name, "e") == ErrorCode::none);
}

TEST_CASE("topics: a deletion is not over before the followers have carried it out, and is not undone by the next leader") {
  ReplicaCluster cluster;
  const PartitionName name = cluster.topic("orders", {1, 2});
  for (const char* value : {"a", "b", "c"}) CHECK(cluster.produce_now(1, name, value) == ErrorCode::none);
  cluster.cut_link(1, 2);
  std::vector<ErrorCode> answers;
  const auto remove = [&](std::int64_t offset, Duration patience) {
    cluster.on(1, [&, offset, patience] {
      Partition& leader = *cluster.partition(1, name);
      const Deletion deletion = leader.delete_records_before(offset).value();
      const Outcome<std::int64_t> low = leader.wait_deleted(deletion, after(cluster.world().now(), patience));
      answers.push_back(low ? ErrorCode::none : low.error().code);
      if (low) CHECK(*low == offset);
    });
  };
  remove(1, 1s);
  REQUIRE(cluster.run_until([&] { return answers.size() == 1; }));
  CHECK(answers.back() == ErrorCode::request_timed_out);
  CHECK(cluster.partition(1, name)->log_start_offset() == 1);
  CHECK(cluster.partition(2, name)->log_start_offset() == 0);
  cluster.cut_link(1, 2, false);
  const Time asked = cluster.world().now();
  remove(2, 20s);
  REQUIRE(cluster.run_until([&] { return answers.size() == 2; }));
  CHECK(answers.back() == ErrorCode::none);
  CHECK(cluster.world().now() - asked < 2s);
  cluster.world().crash(cluster.node(1));
  REQUIRE(cluster.run_until([&] { return cluster.at(name).leader == 2 && cluster.partition(2, name)->leads(); }));
  CHECK(cluster.consume(2, name) == Values{"c"});
}

TEST_CASE("topics: many partitions are made side by side, and cost little while nothing happens") {
  ReplicaCluster cluster;
  const Time begun = cluster.world().now();
  many(cluster, "one", 1, {1, 2, 3});
  const Duration for_one = cluster.world().now() - begun;
  const Time begun_many = cluster.world().now();
  many(cluster, "many", 100, {1, 2, 3});
  CHECK(cluster.world().now() - begun_many < 20 * std::max<Duration>(for_one, 10ms));
  cluster.run_for(5s);
  cluster.fetches_from.clear();
  const std::uint64_t events = cluster.world().event_count();
  cluster.run_for(10s);
  CHECK(cluster.fetches_from.at(1) <= 2 * 2 * 10 + 2);  // two followers, two requests a second
  CHECK(cluster.world().event_count() - events < 5000);
}

TEST_CASE("topics: a replica that catches up is slowed down as far as was asked for") {
  ReplicaCluster::Options options;
  options.brokers = 2;
  const bool slow = GENERATE(false, true);
  options.replicas.catch_up_bytes_per_second = slow ? 20'000 : 0;
  options.replicas.partition_bytes_max = 4'000;
  ReplicaCluster cluster(options);
  const PartitionName name = cluster.topic("orders", {1, 2});
  cluster.world().crash(cluster.node(2));
  REQUIRE(cluster.run_until([&] { return cluster.at(name).isr.size() == 1; }));
  for (int i = 0; i < 20; ++i) CHECK(cluster.produce_now(1, name, std::string(10'000, 'x')) == ErrorCode::none);
  cluster.start(2);
  REQUIRE(cluster.run_until([&] { return cluster.image().active(2); }));
  const Time begun = cluster.world().now();
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  CHECK((cluster.world().now() - begun > 8s) == slow);
}

TEST_CASE("topics: a consumer is sent to a replica in its own rack that has what it asks for") {
  ReplicaCluster::Options options;
  options.racks = {{1, "a"}, {2, "b"}, {3, "b"}};
  ReplicaCluster cluster(options);
  const PartitionName name = cluster.topic("orders", {1, 2});
  CHECK(cluster.produce_now(1, name, "x") == ErrorCode::none);
  REQUIRE(cluster.run_until([&] { return cluster.settled(name); }));
  const std::shared_ptr<Partition> leader = cluster.partition(1, name);
  CHECK(leader->preferred_read_replica("b", 0) == 2);
  CHECK_FALSE(leader->preferred_read_replica("a", 0).has_value());
  CHECK_FALSE(leader->preferred_read_replica("c", 0).has_value());
  CHECK_FALSE(leader->preferred_read_replica("b", 5).has_value());
  CHECK_FALSE(cluster.partition(2, name)->preferred_read_replica("a", 0).has_value());
}
