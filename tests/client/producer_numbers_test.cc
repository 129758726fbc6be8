// How an idempotent producer numbers its batches, seen in the logs of brokers that drop, refuse and forget (producer_numbers.cc).
#include <array>
#include <catch2/catch.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "producer_trial.h"

using namespace faultline;
using namespace faultline::client;
using protocol::ApiKey;
using protocol::ErrorCode;
using Kind = Reaction::Kind;

namespace {

/// (producer id, epoch, first sequence) of each batch in the log.
using Numbers = std::vector<std::array<std::int64_t, 3>>;

Numbers numbers(FakeCluster& cluster, const TopicPartition& partition) {
  Numbers found;
  for (const Slice& bytes : cluster.at(partition).batches) {
    const protocol::BatchView batch = *protocol::BatchView::parse(bytes);
    found.push_back({batch.producer_id(), batch.producer_epoch(), batch.base_sequence()});
  }
  return found;
}

void idempotent(ProducerConfig& config) { config.idempotence.reset(); }

/// Runs `body` with an idempotent producer, while its requests meet `reactions`.
void with_producer(Simulated& simulated, std::vector<Reaction> reactions, const std::function<void(Env&, Producer&)>& body) {
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.script = FakeCluster::on(ApiKey::produce, std::move(reactions));
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    idempotent(config);
    Producer producer(env, config);
    body(env, producer);
  });
}

/// A producer whose batches hold one record each, so that they go without waiting for one another.
ProducerConfig one_a_batch(const Simulated& simulated) {
  ProducerConfig config = simulated.producer_config();
  idempotent(config);
  config.batch_bytes = 1;
  return config;
}

/// Sends each letter of `values` as a batch of its own, all at once.
std::vector<Delivery> send_letters(Producer& producer, std::string_view values) {
  std::vector<Delivery> deliveries;
  for (const char value : values) deliveries.push_back(need(producer.send(record("orders", std::string(1, value)))));
  return deliveries;
}

}  // namespace

TEST_CASE("producer: idempotence is on where acks and retries allow it, and an error where it was asked for and they do not") {
  ProducerConfig config;
  CHECK(config.idempotent());
  config.acks = 1;
  CHECK_FALSE(config.idempotent());
  config.idempotence = true;
  CHECK(config.validate().has_error());
  config.acks = -1;
  config.retries = 0;
  CHECK(config.validate().has_error());
}

TEST_CASE("producer: with idempotence an answer that vanished is retried, and the record is there once") {
  Simulated simulated;
  const Acknowledgement acknowledgement = need(send_one(simulated, {{.kind = Kind::serve_and_close}}, idempotent));
  CHECK(simulated.cluster.values(orders) == "x");
  CHECK(acknowledgement.attempts == 2);
  CHECK(acknowledgement.offset == 0);
  CHECK_FALSE(acknowledgement.maybe_duplicated);
}

TEST_CASE("producer: each partition is numbered on its own, by records; what was refused leaves no gap") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 2);
  simulated.cluster.script = FakeCluster::on(ApiKey::produce, {{}, refuse(ErrorCode::message_too_large)});
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    idempotent(config);
    config.linger = 5ms;
    Producer producer(env, config);
    std::vector<Delivery> batch;
    for (int i = 0; i < 3; ++i) batch.push_back(need(producer.send(record("orders", "a", 0))));
    need(batch.back().wait());
    CHECK(producer.send_and_wait(record("orders", "b", 0)).error().definite);
    need(producer.send_and_wait(record("orders", "c", 0)));
    need(producer.send_and_wait(record("orders", "d", 1)));
  });
  CHECK(numbers(simulated.cluster, {"orders", 0}) == Numbers{{1000, 0, 0}, {1000, 0, 3}});
  CHECK(numbers(simulated.cluster, {"orders", 1}) == Numbers{{1000, 0, 0}});
}

TEST_CASE("producer: after a batch whose outcome is unknown the next one begins a new epoch (KIP-360)") {
  Simulated simulated;
  with_producer(simulated, {{}, {.kind = Kind::serve_and_refuse, .code = ErrorCode::unknown_server_error}},
                [](Env&, Producer& producer) {
                  need(producer.send_and_wait(record("orders", "a")));
                  CHECK_FALSE(producer.send_and_wait(record("orders", "b")).error().definite);
                  need(producer.send_and_wait(record("orders", "c")));
                });
  CHECK(numbers(simulated.cluster, orders) == Numbers{{1000, 0, 0}, {1000, 0, 1}, {1000, 1, 0}});
}

