// Several brokers, asked from outside: whichever of them a client talks to, it learns the same and its changes are made.
#include <algorithm>
#include <map>
#include <set>

#include "cluster_world.h"
#include "requests.h"

namespace faultline {
namespace {

constexpr std::int32_t brokers = 3;
constexpr std::int8_t topic_resource = 2;
constexpr std::int8_t broker_resource = 4;
const std::vector<std::int32_t> everybody{1, 2, 3};
// No multiple of replica.fetch.wait.max.ms: afterwards followers are in the middle of a wait.
constexpr Duration quiet = 5s + 250ms;

ErrorCode create_replicated(RawClient& client, const std::string& topic, const std::map<std::string, std::string>& configs = {}) {
  protocol::CreateTopicsRequest request;
  auto& wanted = request.topics.emplace_back();
  wanted.name = topic;
  wanted.num_partitions = 1;
  wanted.replication_factor = brokers;
  for (const auto& [key, value] : configs) wanted.configs.push_back({key, value});
  return client.call(request, 7).topics.at(0).error_code;
}

protocol::MetadataResponse::Topic::Partition partition_of(RawClient& client, const std::string& topic) {
  return metadata_of(client, {topic}).topics.at(0).partitions.at(0);
}

std::vector<std::int32_t> sorted(std::vector<std::int32_t> ids) {
  std::ranges::sort(ids);
  return ids;
}

/// Produces one value with acks=all, asking again while the broker that leads does not know of it yet.
void produce_to_leader(Env& env, RawClient& leader, const std::string& topic, const std::string& value) {
  for (;;) {
    const ErrorCode code = produce(leader, topic, 0, batch_of({value})).error_code;
    if (code == ErrorCode::none) return;
    REQUIRE((code == ErrorCode::not_leader_or_follower || code == ErrorCode::unknown_topic_or_partition));
    const Result<> slept = sleep_until(env.clock.now() + 100ms);
    REQUIRE(slept.has_value());
  }
}

/// Waits until `holds()`, asking every now and then.
void eventually(Env& env, const std::function<bool()>& holds, Duration limit = 60s) {
  const Time end = after(env.clock.now(), limit);
  for (;;) {
    const bool does = holds();
    if (does) return;
    REQUIRE(env.clock.now() < end);
    const Result<> slept = sleep_until(env.clock.now() + 100ms);
    REQUIRE(slept.has_value());
  }
}

/// One that is not it.
std::int32_t other_than(std::int32_t id) { return id % brokers + 1; }

protocol::DescribeConfigsResponse::Resource::Config described(RawClient& client, std::int8_t type, const std::string& name,
                                                              const std::string& key) {
  protocol::DescribeConfigsRequest request;
  request.resources = {{type, name, std::vector<std::string>{key}}};
  request.include_synonyms = true;
  const auto response = client.call(request, 4);
  REQUIRE(response.results.at(0).error_code == ErrorCode::none);
  return response.results.at(0).configs.at(0);
}

}  // namespace

TEST_CASE("cluster: whichever broker is asked for a change, it shows it with its next answer") {
  ClusterWorld cluster(brokers);
  cluster.as_client([&](Env& env) {
    for (std::int32_t id = 1; id <= brokers; ++id) {
      const std::string topic = "t" + std::to_string(id);
      RawClient client(env, ClusterWorld::address(id));
      REQUIRE(create_replicated(client, topic) == ErrorCode::none);
      const auto partition = partition_of(client, topic);
      REQUIRE(partition.error_code == ErrorCode::none);
      REQUIRE(sorted(partition.replica_nodes) == everybody);
      REQUIRE(sorted(partition.isr_nodes) == everybody);
      REQUIRE(grow_topic(client, topic, 4) == ErrorCode::none);
      REQUIRE(metadata_of(client, {topic}).topics.at(0).partitions.size() == 4);
      REQUIRE(set_config(client, topic, "retention.ms", "12345") == ErrorCode::none);
      REQUIRE(config_of(client, topic, "retention.ms") == "12345");
      REQUIRE(delete_topic(client, topic) == ErrorCode::none);
      REQUIRE(metadata_of(client, {topic}).topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
    }
  });
}

TEST_CASE("cluster: a topic that is made on demand has default.replication.factor replicas, and leaders in the first answer") {
  ClusterWorld cluster(brokers, [](BrokerConfig& config) {
    config.default_replication_factor = 2;
    config.num_partitions = 3;
  });
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(3));
    protocol::MetadataRequest request;
    request.topics.emplace().emplace_back().name = "t";
    const auto topic = client.call(request, 12).topics.at(0);
    REQUIRE(topic.error_code == ErrorCode::none);
    REQUIRE(topic.partitions.size() == 3);
    for (const auto& partition : topic.partitions) {
      REQUIRE(partition.error_code == ErrorCode::none);
      REQUIRE(partition.replica_nodes.size() == 2);
    }
  });
}

