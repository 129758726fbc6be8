// Idempotent producers from outside: ids, duplicates, sequences and epochs, through restarts and power loss.
#include <set>

#include "requests.h"

namespace faultline {
namespace {

Slice numbered(const std::vector<std::string>& values, std::int64_t producer_id, std::int16_t epoch, std::int32_t sequence) {
  protocol::BatchOptions options;
  options.producer_id = producer_id;
  options.producer_epoch = epoch;
  options.base_sequence = sequence;
  return batch_of(values, 1'700'000'000'000, options);
}

std::int64_t new_producer_id(RawClient& client) {
  const protocol::InitProducerIdResponse answer = client.call(protocol::InitProducerIdRequest{}, 4);
  REQUIRE(answer.error_code == ErrorCode::none);
  REQUIRE(answer.producer_epoch == 0);
  return answer.producer_id;
}

}  // namespace

TEST_CASE("producer ids: none is given twice, by one broker after the other on a directory") {
  BrokerWorld broker;
  std::set<std::int64_t> ids;
  for (int incarnation = 0; incarnation < 3; ++incarnation) {
    broker.as_client([&](Env& env) {
      RawClient client(env);
      // More than a block.
      for (int i = 0; i < 1100; ++i) REQUIRE(ids.insert(new_producer_id(client)).second);
    });
    broker.crash_and_restart();
  }
}

TEST_CASE("producer ids: transactions are refused") {
  BrokerWorld broker;
  broker.as_client([](Env& env) {
    RawClient client(env);
    protocol::InitProducerIdRequest request;
    request.transactional_id = "payments";
    REQUIRE(client.call(request, 4).error_code == ErrorCode::transactional_id_authorization_failed);
    request.transactional_id = "";
    REQUIRE(client.call(request, 4).error_code == ErrorCode::invalid_request);
  });
}

TEST_CASE("produce: a batch that comes again is answered like the first time and is in the log once, also after a power loss") {
  BrokerWorld broker;
  std::int64_t id = -1;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    id = new_producer_id(client);
    REQUIRE(produce(client, "t", 0, batch_of({"other"})).base_offset == 0);
    REQUIRE(produce(client, "t", 0, numbered({"a", "b"}, id, 0, 0)).base_offset == 1);
    REQUIRE(produce(client, "t", 0, numbered({"c"}, id, 0, 2)).base_offset == 3);
    REQUIRE(produce(client, "t", 0, numbered({"a", "b"}, id, 0, 0)).base_offset == 1);
  });
  const bool power_loss = GENERATE(true, false);
  if (power_loss) {
    broker.crash_and_restart();
  } else {
    REQUIRE(broker.stop().has_value());
    broker.start();
  }
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(produce(client, "t", 0, numbered({"c"}, id, 0, 2)).base_offset == 3);
    REQUIRE(produce(client, "t", 0, numbered({"a", "b"}, id, 0, 0)).base_offset == 1);
    REQUIRE(produce(client, "t", 0, numbered({"d"}, id, 0, 3)).base_offset == 4);
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) ==
            std::vector<std::string>{"other", "a", "b", "c", "d"});
  });
}

TEST_CASE("produce: a gap is OUT_OF_ORDER_SEQUENCE_NUMBER, an old epoch INVALID_PRODUCER_EPOCH, and nothing is appended") {
  BrokerWorld broker;
  broker.as_client([](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    const std::int64_t id = new_producer_id(client);
    REQUIRE(produce(client, "t", 0, numbered({"a"}, id, 0, 0)).error_code == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, numbered({"c"}, id, 0, 2)).error_code == ErrorCode::out_of_order_sequence_number);
    REQUIRE(produce(client, "t", 0, numbered({"b"}, id, 1, 0)).error_code == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, numbered({"b"}, id, 0, 1)).error_code == ErrorCode::invalid_producer_epoch);
    REQUIRE(produce(client, "t", 0, numbered({"x"}, id, -1, 0)).error_code == ErrorCode::invalid_record);
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == std::vector<std::string>{"a", "b"});
  });
}

TEST_CASE("produce: a duplicate is not acknowledged before its original is safe") {
  const bool early = GENERATE(false, true);
  BrokerConfig config = test_config();
  if (early) config.exhibits.insert(Exhibit::duplicate_acknowledged_early);
  BrokerWorld broker(config);
  broker.as_client([&](Env& env) {
    RawClient first(env);
    RawClient second(env);
    REQUIRE(create_topic(first, "t") == ErrorCode::none);
    const std::int64_t id = new_producer_id(first);
    broker.world.disk(broker.broker).sync_time = {500ms, 0ms, 500ms};
    const Time begin = env.clock.now();
    first.send(produce_request("t", 0, numbered({"a"}, id, 0, 0)), newest_produce);
    REQUIRE(sleep_until(begin + 100ms).has_value());
    REQUIRE(produce(second, "t", 0, numbered({"a"}, id, 0, 0)).base_offset == 0);
    REQUIRE((env.clock.now() - begin < 500ms) == early);
  });
}

TEST_CASE("produce: a duplicate tells the append time of its original") {
  BrokerWorld broker;
  broker.as_client([](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 1, {{"message.timestamp.type", "LogAppendTime"}}) == ErrorCode::none);
    const std::int64_t id = new_producer_id(client);
    const auto original = produce(client, "t", 0, numbered({"a"}, id, 0, 0));
    REQUIRE(original.log_append_time_ms > 0);
    REQUIRE(sleep_until(env.clock.now() + 5s).has_value());
    REQUIRE(produce(client, "t", 0, numbered({"a"}, id, 0, 0)).log_append_time_ms == original.log_append_time_ms);
  });
}

TEST_CASE("produce: producers that have been idle for producer.id.expiration.ms are forgotten") {
  BrokerConfig config = test_config();
  config.producer_id_expiration_ms = 10'000;
  config.log_retention_check_interval_ms = 1'000;
  BrokerWorld broker(config);
  broker.as_client([](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    const std::int64_t id = new_producer_id(client);
    REQUIRE(produce(client, "t", 0, numbered({"a"}, id, 0, 0)).error_code == ErrorCode::none);
    REQUIRE(sleep_until(env.clock.now() + 5s).has_value());
    REQUIRE(produce(client, "t", 0, numbered({"x"}, id, 0, 7)).error_code == ErrorCode::out_of_order_sequence_number);
    REQUIRE(sleep_until(env.clock.now() + 10s).has_value());
    REQUIRE(produce(client, "t", 0, numbered({"b"}, id, 0, 7)).error_code == ErrorCode::none);
  });
}

}  // namespace faultline
