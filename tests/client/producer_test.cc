// The producer against brokers that drop, delay, refuse and lie: what is reported, in which order records land, how often.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "producer_trial.h"

using namespace faultline;
using namespace faultline::client;
using protocol::ApiKey;
using protocol::ErrorCode;
using Kind = Reaction::Kind;

TEST_CASE("producer: an acknowledged record is where the acknowledgement says") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 3);
  simulated.run([&](Env& env) {
    Producer producer(env, simulated.producer_config());
    for (std::int64_t i = 0; i < 3; ++i) {
      const Acknowledgement acknowledgement = need(producer.send_and_wait(record("orders", std::to_string(i), 2)));
      CHECK(acknowledgement.partition == TopicPartition{"orders", 2});
      CHECK(acknowledgement.offset == i);
      CHECK(acknowledgement.timestamp_ms >= 1'700'000'000'000);
      CHECK(acknowledgement.attempts == 1);
      CHECK_FALSE(acknowledgement.maybe_duplicated);
    }
  });
  CHECK(simulated.cluster.values({"orders", 2}) == "012");
}

TEST_CASE("producer: lingering fills a batch, and the records of a batch get consecutive offsets") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    config.linger = 50ms;
    Producer producer(env, config);
    std::vector<Delivery> deliveries;
    for (int i = 0; i < 10; ++i) deliveries.push_back(need(producer.send(record("orders", std::to_string(i)))));
    CHECK_FALSE(deliveries.front().done());
    for (std::size_t i = 0; i < deliveries.size(); ++i) CHECK(need(deliveries[i].wait()).offset == static_cast<std::int64_t>(i));
  });
  CHECK(simulated.cluster.at(orders).batches.size() == 1);
}

TEST_CASE("producer: a full batch does not linger, flush ends lingering") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 2);
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    config.linger = 10s;
    config.batch_bytes = 1000;
    Producer producer(env, config);
    const Time start = env.clock.now();
    const Delivery full = need(producer.send(record("orders", std::string(1000, 'x'), 0)));
    const Delivery lone = need(producer.send(record("orders", "y", 1)));
    need(full.wait());
    CHECK_FALSE(lone.done());
    need(producer.flush(no_deadline));
    CHECK(lone.done());
    CHECK(env.clock.now() - start < 1s);
  });
}

TEST_CASE("producer: an answer that vanished is retried, the record is there twice, and the acknowledgement says it may be") {
  for (const Reaction& reaction :
       {Reaction{.kind = Kind::serve_and_close}, Reaction{.kind = Kind::cut_answer}, Reaction{.kind = Kind::never_answer},
        Reaction{.kind = Kind::wrong_correlation},
        Reaction{.kind = Kind::serve_and_refuse, .code = ErrorCode::not_enough_replicas_after_append}}) {
    INFO("reaction " << static_cast<int>(reaction.kind));
    Simulated simulated;
    const Acknowledgement acknowledgement = need(send_one(simulated, {reaction}));
    CHECK(acknowledgement.offset == 1);
    CHECK(acknowledgement.attempts == 2);
    CHECK(acknowledgement.maybe_duplicated);
    CHECK(simulated.cluster.values(orders) == "xx");
  }
}

TEST_CASE("producer: a refusal before the append is retried without suspicion") {
  Simulated simulated;
  const Acknowledgement acknowledgement =
      need(send_one(simulated, {refuse(ErrorCode::not_enough_replicas), refuse(ErrorCode::not_enough_replicas)}));
  CHECK(acknowledgement.attempts == 3);
  CHECK_FALSE(acknowledgement.maybe_duplicated);
  CHECK(simulated.cluster.values(orders) == "x");
}

TEST_CASE("producer: a final refusal is definite, unless an earlier attempt vanished") {
  SECTION("alone") {
    Simulated simulated;
    const auto result = send_one(simulated, {refuse(ErrorCode::message_too_large)});
    CHECK(result.error().code == ErrorCode::message_too_large);
    CHECK(result.error().definite);
  }
  SECTION("after a vanished answer") {
    Simulated simulated;
    const auto result = send_one(simulated, {{.kind = Kind::serve_and_close}, refuse(ErrorCode::message_too_large)});
    CHECK(result.error().code == ErrorCode::message_too_large);
    CHECK_FALSE(result.error().definite);
  }
}