TEST_CASE("cluster: who produces to the wrong broker is told which one leads, and where it is") {
  ClusterWorld cluster(brokers);
  cluster.as_client([&](Env& env) {
    RawClient any(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(any, "t") == ErrorCode::none);
    const auto partition = partition_of(any, "t");
    const std::int32_t wrong = other_than(partition.leader_id);
    RawClient client(env, ClusterWorld::address(wrong));
    eventually(env, [&] { return metadata_of(client, {"t"}).topics.at(0).error_code == ErrorCode::none; });
    for (const std::int16_t acks : {std::int16_t{1}, std::int16_t{-1}}) {
      const auto response = client.call(produce_request("t", 0, batch_of({"x"}), acks), newest_produce);
      REQUIRE(only(response).error_code == ErrorCode::not_leader_or_follower);
      REQUIRE(only(response).current_leader.leader_id == partition.leader_id);
      REQUIRE(only(response).current_leader.leader_epoch == partition.leader_epoch);
      REQUIRE(response.node_endpoints.size() == 1);
      REQUIRE(response.node_endpoints[0].node_id == partition.leader_id);
      REQUIRE(response.node_endpoints[0].host == ClusterWorld::address(partition.leader_id).host);
    }
    RawClient leader(env, ClusterWorld::address(partition.leader_id));
    produce_to_leader(env, leader, "t", "x");
    REQUIRE(list_offset(leader, "t", -1).offset == 1);
    REQUIRE(list_offset(client, "t", -1).error_code == ErrorCode::not_leader_or_follower);
  });
}

TEST_CASE("cluster: an old consumer reads from the leader only; one that knows an old epoch is told who leads now") {
  ClusterWorld cluster(brokers);
  std::int32_t old_leader = 0;
  cluster.as_client([&](Env& env) {
    RawClient any(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(any, "t") == ErrorCode::none);
    old_leader = partition_of(any, "t").leader_id;
    RawClient leader(env, ClusterWorld::address(old_leader));
    produce_to_leader(env, leader, "t", "x");
    RawClient follower(env, ClusterWorld::address(other_than(old_leader)));
    constexpr Version before_racks = 10;
    REQUIRE(only(follower.call(fetch_request("t", 0, 0), before_racks)).error_code == ErrorCode::not_leader_or_follower);
    REQUIRE(values_of(leader.call(fetch_request("t", 0, 0), before_racks)) == std::vector<std::string>{"x"});
  });
  cluster.crash(old_leader);
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(other_than(old_leader)));
    eventually(env, [&] { return partition_of(client, "t").leader_id != old_leader && partition_of(client, "t").leader_id > 0; });
    const auto topic = metadata_of(client, {"t"}).topics.at(0);
    const std::int32_t leader_id = topic.partitions.at(0).leader_id;
    REQUIRE(topic.partitions.at(0).leader_epoch > 0);
    RawClient leader(env, ClusterWorld::address(leader_id));
    protocol::FetchRequest request = fetch_request("", 0, 0);
    request.topics[0].topic_id = topic.topic_id;
    eventually(env, [&] { return only(leader.call(request, 17)).error_code == ErrorCode::none; });
    request.topics[0].partitions[0].current_leader_epoch = 0;
    const auto response = leader.call(request, 17);
    REQUIRE(only(response).error_code == ErrorCode::fenced_leader_epoch);
    REQUIRE(only(response).current_leader.leader_id == leader_id);
    REQUIRE(only(response).current_leader.leader_epoch == topic.partitions.at(0).leader_epoch);
    REQUIRE(response.node_endpoints.at(0).node_id == leader_id);
  });
}

