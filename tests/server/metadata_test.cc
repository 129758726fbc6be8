// What clients ask before and between: metadata, offsets, epochs, settings.
#include <algorithm>

#include "requests.h"

namespace faultline {
namespace {

constexpr std::int64_t latest = -1;
constexpr std::int64_t earliest = -2;
constexpr std::int64_t greatest_timestamp = -3;

std::vector<std::string> names_in(const protocol::MetadataResponse& response) {
  std::vector<std::string> names;
  for (const auto& topic : response.topics) names.push_back(topic.name.value_or(""));
  return names;
}

protocol::MetadataRequest about(const std::string& topic, bool may_create) {
  protocol::MetadataRequest request;
  request.topics = {{{}, topic}};
  request.allow_auto_topic_creation = may_create;
  return request;
}

protocol::OffsetForLeaderEpochResponse::Topic::Partition end_of_epoch(RawClient& client, std::int32_t current_epoch,
                                                                      std::int32_t epoch) {
  protocol::OffsetForLeaderEpochRequest request;
  request.topics = {{"t", {{0, current_epoch, epoch}}}};
  return client.call(request, 4).topics.at(0).partitions.at(0);
}

}  // namespace

TEST_CASE("metadata: version 0 asks for all topics with an empty list, later ones with null") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "b") == ErrorCode::none);
    REQUIRE(create_topic(client, "a", 3) == ErrorCode::none);
    const std::vector<std::string> both{"a", "b"};
    protocol::MetadataRequest none;
    none.topics.emplace();
    REQUIRE(names_in(client.call(none, 0)) == both);
    for (const Version version : {Version{1}, Version{4}, Version{12}}) {
      REQUIRE(names_in(client.call(none, version)).empty());
      REQUIRE(names_in(client.call(protocol::MetadataRequest{}, version)) == both);
    }
    const auto a = metadata_of(client, {"a"});
    REQUIRE(a.brokers.size() == 1);
    REQUIRE(a.brokers[0].host == "broker");
    REQUIRE(a.brokers[0].port == 9092);
    REQUIRE(a.controller_id == 1);
    REQUIRE(a.topics[0].partitions.size() == 3);
    for (const auto& partition : a.topics[0].partitions) {
      REQUIRE(partition.leader_id == 1);
      REQUIRE(partition.leader_epoch == 0);
      REQUIRE(partition.isr_nodes == std::vector<std::int32_t>{1});
    }
  });
}

TEST_CASE("metadata: a missing topic is created below version 4, later only if the client agrees") {
  BrokerConfig config = test_config();
  config.num_partitions = 2;
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(client.call(about("refused", false), 4).topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
    REQUIRE(client.call(about("agreed", true), 4).topics.at(0).partitions.size() == 2);
    REQUIRE(client.call(about("old", false), 3).topics.at(0).error_code == ErrorCode::none);
    REQUIRE(client.call(about("not/legal", true), 12).topics.at(0).error_code == ErrorCode::invalid_topic_exception);
    REQUIRE(names_in(client.call(protocol::MetadataRequest{}, 12)) == std::vector<std::string>{"agreed", "old"});
  });
}

TEST_CASE("metadata: with auto.create.topics.enable=false nothing is created") {
  BrokerConfig config = test_config();
  config.auto_create_topics_enable = false;
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    RawClient client(env);
    for (const Version version : {Version{1}, Version{12}}) {
      REQUIRE(client.call(about("t", true), version).topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
    }
    REQUIRE(names_in(client.call(protocol::MetadataRequest{}, 12)).empty());
  });
}

TEST_CASE("metadata: two clients that ask for a missing topic at once both get it") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient one(env);
    RawClient two(env);
    one.send(about("t", true), 12);
    two.send(about("t", true), 12);
    const auto first = one.receive<protocol::MetadataResponse>(12);
    const auto second = two.receive<protocol::MetadataResponse>(12);
    REQUIRE(first.topics.at(0).error_code == ErrorCode::none);
    REQUIRE(second.topics.at(0).error_code == ErrorCode::none);
    REQUIRE(first.topics.at(0).topic_id == second.topics.at(0).topic_id);
  });
}