TEST_CASE("producer: a batch that a broker calls out of order goes again, and begins a new epoch (KIP-360)") {
  const ErrorCode code = GENERATE(ErrorCode::out_of_order_sequence_number, ErrorCode::unknown_producer_id);
  Simulated simulated;
  with_producer(simulated, {{}, refuse(code)}, [](Env&, Producer& producer) {
    need(producer.send_and_wait(record("orders", "a")));
    CHECK(need(producer.send_and_wait(record("orders", "b"))).attempts == 2);
    need(producer.send_and_wait(record("orders", "c")));
  });
  CHECK(simulated.cluster.values(orders) == "abc");
  CHECK(numbers(simulated.cluster, orders) == Numbers{{1000, 0, 0}, {1000, 1, 0}, {1000, 1, 1}});
}

TEST_CASE("producer: a batch that may be there already keeps its numbers when a broker calls it out of order") {
  Simulated simulated;
  with_producer(simulated, {{}, {.kind = Kind::serve_and_close}, refuse(ErrorCode::out_of_order_sequence_number)},
                [](Env&, Producer& producer) {
                  need(producer.send_and_wait(record("orders", "a")));
                  CHECK(need(producer.send_and_wait(record("orders", "b"))).attempts == 3);
                  need(producer.send_and_wait(record("orders", "c")));
                });
  CHECK(simulated.cluster.values(orders) == "abc");
  CHECK(numbers(simulated.cluster, orders) == Numbers{{1000, 0, 0}, {1000, 0, 1}, {1000, 0, 2}});
}

TEST_CASE("producer: a batch that may be there is given up as unknown if brokers go on missing what came before it") {
  Simulated simulated;
  std::vector<Reaction> steps{{}, {.kind = Kind::serve_and_close}};
  steps.insert(steps.end(), 1000, refuse(ErrorCode::out_of_order_sequence_number));
  with_producer(simulated, steps, [&](Env& env, Producer& producer) {
    need(producer.send_and_wait(record("orders", "a")));
    const Time sent = env.clock.now();
    const ClientResult<Acknowledgement> result = producer.send_and_wait(record("orders", "b"));
    REQUIRE_FALSE(result.has_value());
    CHECK_FALSE(result.error().definite);
    CHECK(env.clock.now() - sent < simulated.producer_config().delivery_timeout / 2);
    simulated.cluster.script = FakeCluster::on(ApiKey::produce, {});
    need(producer.send_and_wait(record("orders", "c")));
  });
  CHECK(numbers(simulated.cluster, orders) == Numbers{{1000, 0, 0}, {1000, 0, 1}, {1000, 1, 0}});
}

TEST_CASE("producer: five full batches of a partition are on their way at a time, the first of an epoch alone") {
  constexpr Duration one_way = 100ms;
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.run([&](Env& env) {
    Producer producer(env, one_a_batch(simulated));
    need(producer.send_and_wait(record("orders", "a")));
    for (const sim::NodeId from : {simulated.broker_node, simulated.client_node}) {
      const sim::NodeId to = from == simulated.broker_node ? simulated.client_node : simulated.broker_node;
      simulated.world.link(from, to).latency = {one_way, one_way, one_way};
    }
    const Time start = env.clock.now();
    const std::vector<Delivery> deliveries = send_letters(producer, "bcdefghijk");
    for (const Delivery& delivery : deliveries) need(delivery.wait());
    // Ten batches, five in each round trip.
    CHECK(env.clock.now() - start >= 4 * one_way);
    CHECK(env.clock.now() - start < 5 * one_way);
  });
  CHECK(simulated.cluster.values(orders) == "abcdefghijk");
}

TEST_CASE("producer: a batch that is not full waits for those before it, and grows meanwhile") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.script = FakeCluster::on(ApiKey::produce, {{.delay = 100ms}});
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    idempotent(config);
    Producer producer(env, config);
    const Delivery first = need(producer.send(record("orders", "a")));
    REQUIRE(sleep_until(env.clock.now() + 50ms).has_value());
    const std::vector<Delivery> others = send_letters(producer, "bcd");
    CHECK_FALSE(first.done());
    need(producer.flush(no_deadline));
  });
  CHECK(simulated.cluster.values(orders) == "abcd");
  CHECK(simulated.cluster.at(orders).batches.size() == 2);
}