TEST_CASE("cluster: a consumer is sent to the replica in its rack, and finds there what is committed") {
  ClusterWorld cluster(brokers, [](BrokerConfig& config) { config.rack = "rack-" + std::to_string(config.node_id); });
  cluster.as_client([&](Env& env) {
    RawClient any(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(any, "t") == ErrorCode::none);
    const std::int32_t leader_id = partition_of(any, "t").leader_id;
    RawClient leader(env, ClusterWorld::address(leader_id));
    produce_to_leader(env, leader, "t", "x");
    const std::int32_t near = other_than(leader_id);
    protocol::FetchRequest request = fetch_request("t", 0, 0, {.max_wait_ms = 10'000});
    request.rack_id = "rack-" + std::to_string(near);
    const Time begin = env.clock.now();
    const auto sent = only(leader.call(request, fetch_by_name));
    REQUIRE(sent.error_code == ErrorCode::none);
    REQUIRE(sent.preferred_read_replica == near);
    REQUIRE(sent.records.empty());
    REQUIRE(env.clock.now() - begin < 1s);
    RawClient replica(env, ClusterWorld::address(near));
    REQUIRE(values_of(replica.call(request, fetch_by_name)) == std::vector<std::string>{"x"});
    REQUIRE(only(replica.call(fetch_request("t", 0, 0), fetch_by_name)).preferred_read_replica == -1);

    request.rack_id = "rack-" + std::to_string(leader_id);
    REQUIRE(values_of(leader.call(request, fetch_by_name)) == std::vector<std::string>{"x"});
    request.rack_id = "rack-of-nobody";
    REQUIRE(values_of(leader.call(request, fetch_by_name)) == std::vector<std::string>{"x"});
  });
}

TEST_CASE("cluster: followers wait for records and for the watermark with one fetch, and have both at once when they come") {
  ClusterWorld cluster(brokers);
  cluster.as_client([&](Env& env) {
    RawClient any(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(any, "t") == ErrorCode::none);
    const std::int32_t leader_id = partition_of(any, "t").leader_id;
    RawClient leader(env, ClusterWorld::address(leader_id));
    produce_to_leader(env, leader, "t", "first");
    // Much shorter than replica.fetch.wait.max.ms, which is what a follower waits for if nothing comes.
    constexpr Duration soon = 100ms;
    RawClient replica(env, ClusterWorld::address(other_than(leader_id)));
    for (std::int64_t offset = 1; offset <= 5; ++offset) {
      REQUIRE(sleep_until(env.clock.now() + quiet).has_value());
      replica.send(fetch_request("t", 0, offset, {.max_wait_ms = 10'000}), fetch_by_name);
      const Time begin = env.clock.now();
      REQUIRE(produce(leader, "t", 0, batch_of({"x"})).base_offset == offset);
      REQUIRE(env.clock.now() - begin < soon);
      REQUIRE(values_of(replica.receive<protocol::FetchResponse>(fetch_by_name)) == std::vector<std::string>{"x"});
      REQUIRE(env.clock.now() - begin < soon);
    }
  });
}

TEST_CASE("cluster: the watermark alone waits a little for records to go with, and goes without them if none come") {
  ClusterWorld cluster(brokers);
  std::int32_t leader_id = 0;
  cluster.as_client([&](Env& env) {
    RawClient any(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(any, "t") == ErrorCode::none);
    leader_id = partition_of(any, "t").leader_id;
    RawClient leader(env, ClusterWorld::address(leader_id));
    produce_to_leader(env, leader, "t", "first");
  });
  const std::int32_t stopped = other_than(leader_id);
  cluster.crash(stopped);
  cluster.as_client([&](Env& env) {
    RawClient leader(env, ClusterWorld::address(leader_id));
    RawClient replica(env, ClusterWorld::address(leader_id));  // in place of the one that was stopped
    const auto fetch_from = [&](std::int64_t offset) {
      protocol::FetchRequest request = fetch_request("t", 0, offset, {.max_wait_ms = 10'000});
      request.replica_id = stopped;
      return request;
    };
    // It is in sync still, and what is produced is committed as soon as it says that it has it.
    REQUIRE(produce(leader, "t", 0, batch_of({"x"}), 1).error_code == ErrorCode::none);
    REQUIRE(values_of(replica.call(fetch_from(1), fetch_by_name)) == std::vector<std::string>{"x"});
    REQUIRE(sleep_until(env.clock.now() + 100ms).has_value());  // the other follower has it by now
    const Time begin = env.clock.now();
    const auto alone = only(replica.call(fetch_from(2), fetch_by_name));
    const Duration waited = env.clock.now() - begin;
    REQUIRE(alone.records.empty());
    REQUIRE(alone.high_watermark == 2);
    REQUIRE(waited >= 5ms);
    REQUIRE(waited < 50ms);

    REQUIRE(produce(leader, "t", 0, batch_of({"y"}), 1).error_code == ErrorCode::none);
    REQUIRE(values_of(replica.call(fetch_from(2), fetch_by_name)) == std::vector<std::string>{"y"});
    REQUIRE(sleep_until(env.clock.now() + 100ms).has_value());
    replica.send(fetch_from(3), fetch_by_name);
    REQUIRE(sleep_until(env.clock.now() + 1ms).has_value());
    REQUIRE(produce(leader, "t", 0, batch_of({"z"}), 1).error_code == ErrorCode::none);
    const auto both = replica.receive<protocol::FetchResponse>(fetch_by_name);
    REQUIRE(values_of(both) == std::vector<std::string>{"z"});
    REQUIRE(only(both).high_watermark == 3);

    // What was about to be said when the connection broke has not been said.
    REQUIRE(sleep_until(env.clock.now() + 100ms).has_value());
    for (int i = 0; i < 3; ++i) {
      RawClient cut_off(env, ClusterWorld::address(leader_id));
      cut_off.send(fetch_from(4), fetch_by_name);
      REQUIRE(sleep_until(env.clock.now() + 3ms).has_value());
    }
    REQUIRE(sleep_until(env.clock.now() + 100ms).has_value());
    const Time again = env.clock.now();
    REQUIRE(only(replica.call(fetch_from(4), fetch_by_name)).high_watermark == 4);
    REQUIRE(env.clock.now() - again < 50ms);
  });
}

TEST_CASE("cluster: leader and followers sync a record side by side, not one after the other") {
  ClusterWorld cluster(brokers);
  cluster.as_client([&](Env& env) {
    RawClient any(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(any, "t") == ErrorCode::none);
    RawClient leader(env, ClusterWorld::address(partition_of(any, "t").leader_id));
    produce_to_leader(env, leader, "t", "first");
    for (std::int32_t id = 1; id <= brokers; ++id) cluster.world.disk(cluster.node(id)).sync_time = {200ms, 0ms, 200ms};
    REQUIRE(sleep_until(env.clock.now() + quiet).has_value());
    const Time begin = env.clock.now();
    REQUIRE(produce(leader, "t", 0, batch_of({"x"})).error_code == ErrorCode::none);
    REQUIRE(env.clock.now() - begin >= 200ms);
    REQUIRE(env.clock.now() - begin < 350ms);
  });
}

TEST_CASE("cluster: producers that fill all memory for requests do not keep out the fetches that they wait for") {
  constexpr std::size_t value_bytes = 60'000;
  constexpr int producers = 20;
  ClusterWorld cluster(brokers, [](BrokerConfig& config) {
    config.topic_defaults.max_message_bytes = config.socket_request_max_bytes = config.fetch_max_bytes = 100'000;
    config.queued_max_request_bytes = 200'000;
  });
  cluster.as_client([&](Env& env) {
    RawClient any(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(any, "t") == ErrorCode::none);
    const Endpoint leader = ClusterWorld::address(partition_of(any, "t").leader_id);
    RawClient first(env, leader);
    produce_to_leader(env, first, "t", "first");
    const Time begin = env.clock.now();
    int done = 0;
    TaskGroup group(env.tasks);
    for (int i = 0; i < producers; ++i) {
      group.spawn("producer", [&] {
        RawClient client(env, leader);
        static_cast<void>(metadata_of(client, {"t"}));
        done += produce(client, "t", 0, batch_of({std::string(value_bytes, 'x')})).error_code == ErrorCode::none;
      });
    }
    group.join();
    REQUIRE(done == producers);
    REQUIRE(env.clock.now() - begin < 5s);
  });
}

TEST_CASE("cluster: a new leader does not tell where the log ends before it knows what has been told (KIP-207)") {
  constexpr std::int32_t many = 5;
  ClusterWorld cluster(many);
  std::vector<std::int32_t> replicas;
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(1));
    protocol::DescribeClusterRequest describe;
    const std::int32_t controller = client.call(describe, 2).controller_id;
    for (std::int32_t id = 1; id <= many && replicas.size() < 3; ++id) {
      if (id != controller) replicas.push_back(id);
    }
    protocol::CreateTopicsRequest request;
    auto& topic = request.topics.emplace_back();
    topic.name = "t";
    topic.num_partitions = topic.replication_factor = -1;
    topic.assignments = {{0, replicas}};
    REQUIRE(client.call(request, 7).topics.at(0).error_code == ErrorCode::none);
    RawClient leader(env, ClusterWorld::address(replicas[0]));
    produce_to_leader(env, leader, "t", "x");
  });
  // The last replica is in the in-sync set, and alive, but out of reach of the others.
  const sim::PartitionId cut =
      cluster.world.partition({cluster.node(replicas[0]), cluster.node(replicas[1])}, {cluster.node(replicas[2])});
  cluster.as_client([&](Env& env) {
    RawClient leader(env, ClusterWorld::address(replicas[0]));
    REQUIRE(produce(leader, "t", 0, batch_of({"y"}), 1).error_code == ErrorCode::none);
    REQUIRE(sleep_until(env.clock.now() + 1s).has_value());
  });
  cluster.crash(replicas[0]);
  cluster.as_client([&](Env& env) {
    RawClient next(env, ClusterWorld::address(replicas[1]));
    eventually(env, [&] { return partition_of(next, "t").leader_id == replicas[1]; });
    eventually(env, [&] { return list_offset(next, "t", -1).error_code != ErrorCode::not_leader_or_follower; });
    REQUIRE(list_offset(next, "t", -1, -1, 8).error_code == ErrorCode::offset_not_available);
    REQUIRE(list_offset(next, "t", -1, -1, 5).error_code == ErrorCode::offset_not_available);
    REQUIRE(list_offset(next, "t", -1, -1, 4).error_code == ErrorCode::leader_not_available);
    REQUIRE(list_offset(next, "t", -2).offset == 0);
  });
  cluster.world.heal(cut);
  cluster.as_client([&](Env& env) {
    RawClient next(env, ClusterWorld::address(replicas[1]));
    eventually(env, [&] { return list_offset(next, "t", -1).offset == 2; });
  });
}

TEST_CASE("cluster: a broker that is gone is not listed, what it held is offline, and acks=all needs min.insync.replicas") {
  ClusterWorld cluster(brokers);
  std::int32_t gone = 0;
  std::int32_t leader_id = 0;
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(client, "t", {{"min.insync.replicas", "3"}}) == ErrorCode::none);
    leader_id = partition_of(client, "t").leader_id;
    gone = other_than(leader_id);
    RawClient leader(env, ClusterWorld::address(leader_id));
    produce_to_leader(env, leader, "t", "x");
  });
  cluster.crash(gone);
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(leader_id));
    eventually(env, [&] { return metadata_of(client, {"t"}).brokers.size() == 2; });
    const auto partition = partition_of(client, "t");
    REQUIRE(partition.error_code == ErrorCode::none);
    REQUIRE(partition.offline_replicas == std::vector<std::int32_t>{gone});
    REQUIRE(partition.isr_nodes.size() == 2);

    protocol::DescribeTopicPartitionsRequest page;
    page.topics.push_back({"t"});
    client.send(page, 0);
    const auto told = client.receive<protocol::DescribeTopicPartitionsResponse>(0).topics.at(0).partitions.at(0);
    REQUIRE(told.eligible_leader_replicas == std::vector<std::int32_t>{gone});

    protocol::DescribeClusterRequest describe;
    REQUIRE(client.call(describe, 2).brokers.size() == 2);
    describe.include_fenced_brokers = true;
    const auto all = client.call(describe, 2).brokers;
    REQUIRE(all.size() == 3);
    for (const auto& broker : all) REQUIRE(broker.is_fenced == (broker.broker_id == gone));

    REQUIRE(produce(client, "t", 0, batch_of({"y"}), -1).error_code == ErrorCode::not_enough_replicas);
    REQUIRE(produce(client, "t", 0, batch_of({"z"}), 1).error_code == ErrorCode::none);
    // Nobody can read it before enough of them have it.
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == std::vector<std::string>{"x"});
  });
  cluster.start(gone);
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(leader_id));
    eventually(env, [&] { return produce(client, "t", 0, batch_of({"y"}), -1).error_code == ErrorCode::none; });
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)).size() == 3);
    REQUIRE(partition_of(client, "t").offline_replicas.empty());
  });
}

