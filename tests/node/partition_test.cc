// One replica by itself, on a disk that is full or slow.
#include "replica_cluster.h"

using namespace faultline;
using namespace faultline::testing;

namespace {

constexpr BrokerId self = 2;
constexpr BrokerId leader = 1;
constexpr std::int32_t epoch = 3;

struct LonePartition {
  PartitionHost host;
  TopicConfig config;
  std::shared_ptr<Partition> partition;

  LonePartition(Env& env, const TopicConfig& settings)
      : host{.env = env,
             .self = self,
             .lag_time_max = 10s,
             .disk_timeout = 60s,
             .fetch_backoff = 200ms,
             .exhibits = {},
             .brokers = {},
             .rack_of = [](BrokerId) { return std::string_view(); },
             .propose = [](Partition&, const replication::IsrProposal&) {},
             .may_fetch = [](Partition&, BrokerId) {},
             .log_failed = [](Partition&) {}},
        config(settings) {
    RecoveryReport report;
    const LogConfig log_config = log_config_of(config, host.disk_timeout, {});
    auto log = PartitionLog::open(LogContext::of(env), "orders-0", LogOpen::create, log_config, report).value();
    partition = std::make_shared<Partition>(host, Uuid::of(1, 1), PartitionId{"orders", 0}, config, std::move(log));
    REQUIRE(partition->configure(config).has_value());
    REQUIRE(partition->begin_following({.leader = leader, .leader_epoch = epoch, .replicas = {1, 2}, .isr = {1, 2}}).has_value());
  }

  /// The leader's answer: these batches, at the follower's end, all of them committed.
  void answer(const std::vector<Slice>& batches) {
    const replication::FetchPosition asked = partition->fetch_position();
    protocol::FetchResponse::Topic::Partition answer;
    answer.high_watermark = asked.fetch_offset;
    for (const Slice& bytes : batches) {
      const protocol::BatchView batch = protocol::BatchView::parse(bytes).value();
      batch.stamp(answer.high_watermark, epoch);
      answer.high_watermark = batch.next_offset();
      answer.records.append(bytes);
    }
    partition->fetched(asked, answer);
  }
  /// The same with `count` batches of one record.
  void answer(int count) {
    std::vector<Slice> batches;
    for (int i = 0; i < count; ++i) batches.push_back(batch_of(std::string(60, 'x')));
    answer(batches);
  }
  bool may_fetch() const { return partition->fetch_due(leader) != no_deadline; }
};

void wait(Env& env, Duration time) { REQUIRE(sleep_until(after(env.clock.now(), time)).has_value()); }

/// Runs `body` as the only thing that a node does, to its end.
void on_a_node(const std::function<void(sim::World&, sim::NodeId, Env&)>& body) {
  sim::Options options;
  options.disk.late_no_space = {0, 1};
  sim::World world(options);
  bool done = false;
  sim::NodeId node{};
  node = world.add_node("broker", {"broker"}, [&](Env& env) {
    body(world, node, env);
    done = true;
  });
  world.run_for(120s);
  REQUIRE(done);
}

}  // namespace

TEST_CASE("partition: with its disk full, a follower asks on only from where what it has is durable") {
  on_a_node([](sim::World& world, sim::NodeId node, Env& env) {
    TopicConfig config;
    config.segment_bytes = 300;  // two batches
    LonePartition follower(env, config);
    follower.answer(1);
    wait(env, 1s);
    REQUIRE(follower.may_fetch());
    PartitionLog& log = follower.partition->log();
    REQUIRE(log.durable_end() == 1);

    // There is room for the batch that goes into the first segment, not for those of the second; and the first is still being synced.
    world.disk(node).sync_time = {.min = 5s};
    world.disk(node).capacity_bytes = world.disk_used_bytes(node) + 200;
    follower.answer(3);
    wait(env, 1s);
    REQUIRE(log.log_end() == 2);
    REQUIRE(log.durable_end() == 1);
    CHECK_FALSE(follower.may_fetch());

    wait(env, 60s);
    CHECK(follower.may_fetch());
    CHECK(log.durable_end() == 2);
    CHECK(follower.partition->fetch_position().fetch_offset == 2);
    world.disk(node) = {};
    follower.answer(2);
    wait(env, 1s);
    CHECK(log.durable_end() == 4);
    follower.partition->retire();
  });
}

TEST_CASE("partition: a record that was deleted from the front of a batch is not found by its time, but the next one is") {
  on_a_node([](sim::World&, sim::NodeId, Env& env) {
    LonePartition follower(env, {});
    const auto dated = [](const std::vector<std::int64_t>& dates) {
      protocol::BatchBuilder builder{protocol::BatchOptions()};
      for (const std::int64_t date : dates) builder.append(date, std::nullopt, std::nullopt);
      return std::move(builder).build().value();
    };
    follower.answer(std::vector<Slice>{dated({50, 20, 30}), dated({25, 40})});
    wait(env, 1s);
    const auto found = [&](std::int64_t timestamp) {
      return follower.partition->find_offset(timestamp, ReadFrom::any_replica).value().offset;
    };
    constexpr std::int64_t greatest = -3;
    CHECK(found(35) == 0);
    CHECK(found(greatest) == 0);
    REQUIRE(follower.partition->log().delete_records_before(1, 5).has_value());
    CHECK(found(0) == 1);
    CHECK(found(30) == 2);
    CHECK(found(35) == 4);
    CHECK(found(41) == -1);
    CHECK(found(greatest) == 4);
    follower.partition->retire();
  });
}

TEST_CASE("partition: settings that its log could not take over are not in force, and are tried again") {
  on_a_node([](sim::World&, sim::NodeId, Env& env) {
    LonePartition follower(env, {});
    TopicConfig config;
    config.segment_bytes = 1;
    CHECK_FALSE(follower.partition->configure(config).has_value());
    CHECK_FALSE(follower.partition->configured());
    config.segment_bytes = 1000;
    CHECK(follower.partition->configure(config).has_value());
    CHECK(follower.partition->configured());
    CHECK(follower.partition->log().config().segment_bytes == 1000);
    follower.partition->retire();
  });
}

TEST_CASE("partition: a time that never ends, as Kafka's users write it, is as long as a log can count") {
  TopicConfig config;
  config.retention_ms = INT64_MAX;
  config.segment_ms = INT64_MAX;
  config.file_delete_delay_ms = INT64_MAX;
  const LogConfig log = log_config_of(config, 30s, {});
  CHECK(log.validate().has_value());
  CHECK(log.retention_ms > std::int64_t{100} * 365 * 24 * 3600 * 1000);
  config.retention_ms = -1;
  CHECK(log_config_of(config, 30s, {}).retention_ms == -1);
}