TEST_CASE("producer: with several batches on their way each record is there once, in the order of sending, whatever happens") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    Simulated simulated(2, seed);
    simulated.cluster.add_topic("orders", 2);
    simulated.cluster.at({"orders", 1}).leader = 2;
    RandomStream dice = RandomSource(seed).stream("dice");
    simulated.cluster.script = [&](std::int32_t, const protocol::RequestHeader& request, int nth) {
      if (request.api_key != ApiKey::produce || nth > 150) return Reaction{};
      switch (dice.below(12)) {
        case 0: return Reaction{.kind = Kind::close};
        case 1: return refuse(ErrorCode::not_enough_replicas);
        case 2: return Reaction{.kind = Kind::serve, .delay = 50ms};
        case 3: return Reaction{.kind = Kind::serve_and_close};
        case 4: return Reaction{.kind = Kind::serve_and_refuse, .code = ErrorCode::request_timed_out};
        case 5: return Reaction{.kind = Kind::cut_answer};
        case 6:
          for (const std::int32_t moved : {0, 1}) {
            FakePartition& partition = simulated.cluster.at({"orders", moved});
            partition.leader = partition.leader == 1 ? 2 : 1;
            ++partition.epoch;
          }
          return Reaction{};
        default: return Reaction{};
      }
    };
    simulated.run([&](Env& env) {
      ProducerConfig config = one_a_batch(simulated);
      config.delivery_timeout = 5min;
      Producer producer(env, config);
      std::string expected;
      for (int i = 0; i < 52; ++i) {
        const char value = static_cast<char>((i < 26 ? 'a' : 'A' - 26) + i);
        expected += value;
        for (const std::int32_t partition : {0, 1}) need(producer.send(record("orders", std::string(1, value), partition)));
        if (i % 8 == 7) REQUIRE(sleep_until(env.clock.now() + 10ms).has_value());
      }
      need(producer.flush(no_deadline));
      for (const std::int32_t partition : {0, 1}) CHECK(simulated.cluster.values({"orders", partition}) == expected);
    });
  }
}

TEST_CASE("producer: a leader that may know nothing of the producer gets one batch at a time, for it would take any number") {
  Simulated simulated(2);
  simulated.cluster.add_topic("orders", 1);
  bool refuses = false;
  simulated.cluster.script = [&](std::int32_t, const protocol::RequestHeader& request, int) {
    if (request.api_key != ApiKey::produce || !std::exchange(refuses, false)) return Reaction{};
    return refuse(ErrorCode::not_enough_replicas);
  };
  simulated.run([&](Env& env) {
    Producer producer(env, one_a_batch(simulated));
    need(producer.send_and_wait(record("orders", "a")));
    need(producer.send_and_wait(record("orders", "b")));
    FakePartition& partition = simulated.cluster.at(orders);
    partition.leader = 2;
    ++partition.epoch;
    partition.batches.clear();  // deleted, and forgotten with them who wrote them
    const Delivery moved = need(producer.send(record("orders", "c")));
    while (simulated.cluster.seen[ApiKey::metadata] < 2) static_cast<void>(sleep_until(env.clock.now() + 1us));
    refuses = true;
    for (const Delivery& delivery : send_letters(producer, "def")) need(delivery.wait());
    need(moved.wait());
  });
  CHECK(simulated.cluster.values(orders) == "cdef");
}

TEST_CASE("producer: behind a batch that is refused for good the others go on, under a new epoch") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.script = FakeCluster::on(ApiKey::produce, {{}, refuse(ErrorCode::message_too_large)});
  simulated.run([&](Env& env) {
    Producer producer(env, one_a_batch(simulated));
    need(producer.send_and_wait(record("orders", "a")));
    const std::vector<Delivery> deliveries = send_letters(producer, "bcd");
    CHECK(deliveries[0].wait().error().definite);
    need(deliveries[1].wait());
    need(deliveries[2].wait());
  });
  CHECK(simulated.cluster.values(orders) == "acd");
  CHECK(numbers(simulated.cluster, orders) == Numbers{{1000, 0, 0}, {1000, 1, 0}, {1000, 1, 1}});
}

TEST_CASE("producer: behind a batch whose outcome is unknown the others are there once, in order, or are known not to be") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.script =
      FakeCluster::on(ApiKey::produce, {{}, {.kind = Kind::serve_and_refuse, .code = ErrorCode::unknown_server_error}});
  simulated.run([&](Env& env) {
    Producer producer(env, one_a_batch(simulated));
    need(producer.send_and_wait(record("orders", "a")));
    const std::vector<Delivery> deliveries = send_letters(producer, "bcd");
    CHECK_FALSE(deliveries[0].wait().error().definite);
    need(deliveries[1].wait());
    need(deliveries[2].wait());
    need(producer.send_and_wait(record("orders", "e")));
  });
  CHECK(simulated.cluster.values(orders) == "abcde");
}

TEST_CASE("producer: a producer id is asked for again while that may help, and else the records fail for certain") {
  const ErrorCode code = GENERATE(ErrorCode::coordinator_not_available, ErrorCode::cluster_authorization_failed);
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.script = FakeCluster::on(ApiKey::init_producer_id, {refuse(code)});
  simulated.run([&](Env& env) {
    ProducerConfig config = simulated.producer_config();
    idempotent(config);
    Producer producer(env, config);
    const ClientResult<Acknowledgement> sent = producer.send_and_wait(record("orders", "a"));
    CHECK(sent.has_value() == is_retriable(code));
    if (!sent) CHECK(sent.error().definite);
    need(producer.send_and_wait(record("orders", "b")));
  });
}