TEST_CASE("offsets: latest, earliest, by time, and of the greatest timestamp") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    REQUIRE(list_offset(client, "t", latest).offset == 0);
    REQUIRE(list_offset(client, "t", greatest_timestamp).offset == -1);
    for (const std::int64_t timestamp : {1000, 3000, 2000}) {
      REQUIRE(produce(client, "t", 0, batch_of({"a", "b"}, timestamp)).error_code == ErrorCode::none);
    }
    REQUIRE(list_offset(client, "t", latest).offset == 6);
    REQUIRE(list_offset(client, "t", latest).leader_epoch == 0);
    REQUIRE(list_offset(client, "t", earliest).offset == 0);
    REQUIRE(list_offset(client, "t", 0).offset == 0);
    REQUIRE(list_offset(client, "t", 1001).offset == 2);
    REQUIRE(list_offset(client, "t", 1001).timestamp == 3000);
    REQUIRE(list_offset(client, "t", 3001).offset == -1);
    REQUIRE(list_offset(client, "t", greatest_timestamp).offset == 2);
    REQUIRE(list_offset(client, "t", greatest_timestamp, -1, 6).error_code == ErrorCode::unsupported_version);
    REQUIRE(list_offset(client, "t", -4, -1, 8).offset == 0);
    REQUIRE(list_offset(client, "t", -4, -1, 7).error_code == ErrorCode::unsupported_version);
    REQUIRE(delete_records(client, "t", 3).low_watermark == 3);
    REQUIRE(list_offset(client, "t", earliest).offset == 3);
    REQUIRE(list_offset(client, "t", 0).offset == 3);
  });
}

TEST_CASE("epochs: each start leads in a later one, and tells where the older ones ended") {
  BrokerWorld broker;
  const auto epoch_now = [](RawClient& client) { return metadata_of(client, {"t"}).topics.at(0).partitions.at(0).leader_epoch; };
  std::int32_t second = 0;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    REQUIRE(epoch_now(client) == 0);
    for (int i = 0; i < 3; ++i) REQUIRE(produce(client, "t", 0, batch_of({"x"})).error_code == ErrorCode::none);
  });
  REQUIRE(broker.stop().has_value());
  broker.start();
  broker.as_client([&](Env& env) {
    RawClient client(env);
    second = epoch_now(client);
    REQUIRE(second > 0);
    REQUIRE(produce(client, "t", 0, batch_of({"y"})).base_offset == 3);
  });
  broker.crash_and_restart();
  broker.as_client([&](Env& env) {
    RawClient client(env);
    const std::int32_t third = epoch_now(client);
    REQUIRE(third > second);
    REQUIRE(end_of_epoch(client, -1, 0).end_offset == 3);
    REQUIRE(end_of_epoch(client, third, second).end_offset == 4);
    REQUIRE(end_of_epoch(client, third, second).leader_epoch == second);
    REQUIRE(end_of_epoch(client, third, third).end_offset == 4);
    REQUIRE(end_of_epoch(client, third, third + 1).end_offset == -1);
  });
}

