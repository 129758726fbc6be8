// Fetch: what it waits for, how much it returns, and what it refuses.
#include "requests.h"

namespace faultline {
namespace {

constexpr std::size_t value_bytes = 1000;
std::string big(char letter) { return std::string(value_bytes, letter); }

}  // namespace

TEST_CASE("fetch: a long poll returns when data arrives, not before and not much after") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient reader(env);
    RawClient writer(env);
    REQUIRE(create_topic(writer, "t") == ErrorCode::none);
    const Time begin = env.clock.now();
    reader.send(fetch_request("t", 0, 0, {.max_wait_ms = 10'000}), fetch_by_name);
    REQUIRE(sleep_until(begin + 3s).has_value());
    REQUIRE(produce(writer, "t", 0, batch_of({"x"})).error_code == ErrorCode::none);
    REQUIRE(values_of(reader.receive<protocol::FetchResponse>(fetch_by_name)) == std::vector<std::string>{"x"});
    REQUIRE(env.clock.now() - begin >= 3s);
    REQUIRE(env.clock.now() - begin < 3s + 100ms);
  });
}

TEST_CASE("fetch: without data a long poll returns empty after max_wait") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    const Time begin = env.clock.now();
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0, {.max_wait_ms = 700}), fetch_by_name)).empty());
    REQUIRE(env.clock.now() - begin >= 700ms);
    REQUIRE(env.clock.now() - begin < 800ms);
  });
}

TEST_CASE("fetch: min_bytes are waited for, and never more than max_bytes of them") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient reader(env);
    RawClient writer(env);
    REQUIRE(create_topic(writer, "t") == ErrorCode::none);
    const Time begin = env.clock.now();
    reader.send(fetch_request("t", 0, 0, {.max_wait_ms = 10'000, .min_bytes = 2000}), fetch_by_name);
    REQUIRE(produce(writer, "t", 0, batch_of({big('a')})).error_code == ErrorCode::none);
    REQUIRE(sleep_until(begin + 2s).has_value());
    REQUIRE(produce(writer, "t", 0, batch_of({big('b')})).error_code == ErrorCode::none);
    REQUIRE(values_of(reader.receive<protocol::FetchResponse>(fetch_by_name)).size() == 2);
    REQUIRE(env.clock.now() - begin >= 2s);
    REQUIRE(env.clock.now() - begin < 3s);

    const Time again = env.clock.now();
    reader.call(fetch_request("t", 0, 0, {.max_wait_ms = 10'000, .min_bytes = 1 << 20, .max_bytes = 1500}), fetch_by_name);
    REQUIRE(env.clock.now() - again < 1s);
  });
}

TEST_CASE("fetch: partition_max_bytes and max_bytes end an answer at a whole batch") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 2) == ErrorCode::none);
    for (const char letter : {'a', 'b', 'c'}) {
      REQUIRE(produce(client, "t", 0, batch_of({big(letter)})).error_code == ErrorCode::none);
      REQUIRE(produce(client, "t", 1, batch_of({big(letter)})).error_code == ErrorCode::none);
    }
    const auto two = client.call(fetch_request("t", 0, 0, {.partition_max_bytes = 2500}), fetch_by_name);
    REQUIRE(values_of(two) == std::vector<std::string>{big('a'), big('b')});
    protocol::FetchRequest both = fetch_request("t", 0, 0, {.max_bytes = 4500});
    both.topics[0].partitions.push_back(at_offset(1, 0));
    const auto answers = client.call(both, fetch_by_name).responses.at(0).partitions;
    REQUIRE(values_of(answers.at(0).records).size() == 3);
    REQUIRE(values_of(answers.at(1).records).size() == 1);
  });
}

TEST_CASE("fetch: a first batch above all limits is returned, of the first partition that has one and only there") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 3) == ErrorCode::none);
    for (const std::int32_t partition : {1, 2}) {
      REQUIRE(produce(client, "t", partition, batch_of({big('x')})).error_code == ErrorCode::none);
    }
    const FetchLimits small{.max_bytes = 10, .partition_max_bytes = 10};
    protocol::FetchRequest request = fetch_request("t", 0, 0, small);
    request.topics[0].partitions.push_back(at_offset(1, 0, small));
    request.topics[0].partitions.push_back(at_offset(2, 0, small));
    const auto answers = client.call(request, fetch_by_name).responses.at(0).partitions;
    REQUIRE(answers.at(0).records.empty());
    REQUIRE(values_of(answers.at(1).records).size() == 1);
    REQUIRE(answers.at(2).records.empty());
    REQUIRE(answers.at(2).high_watermark == 1);
  });
}

TEST_CASE("fetch: an offset inside a batch gets the whole batch") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({"a", "b", "c"})).error_code == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({"d"})).error_code == ErrorCode::none);
    REQUIRE(values_of(client.call(fetch_request("t", 0, 2), fetch_by_name)) == std::vector<std::string>{"a", "b", "c", "d"});
  });
}