TEST_CASE("cluster: a broker that ends since a log has failed answers those who wait for another of its partitions") {
  ClusterWorld cluster(brokers);
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(1));
    protocol::CreateTopicsRequest request;
    auto& wanted = request.topics.emplace_back();
    wanted.name = "t";
    wanted.num_partitions = brokers + 1;  // one of them leads two
    wanted.replication_factor = brokers;
    REQUIRE(client.call(request, 7).topics.at(0).error_code == ErrorCode::none);
    std::map<std::int32_t, std::vector<std::int32_t>> led;
    const auto metadata = metadata_of(client, {"t"});
    for (const auto& partition : metadata.topics.at(0).partitions) {
      led[partition.leader_id].push_back(partition.partition_index);
    }
    const auto two = std::ranges::find_if(led, [](const auto& entry) { return entry.second.size() > 1; });
    REQUIRE(two != led.end());
    const std::int32_t id = two->first;
    const std::int32_t failing = two->second.at(0);
    const std::int32_t other = two->second.at(1);
    REQUIRE(sleep_until(env.clock.now() + quiet).has_value());

    std::vector<sim::NodeId> others;
    for (std::int32_t broker = 1; broker <= brokers; ++broker) {
      if (broker != id) others.push_back(cluster.node(broker));
    }
    cluster.world.partition({cluster.node(id)}, others);
    constexpr std::int32_t patience_ms = 60'000;
    RawClient waiting(env, ClusterWorld::address(id));
    waiting.send(produce_request("t", other, batch_of({"x"}), -1, patience_ms), newest_produce);
    cluster.world.fail_next_sync(cluster.node(id), "t-" + std::to_string(failing) + "/");
    RawClient unlucky(env, ClusterWorld::address(id));
    REQUIRE(produce(unlucky, "t", failing, batch_of({"y"})).error_code == ErrorCode::kafka_storage_error);
    const Time failed = env.clock.now();
    REQUIRE(only(waiting.receive<protocol::ProduceResponse>(newest_produce)).error_code == ErrorCode::not_leader_or_follower);
    REQUIRE(env.clock.now() - failed < 10s);
  });
}