TEST_CASE("epochs: a client that is behind or ahead of the leader's epoch is told so") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
  });
  broker.crash_and_restart();
  broker.as_client([&](Env& env) {
    RawClient client(env);
    const auto fetch_in = [&](std::int32_t epoch) {
      protocol::FetchRequest request = fetch_request("t", 0, 0, {.max_wait_ms = epoch == 2 ? 0 : 10'000});
      request.topics[0].partitions[0].current_leader_epoch = epoch;
      return only(client.call(request, fetch_by_name));
    };
    const Time begin = env.clock.now();
    REQUIRE(fetch_in(2).error_code == ErrorCode::none);
    REQUIRE(fetch_in(1).error_code == ErrorCode::fenced_leader_epoch);
    REQUIRE(fetch_in(1).current_leader.leader_epoch == 2);
    REQUIRE(fetch_in(3).error_code == ErrorCode::unknown_leader_epoch);
    REQUIRE(list_offset(client, "t", latest, 1).error_code == ErrorCode::fenced_leader_epoch);
    REQUIRE(list_offset(client, "t", latest, 2).error_code == ErrorCode::none);
    REQUIRE(list_offset(client, "t", latest, 3).error_code == ErrorCode::unknown_leader_epoch);
    REQUIRE(end_of_epoch(client, 1, 1).error_code == ErrorCode::fenced_leader_epoch);
    REQUIRE(end_of_epoch(client, 3, 1).error_code == ErrorCode::unknown_leader_epoch);
    REQUIRE(env.clock.now() - begin < 1s);
  });
}

TEST_CASE("configs: two clients that change different settings of a topic at once both have their way") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient one(env);
    RawClient two(env);
    REQUIRE(create_topic(one, "t") == ErrorCode::none);
    const auto setting = [](const std::string& key, const std::string& value) {
      protocol::IncrementalAlterConfigsRequest request;
      request.resources = {{2, "t", {{key, 0, value}}}};
      return request;
    };
    one.send(setting("retention.ms", "1000"), 1);
    two.send(setting("retention.bytes", "5000"), 1);
    REQUIRE(one.receive<protocol::IncrementalAlterConfigsResponse>(1).responses.at(0).error_code == ErrorCode::none);
    REQUIRE(two.receive<protocol::IncrementalAlterConfigsResponse>(1).responses.at(0).error_code == ErrorCode::none);
    REQUIRE(config_of(one, "t", "retention.ms") == "1000");
    REQUIRE(config_of(one, "t", "retention.bytes") == "5000");
  });
}

TEST_CASE("configs: an unknown key or a bad value changes nothing") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 1, {{"retention.ms", "1000"}}) == ErrorCode::none);
    REQUIRE(set_config(client, "t", "retention.msec", "1") == ErrorCode::invalid_config);
    REQUIRE(set_config(client, "t", "retention.ms", "soon") == ErrorCode::invalid_config);
    REQUIRE(set_config(client, "missing", "retention.ms", "1") == ErrorCode::unknown_topic_or_partition);
    REQUIRE(config_of(client, "t", "retention.ms") == "1000");
    REQUIRE(create_topic(client, "u", 1, {{"retention.msec", "1000"}}) == ErrorCode::invalid_config);
    REQUIRE(metadata_of(client, {"u"}).topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
  });
}

TEST_CASE("topics: one that a request names twice is refused once, INVALID_REQUEST, and left alone; the others are served") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    using Codes = std::vector<std::pair<std::string, ErrorCode>>;
    const Codes expected{{"twice", ErrorCode::invalid_request}, {"once", ErrorCode::none}};
    const auto exists = [&](const std::string& topic) {
      return metadata_of(client, {topic}).topics.at(0).error_code == ErrorCode::none;
    };

    protocol::CreateTopicsRequest create;
    for (const char* name : {"twice", "once", "twice"}) create.topics.emplace_back().name = name;
    for (auto& topic : create.topics) topic.num_partitions = topic.replication_factor = 1;
    Codes codes;
    for (const auto& topic : client.call(create, 7).topics) codes.emplace_back(topic.name, topic.error_code);
    REQUIRE(codes == expected);
    REQUIRE(exists("once"));
    REQUIRE_FALSE(exists("twice"));

    REQUIRE(create_topic(client, "twice") == ErrorCode::none);
    protocol::CreatePartitionsRequest grow;
    for (const char* name : {"twice", "once", "twice"}) grow.topics.emplace_back().name = name;
    for (auto& topic : grow.topics) topic.count = 3;
    grow.timeout_ms = 30'000;
    codes.clear();
    for (const auto& topic : client.call(grow, 3).results) codes.emplace_back(topic.name, topic.error_code);
    REQUIRE(codes == expected);
    REQUIRE(metadata_of(client, {"once"}).topics.at(0).partitions.size() == 3);
    REQUIRE(metadata_of(client, {"twice"}).topics.at(0).partitions.size() == 1);

    protocol::DeleteTopicsRequest remove;
    remove.topic_names = {"twice", "once", "twice"};
    remove.timeout_ms = 30'000;
    codes.clear();
    for (const auto& topic : client.call(remove, 5).responses) codes.emplace_back(*topic.name, topic.error_code);
    REQUIRE(codes == expected);
    REQUIRE_FALSE(exists("once"));
    REQUIRE(exists("twice"));
  });
}

}  // namespace faultline