TEST_CASE("producer: with no retries a vanished answer is an unknown outcome, and nothing is written twice") {
  Simulated simulated;
  const auto result = send_one(simulated, {{.kind = Kind::serve_and_close}}, [](ProducerConfig& config) { config.retries = 0; });
  REQUIRE_FALSE(result.has_value());
  CHECK_FALSE(result.error().definite);
  CHECK(simulated.cluster.values(orders) == "x");
}

TEST_CASE("producer: delivery.timeout.ms ends it, definite if every attempt was refused") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  bool may_have_happened = false;
  simulated.cluster.script = [&](std::int32_t, const protocol::RequestHeader& request, int) {
    if (request.api_key != ApiKey::produce) return Reaction{};
    return refuse(may_have_happened ? ErrorCode::request_timed_out : ErrorCode::not_enough_replicas);
  };
  simulated.run([&](Env& env) {
    Producer producer(env, simulated.producer_config());
    for (const bool unknown : {false, true}) {
      may_have_happened = unknown;
      const Time start = env.clock.now();
      const auto result = producer.send_and_wait(record("orders", "x"));
      REQUIRE_FALSE(result.has_value());
      CHECK(result.error().definite == !unknown);
      CHECK(env.clock.now() - start <= 20s);
      CHECK(env.clock.now() - start > 18s);
    }
  });
}

TEST_CASE("producer: records of a partition land in the order of sending, whatever happens to the requests") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Simulated simulated(2, seed);
    simulated.cluster.add_topic("orders", 2);
    simulated.cluster.at({"orders", 1}).leader = 2;
    RandomStream dice = RandomSource(seed).stream("dice");
    simulated.cluster.script = [&](std::int32_t, const protocol::RequestHeader& request, int nth) {
      if (request.api_key != ApiKey::produce || nth > 60) return Reaction{};
      const std::uint64_t drawn = dice.below(6);
      if (drawn == 0) return Reaction{.kind = Kind::close};
      if (drawn == 1) return refuse(ErrorCode::not_enough_replicas);
      if (drawn == 2) return Reaction{.delay = 50ms};
      return Reaction{};
    };
    simulated.run([&](Env& env) {
      ProducerConfig config = simulated.producer_config();
      config.batch_bytes = 100;
      Producer producer(env, config);
      std::string expected;
      for (int i = 0; i < 52; ++i) {
        const char value = static_cast<char>((i < 26 ? 'a' : 'A' - 26) + i);
        expected += value;
        for (const std::int32_t partition : {0, 1}) need(producer.send(record("orders", std::string(1, value), partition)));
      }
      need(producer.flush(no_deadline));
      // `close` never carries a request out, so nothing may be doubled here.
      for (const std::int32_t partition : {0, 1}) CHECK(simulated.cluster.values({"orders", partition}) == expected);
    });
  }
}

TEST_CASE("producer: when the leader moves the next attempt goes to the new one") {
  Simulated simulated(2);
  simulated.cluster.add_topic("orders", 1);
  simulated.run([&](Env& env) {
    Producer producer(env, simulated.producer_config());
    need(producer.send_and_wait(record("orders", "a")));
    FakePartition& partition = simulated.cluster.at(orders);
    partition.leader = 2;
    ++partition.epoch;
    const Acknowledgement moved = need(producer.send_and_wait(record("orders", "b")));
    CHECK(moved.offset == 1);
    CHECK(moved.attempts == 2);
    CHECK(moved.maybe_duplicated);  // the old leader may have appended before it resigned
  });
}

TEST_CASE("producer: a broker that is away for a while costs time, not records, and no suspicion") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.run([&](Env& env) {
    Producer producer(env, simulated.producer_config());
    simulated.world.kill(simulated.broker_node);
    simulated.world.restart(simulated.broker_node, 3s);
    const Acknowledgement acknowledgement = need(producer.send_and_wait(record("orders", "a")));
    CHECK_FALSE(acknowledgement.maybe_duplicated);
    CHECK(simulated.cluster.values(orders) == "a");
  });
}