TEST_CASE("cluster: a default that is set for all brokers is in force on each of them, and one for a broker only there") {
  ClusterWorld cluster(brokers);
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(1));
    REQUIRE(create_replicated(client, "t") == ErrorCode::none);
    const auto set_default = [&](const std::string& broker, const std::string& key, const std::string& value) {
      protocol::IncrementalAlterConfigsRequest request;
      request.resources = {{broker_resource, broker, {{key, 0, value}}}};
      return client.call(request, 1).responses.at(0).error_code;
    };
    REQUIRE(described(client, topic_resource, "t", "retention.ms").config_source == 5);
    REQUIRE(set_default("", "log.retention.ms", "12345") == ErrorCode::none);
    REQUIRE(set_default("2", "log.retention.ms", "777") == ErrorCode::none);
    REQUIRE(set_default("", "listeners", "elsewhere:1") == ErrorCode::invalid_config);
    for (std::int32_t id = 1; id <= brokers; ++id) {
      RawClient each(env, ClusterWorld::address(id));
      const std::string expected = id == 2 ? "777" : "12345";
      const std::int8_t source = id == 2 ? 2 : 3;
      eventually(env, [&] { return described(each, topic_resource, "t", "retention.ms").value == expected; });
      REQUIRE(described(each, topic_resource, "t", "retention.ms").config_source == source);
      const auto of_broker = described(each, broker_resource, std::to_string(id), "log.retention.ms");
      REQUIRE(of_broker.value == expected);
      REQUIRE(of_broker.config_source == source);
      REQUIRE_FALSE(of_broker.read_only);
      REQUIRE(described(each, broker_resource, "", "log.retention.ms").value == "12345");
    }
    REQUIRE(set_config(client, "t", "retention.ms", "1") == ErrorCode::none);
    const auto of_topic = described(client, topic_resource, "t", "retention.ms");
    REQUIRE(of_topic.value == "1");
    REQUIRE(of_topic.config_source == 1);
    REQUIRE(of_topic.synonyms.size() == 3);
  });
}