TEST_CASE("fetch: above the watermark and up to the log end there is nothing yet, which is no error") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient writer(env);
    RawClient reader(env);
    REQUIRE(create_topic(writer, "t") == ErrorCode::none);
    broker.world.disk(broker.broker).sync_time = {2s, 0ms, 2s};
    writer.send(produce_request("t", 0, batch_of({"a", "b", "c"})), newest_produce);
    REQUIRE(sleep_until(env.clock.now() + 500ms).has_value());
    for (const std::int64_t offset : {1, 3}) {
      const auto answer = only(reader.call(fetch_request("t", 0, offset), fetch_by_name));
      REQUIRE(answer.error_code == ErrorCode::none);
      REQUIRE(answer.high_watermark == 0);
      REQUIRE(answer.records.empty());
    }
    REQUIRE(only(reader.call(fetch_request("t", 0, 4), fetch_by_name)).error_code == ErrorCode::offset_out_of_range);
  });
}

TEST_CASE("fetch: an offset that is not in the log is refused at once, at either end") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    for (int i = 0; i < 3; ++i) REQUIRE(produce(client, "t", 0, batch_of({"x"})).base_offset == i);
    REQUIRE(delete_records(client, "t", 2).low_watermark == 2);
    for (const std::int64_t offset : {-1, 1, 4}) {
      const Time begin = env.clock.now();
      const auto answer = only(client.call(fetch_request("t", 0, offset, {.max_wait_ms = 10'000}), fetch_by_name));
      REQUIRE(answer.error_code == ErrorCode::offset_out_of_range);
      REQUIRE(answer.high_watermark == -1);
      REQUIRE(env.clock.now() - begin < 1s);
    }
  });
}

TEST_CASE("fetch: from version 13 on topics go by id, and an unknown id is refused") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({"x"})).error_code == ErrorCode::none);
    protocol::FetchRequest request = fetch_request("", 0, 0, {.max_wait_ms = 10'000});
    request.topics[0].topic_id = metadata_of(client, {"t"}).topics.at(0).topic_id;
    const auto found = client.call(request, fetch_by_id);
    REQUIRE(values_of(found) == std::vector<std::string>{"x"});
    REQUIRE(found.responses[0].topic_id == request.topics[0].topic_id);
    request.topics[0].topic_id = protocol::Uuid::of(1, 2);
    const Time begin = env.clock.now();
    REQUIRE(only(client.call(request, fetch_by_id)).error_code == ErrorCode::unknown_topic_id);
    REQUIRE(env.clock.now() - begin < 1s);
  });
}

TEST_CASE("fetch: deleting the topic ends a long poll on it") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient reader(env);
    RawClient admin(env);
    REQUIRE(create_topic(admin, "t") == ErrorCode::none);
    const Time begin = env.clock.now();
    reader.send(fetch_request("t", 0, 0, {.max_wait_ms = 600'000}), fetch_by_name);
    REQUIRE(sleep_until(begin + 1s).has_value());
    REQUIRE(delete_topic(admin, "t") == ErrorCode::none);
    REQUIRE(only(reader.receive<protocol::FetchResponse>(fetch_by_name)).error_code == ErrorCode::not_leader_or_follower);
    REQUIRE(env.clock.now() - begin < 2s);
  });
}

TEST_CASE("fetch: fetch sessions are declined, which every client accepts") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    protocol::FetchRequest request = fetch_request("t", 0, 0);
    request.session_epoch = 0;
    REQUIRE(client.call(request, fetch_by_name).session_id == 0);
    request.session_id = 7;
    request.session_epoch = 1;
    REQUIRE(client.call(request, fetch_by_name).error_code == ErrorCode::fetch_session_id_not_found);
  });
}

TEST_CASE("fetch: a consumer that does not read its answer cannot keep the memory from others for longer than some seconds") {
  BrokerConfig config = test_config();
  config.socket_request_max_bytes = 1'100'000;
  config.topic_defaults.max_message_bytes = 1'000'000;
  config.queued_max_request_bytes = 1'100'000;
  config.fetch_max_bytes = 1'100'000;
  const FetchLimits all{.max_bytes = 1'100'000, .partition_max_bytes = 1'100'000};
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    RawClient slow(env);
    REQUIRE(create_topic(slow, "t") == ErrorCode::none);
    REQUIRE(produce(slow, "t", 0, batch_of({std::string(900'000, 'x')})).error_code == ErrorCode::none);
    const Time begin = env.clock.now();
    slow.send(fetch_request("t", 0, 0, all), fetch_by_name);
    // Nobody else wants anything: it may take its time.
    REQUIRE(sleep_until(begin + 60s).has_value());
    REQUIRE(broker.server().connection_count() == 1);
    RawClient other(env);
    REQUIRE(values_of(other.call(fetch_request("t", 0, 0, all), fetch_by_name)).size() == 1);
    REQUIRE(env.clock.now() - begin < 66s);
    REQUIRE(slow.end() == Errc::connection_reset);
  });
}

TEST_CASE("fetch: a consumer that reads slowly has its answer whole while nobody waits for the memory") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({std::string(100'000, 'x')})).error_code == ErrorCode::none);
    client.send(fetch_request("t", 0, 0), fetch_by_name);
    REQUIRE(sleep_until(env.clock.now() + 60s).has_value());
    REQUIRE(values_of(client.receive<protocol::FetchResponse>(fetch_by_name)).at(0).size() == 100'000);
  });
}

}  // namespace faultline