TEST_CASE("producer: acks=0 is done when it is written, without an offset") {
  Simulated simulated;
  const Acknowledgement acknowledgement = need(send_one(simulated, {}, [](ProducerConfig& config) { config.acks = 0; }));
  CHECK(acknowledgement.offset == -1);
  CHECK(simulated.cluster.values(orders) == "x");
}

TEST_CASE("producer: a full buffer holds senders back until records are settled, or block_max has passed") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.script = FakeCluster::on(ApiKey::produce, {{.delay = 1s}, {.kind = Kind::never_answer}});
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    config.request_bytes_max = 1000;
    config.buffer_bytes = 1000;
    config.block_max = 1500ms;
    Producer producer(env, config);
    const Time start = env.clock.now();
    need(producer.send(record("orders", std::string(900, 'a'))));
    need(producer.send(record("orders", std::string(900, 'b'))));
    CHECK(env.clock.now() - start >= 1s);
    const auto refused = producer.send(record("orders", std::string(900, 'c')));
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().transport == Errc::resource_exhausted);
    CHECK(refused.error().definite);
  });
}

TEST_CASE("producer: what cannot be sent is refused at once") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.run([&](Env& env) {
    Producer producer(env, simulated.producer_config());
    CHECK(producer.send(record("orders", std::string(2 << 20, 'x'))).error().code == ErrorCode::message_too_large);
    CHECK(producer.send(record("orders", "x", 1)).error().code == ErrorCode::unknown_topic_or_partition);
    CHECK(producer.send(record("nowhere", "x")).error().code == ErrorCode::unknown_topic_or_partition);
    need(producer.close(no_deadline));
    CHECK(producer.send(record("orders", "x")).error().transport == Errc::closed);
  });
}

TEST_CASE("producer: closing gives up what is on its way, with an unknown outcome, and what is not, for certain") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.script = FakeCluster::on(ApiKey::produce, {{.kind = Kind::never_answer}});
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    config.batch_bytes = 1;
    Producer producer(env, config);
    const Delivery sent = need(producer.send(record("orders", "a")));
    const Delivery waiting = need(producer.send(record("orders", "b")));
    CHECK(producer.close(env.clock.now() + 100ms).error().transport == Errc::timed_out);
    REQUIRE(sent.done());
    CHECK_FALSE(sent.result().error().definite);
    REQUIRE(waiting.done());
    CHECK(waiting.result().error().definite);
  });
}

TEST_CASE("producer: records with a key go where Java's client puts them, those without to one partition a batch") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 10);
  simulated.run([&](Env& env) {
    Producer producer(env, simulated.producer_config());
    ProducerRecord keyed = record("orders", "x", std::nullopt);
    keyed.key = Slice::copy_of("foobar");
    // Kafka's own test vector: murmur2("foobar") is -790332482, whose lower 31 bits are 1357151166.
    CHECK(need(producer.send_and_wait(keyed)).partition.partition == 1357151166 % 10);
    const std::int32_t first = need(producer.send_and_wait(record("orders", "a", std::nullopt))).partition.partition;
    CHECK(need(producer.send_and_wait(record("orders", "b", std::nullopt))).partition.partition == first);
  });
}

TEST_CASE("producer: a crash of its node in the middle of everything leaves nothing behind") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Simulated simulated(2, seed);
    simulated.cluster.add_topic("orders", 4);
    const sim::NodeId node = simulated.world.add_node("producer", {"producer"}, [&](Env& env) {
      Producer producer(env, simulated.producer_config());
      for (int i = 0; i < 100000; ++i) static_cast<void>(producer.send(record("orders", "x", i % 4)));
    });
    simulated.world.run_for(Duration(20ms) + Duration(1ms) * static_cast<std::int64_t>(seed * 7));
    simulated.world.crash(node);
    simulated.world.run_for(1s);
    CHECK_FALSE(simulated.world.is_running(node));
  }
}
