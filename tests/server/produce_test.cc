// Produce: pipelining, acknowledgements, and what is refused with which error.
#include "requests.h"

namespace faultline {
namespace {

constexpr int batch_count = 20;

/// The virtual time that `batch_count` produce requests take on a disk whose syncs take 20 ms.
Duration time_of(const std::function<void(RawClient&)>& produce_all) {
  BrokerWorld broker;
  Duration taken{};
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    broker.world.disk(broker.broker).sync_time = {20ms, 0ms, 20ms};
    const Time begin = env.clock.now();
    produce_all(client);
    taken = env.clock.now() - begin;
  });
  return taken;
}

}  // namespace

TEST_CASE("produce: pipelined requests of a connection share syncs and are answered in order") {
  const Duration sequential = time_of([](RawClient& client) {
    for (int i = 0; i < batch_count; ++i) {
      REQUIRE(produce(client, "t", 0, batch_of({"x"})).base_offset == i);
    }
  });
  const Duration pipelined = time_of([](RawClient& client) {
    for (int i = 0; i < batch_count; ++i) client.send(produce_request("t", 0, batch_of({"x"})), newest_produce);
    for (int i = 0; i < batch_count; ++i) {
      const auto answer = only(client.receive<protocol::ProduceResponse>(newest_produce));
      REQUIRE(answer.error_code == ErrorCode::none);
      REQUIRE(answer.base_offset == i);
    }
  });
  REQUIRE(sequential >= batch_count * 20ms);
  // The first sync takes what was there when it began, the second nearly all of the rest.
  REQUIRE(pipelined <= 4 * 20ms);
}

TEST_CASE("produce: two partitions of one request are synced side by side and answered together") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 2) == ErrorCode::none);
    protocol::ProduceRequest request = produce_request("t", 0, batch_of({"a", "b"}));
    request.topic_data[0].partition_data.push_back({1, protocol::Records(batch_of({"c"}))});
    request.topic_data[0].partition_data.push_back({2, protocol::Records(batch_of({"d"}))});
    const auto answers = client.call(request, newest_produce).responses.at(0).partition_responses;
    REQUIRE(answers.size() == 3);
    REQUIRE(answers[0].error_code == ErrorCode::none);
    REQUIRE(answers[1].error_code == ErrorCode::none);
    REQUIRE(answers[2].error_code == ErrorCode::unknown_topic_or_partition);
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == std::vector<std::string>{"a", "b"});
    REQUIRE(values_of(client.call(fetch_request("t", 1, 0), fetch_by_name)) == std::vector<std::string>{"c"});
  });
}

TEST_CASE("produce: an acknowledgement is not given before the sync, and what has none is not read") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    RawClient reader(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    broker.world.disk(broker.broker).sync_time = {500ms, 0ms, 500ms};
    const Time begin = env.clock.now();
    client.send(produce_request("t", 0, batch_of({"x"}), 1), newest_produce);
    REQUIRE(sleep_until(begin + 300ms).has_value());
    REQUIRE(only(reader.call(fetch_request("t", 0, 0), fetch_by_name)).high_watermark == 0);
    REQUIRE(only(client.receive<protocol::ProduceResponse>(newest_produce)).error_code == ErrorCode::none);
    REQUIRE(env.clock.now() - begin >= 500ms);
    REQUIRE(only(reader.call(fetch_request("t", 0, 0), fetch_by_name)).high_watermark == 1);
  });
}

TEST_CASE("produce: a sync that takes longer than the request's timeout is answered REQUEST_TIMED_OUT") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    broker.world.disk(broker.broker).sync_time = {500ms, 0ms, 500ms};
    const auto answer = only(client.call(produce_request("t", 0, batch_of({"x"}), -1, 100), newest_produce));
    REQUIRE(answer.error_code == ErrorCode::request_timed_out);
  });
}

TEST_CASE("produce: acks other than -1, 0 and 1 are refused") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    for (const std::int16_t acks : {std::int16_t{2}, std::int16_t{-2}}) {
      REQUIRE(produce(client, "t", 0, batch_of({"x"}), acks).error_code == ErrorCode::invalid_required_acks);
    }
    REQUIRE(list_offset(client, "t", -1).offset == 0);
  });
}

TEST_CASE("produce: with acks=0 nothing is answered, and a failure closes the connection") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    client.send_unanswered(produce_request("t", 0, batch_of({"x"}), 0), newest_produce);
    REQUIRE(list_offset(client, "t", -2).offset == 0);
    REQUIRE(sleep_until(env.clock.now() + 1s).has_value());
    REQUIRE(list_offset(client, "t", -1).offset == 1);
    client.send_unanswered(produce_request("missing", 0, batch_of({"x"}), 0), newest_produce);
    client.end();
  });
}

TEST_CASE("produce: min.insync.replicas above the number of replicas asks for all of them, and not for more") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 1, {{"min.insync.replicas", "2"}}) == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({"x"}), -1).error_code == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({"x"}), 1).error_code == ErrorCode::none);
  });
}

TEST_CASE("produce: zstd from a client that is too old to know it is refused") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    const Slice batch = batch_of({"x"}, 1000, {.codec = protocol::Codec::zstd});
    REQUIRE(produce(client, "t", 0, batch, -1, 6).error_code == ErrorCode::unsupported_compression_type);
    REQUIRE(produce(client, "t", 0, batch, -1, 7).error_code == ErrorCode::none);
  });
}

TEST_CASE("produce: a damaged batch, a too large one and none at all are refused, and the log goes on") {
  BrokerConfig config = test_config();
  config.topic_defaults.max_message_bytes = 1000;
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    Slice damaged = batch_of({"x"});
    damaged.writable().back() ^= 1;
    REQUIRE(produce(client, "t", 0, damaged).error_code == ErrorCode::corrupt_message);
    REQUIRE(produce(client, "t", 0, batch_of({std::string(1000, 'x')})).error_code == ErrorCode::message_too_large);
    REQUIRE(produce(client, "t", 0, Slice()).error_code == ErrorCode::invalid_record);
    const std::vector<Slice> two{batch_of({"x"}), batch_of({"y"})};
    REQUIRE(produce(client, "t", 0, concatenate(two)).error_code == ErrorCode::invalid_record);
    REQUIRE(produce(client, "t", 0, batch_of({"fine"})).base_offset == 0);
  });
}

TEST_CASE("produce: LogAppendTime stamps the broker's time into the batch") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 1, {{"message.timestamp.type", "LogAppendTime"}}) == ErrorCode::none);
    const auto answer = produce(client, "t", 0, batch_of({"x"}, 5));
    REQUIRE(answer.log_append_time_ms >= 1'700'000'000'000);
    const auto records = only(client.call(fetch_request("t", 0, 0), fetch_by_name)).records;
    const auto batch = protocol::BatchView::parse(records.joined());
    REQUIRE(batch->max_timestamp() == answer.log_append_time_ms);
    REQUIRE(batch->crc_matches());
  });
}

}  // namespace faultline