TEST_CASE("cluster: a controller's port serves the controllers' APIs and closes the connection on the others") {
  ClusterWorld cluster(brokers);
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::controller_address(1));
    const auto versions = client.call(protocol::ApiVersionsRequest{"test", "1"}, 4);
    std::set<protocol::ApiKey> served;
    for (const auto& api : versions.api_keys) served.insert(api.api_key);
    REQUIRE(served.contains(protocol::ApiKey::alter_partition));
    REQUIRE_FALSE(served.contains(protocol::ApiKey::produce));
    protocol::AllRequests::each([&]<class Request>() {
      if (served.contains(Request::api_key)) return;
      RawClient other(env, ClusterWorld::controller_address(1));
      other.send(Request{}, protocol::api_info(Request::api_key).max_version);
      other.end();
    });
    protocol::DescribeClusterRequest describe;
    REQUIRE(client.call(describe, 2).error_code == ErrorCode::mismatched_endpoint_type);
    describe.endpoint_type = 2;
    const auto controllers = client.call(describe, 2);
    REQUIRE(controllers.error_code == ErrorCode::none);
    REQUIRE(controllers.brokers.size() == 3);
    REQUIRE(controllers.controller_id >= 1);
  });
}

TEST_CASE("cluster: a broker that waits for a decision of the controller is not fenced for it") {
  ClusterWorld cluster(brokers);
  cluster.as_client([&](Env& env) {
    RawClient any(env, ClusterWorld::address(1));
    const std::int32_t controller = metadata_of(any, {}).controller_id;
    RawClient waits(env, ClusterWorld::address(other_than(controller)));
    protocol::AddRaftVoterRequest request;
    request.timeout_ms = 20'000;
    request.voter_id = 9;  // nobody: the controller waits for it to come
    request.voter_directory_id = protocol::Uuid::of(9, 9);
    request.listeners = {{"CONTROLLER", "broker-9", 9093}};
    const Time begin = env.clock.now();
    waits.send(request, 0);
    RawClient watcher(env, ClusterWorld::address(controller));
    while (env.clock.now() - begin < 19s) {
      REQUIRE(metadata_of(watcher, {}).brokers.size() == brokers);
      REQUIRE(sleep_until(env.clock.now() + 500ms).has_value());
    }
    REQUIRE(waits.receive<protocol::AddRaftVoterResponse>(0).error_code != ErrorCode::none);
    REQUIRE(env.clock.now() - begin >= 19s);
  });
}

TEST_CASE("cluster: a broker whose quorum is lost refuses changes in time, still answers, and can be stopped") {
  ClusterWorld cluster(brokers);
  cluster.crash(2);
  cluster.crash(3);
  cluster.as_client([&](Env& env) {
    RawClient client(env, ClusterWorld::address(1));
    const Time begin = env.clock.now();
    protocol::CreateTopicsRequest request;
    request.timeout_ms = 3'000;
    auto& wanted = request.topics.emplace_back();
    wanted.name = "t";
    wanted.num_partitions = wanted.replication_factor = 1;
    const ErrorCode code = client.call(request, 7).topics.at(0).error_code;
    CAPTURE(to_string(code));
    REQUIRE((code == ErrorCode::request_timed_out || code == ErrorCode::not_controller));
    REQUIRE(env.clock.now() - begin < 5s);
    REQUIRE(metadata_of(client, {"t"}).topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
  });
  REQUIRE(cluster.stop(1, 30s).has_value());
}

}  // namespace faultline
