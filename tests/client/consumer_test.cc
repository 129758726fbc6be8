// The consumer against brokers that drop, refuse and send damaged batches: nothing is lost, repeated or made up.
#include "broker/client/consumer.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "broker/client/batch.h"
#include "broker/protocol/record_batch.h"
#include "simulated.h"

using namespace faultline;
using namespace faultline::client;
using protocol::ApiKey;
using protocol::ErrorCode;
using Kind = Reaction::Kind;

namespace {

const TopicPartition orders{"orders", 0};

/// Appends a batch of one-character records.
void append(FakeCluster& cluster, const TopicPartition& name, std::string_view values, std::int64_t timestamp_ms = 1000) {
  std::vector<ProducerRecord> records;
  for (const char value : values) {
    records.push_back(record(name.topic, std::string(1, value)));
    records.back().timestamp_ms = timestamp_ms;
  }
  const Slice batch = *encode_batch(records, protocol::Codec::none);
  FakePartition& partition = cluster.at(name);
  protocol::BatchView::parse(batch)->stamp(partition.end(), partition.epoch);
  partition.batches.push_back(batch);
  cluster.appended.notify_all();
}

/// Polls until `count` records have come, or a minute has passed. Errors of partitions fail the test.
std::string read(Env& env, Consumer& consumer, std::size_t count, std::size_t records_max = 500) {
  std::string values;
  const Time give_up = env.clock.now() + 60s;
  while (values.size() < count && env.clock.now() < give_up) {
    const Polled polled = need(consumer.poll(1s, records_max));
    for (const PartitionError& error : polled.errors) FAIL(to_string(error.error));
    for (const ConsumerRecord& one : polled.records) values += text_of(one.value);
  }
  return values;
}

}  // namespace

TEST_CASE("consumer: reads a partition from the beginning, then what is appended while it waits") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  append(simulated.cluster, orders, "abc");
  append(simulated.cluster, orders, "de");
  simulated.run([&](Env& env) {
    Consumer consumer(env, simulated.consumer_config());
    consumer.assign({orders});
    CHECK_FALSE(consumer.position(orders).has_value());
    CHECK(read(env, consumer, 5, 2) == "abcde");
    CHECK(consumer.position(orders) == 5);
    CHECK(consumer.known_end(orders) == 5);
    TaskGroup group(env.tasks);
    group.spawn("appender", [&] {
      REQUIRE(sleep_until(env.clock.now() + 300ms).has_value());
      append(simulated.cluster, orders, "f");
    });
    const Time start = env.clock.now();
    CHECK(read(env, consumer, 1) == "f");
    CHECK(env.clock.now() - start < 310ms);  // the long poll answers at once
  });
}

TEST_CASE("consumer: begins where it was told to: offset, time, earliest, latest") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  append(simulated.cluster, orders, "ab", 1000);
  append(simulated.cluster, orders, "cd", 2000);
  simulated.run([&](Env& env) {
    Consumer consumer(env, simulated.consumer_config());
    consumer.assign({orders});
    consumer.seek(orders, Place::offset(1));
    CHECK(read(env, consumer, 3) == "bcd");
    consumer.seek(orders, Place::time(1500));
    CHECK(read(env, consumer, 2) == "cd");
    consumer.seek(orders, Place::earliest());
    CHECK(read(env, consumer, 4) == "abcd");
    for (const Place end : {Place::latest(), Place::time(5000)}) {
      consumer.seek(orders, end);
      need(consumer.resolve_positions(no_deadline));
      CHECK(consumer.position(orders) == 4);
    }
    CHECK(need(consumer.poll(1s)).records.empty());
    CHECK(need(consumer.end_offsets({orders}, no_deadline)).at(orders) == 4);
    CHECK(need(consumer.beginning_offsets({orders}, no_deadline)).at(orders) == 0);
    CHECK(need(consumer.offsets_for_times({{orders, 1500}}, no_deadline)).at(orders).offset == 2);
    CHECK(need(consumer.offsets_for_times({{orders, 5000}}, no_deadline)).at(orders).offset == -1);
  });
}

TEST_CASE("consumer: partitions of several brokers are read at the same time, each in order") {
  Simulated simulated(3);
  simulated.cluster.add_topic("orders", 6);
  for (std::int32_t i = 0; i < 6; ++i) {
    simulated.cluster.at({"orders", i}).leader = 1 + i % 3;
    append(simulated.cluster, {"orders", i}, "abcdefghij");
  }
  simulated.run([&](Env& env) {
    Consumer consumer(env, simulated.consumer_config());
    consumer.assign(need(consumer.partitions_of("orders", no_deadline)));
    std::map<TopicPartition, std::string> read_values;
    for (std::size_t count = 0; count < 60;) {
      for (const ConsumerRecord& one : need(consumer.poll(1s, 7)).records) {
        CHECK(one.offset == static_cast<std::int64_t>(read_values[one.partition].size()));
        read_values[one.partition] += text_of(one.value);
        ++count;
      }
    }
    for (std::int32_t i = 0; i < 6; ++i) CHECK(read_values[{"orders", i}] == "abcdefghij");
  });
}

TEST_CASE("consumer: nothing is lost or repeated when fetches are dropped, delayed or refused and the leader moves") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Simulated simulated(2, seed);
    simulated.cluster.add_topic("orders", 1);
    RandomStream dice = RandomSource(seed).stream("dice");
    simulated.cluster.script = [&](std::int32_t, const protocol::RequestHeader& request, int) {
      if (request.api_key == ApiKey::api_versions) return Reaction{};
      const std::uint64_t drawn = dice.below(10);
      if (drawn == 0) return Reaction{.kind = Kind::close};
      if (drawn == 1) return Reaction{.kind = Kind::cut_answer};
      if (drawn == 2) return Reaction{.kind = Kind::garbage};
      if (drawn == 3) return Reaction{.kind = Kind::refuse, .code = ErrorCode::kafka_storage_error};
      return Reaction{};
    };
    simulated.run([&](Env& env) {
      TaskGroup group(env.tasks);
      std::string written;
      group.spawn("writer", [&] {
        for (int i = 0; i < 50; ++i) {
          const std::string value(1, static_cast<char>('A' + i));
          append(simulated.cluster, orders, value);
          written += value;
          if (i % 10 == 9) {
            FakePartition& partition = simulated.cluster.at(orders);
            partition.leader = 3 - partition.leader;
            ++partition.epoch;
          }
          if (!sleep_until(env.clock.now() + 50ms)) return;
        }
      });
      Consumer consumer(env, simulated.consumer_config());
      consumer.assign({orders});
      CHECK(read(env, consumer, 50, 3) == written);
    });
  }
}

TEST_CASE("consumer: a damaged batch is an error at its offset, and sound again once it is") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  append(simulated.cluster, orders, "abc");
  append(simulated.cluster, orders, "d");
  simulated.run([&](Env& env) {
    const Slice damaged = simulated.cluster.at(orders).batches[1];
    damaged.writable()[damaged.size() - 2] ^= 1;
    Consumer consumer(env, simulated.consumer_config());
    consumer.assign({orders});
    for (int i = 0; i < 3; ++i) {
      const Polled polled = need(consumer.poll(10s));
      CHECK(polled.records.size() == (i == 0 ? 3 : 0));  // what is sound comes with the first error
      REQUIRE(polled.errors.size() == 1);
      CHECK(polled.errors[0].error.code == ErrorCode::corrupt_message);
      CHECK(polled.errors[0].position == 3);
    }
    damaged.writable()[damaged.size() - 2] ^= 1;
    CHECK(read(env, consumer, 1) == "d");
  });
}

TEST_CASE("consumer: a position that is no longer in the log is reset, or told, as auto.offset.reset says") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.at(orders).start = 10;
  append(simulated.cluster, orders, "ab");
  simulated.run([&](Env& env) {
    ConsumerConfig config = simulated.consumer_config();
    {
      Consumer consumer(env, config, "earliest");
      consumer.assign({orders});
      consumer.seek(orders, Place::offset(3));
      CHECK(read(env, consumer, 2) == "ab");
    }
    {
      config.offset_reset = OffsetReset::latest;
      Consumer consumer(env, config, "latest");
      consumer.assign({orders});
      consumer.seek(orders, Place::offset(3));
      CHECK(need(consumer.poll(1s)).records.empty());
      CHECK(consumer.position(orders) == 12);
    }
    config.offset_reset = OffsetReset::none;
    Consumer consumer(env, config, "none");
    consumer.assign({orders});
    const Polled unplaced = need(consumer.poll(1s));
    REQUIRE(unplaced.errors.size() == 1);
    CHECK(unplaced.errors[0].position == -1);
    consumer.seek(orders, Place::offset(3));
    const Polled polled = need(consumer.poll(1s));
    REQUIRE(polled.errors.size() == 1);
    CHECK(polled.errors[0].error.code == ErrorCode::offset_out_of_range);
    CHECK(polled.errors[0].position == 3);
  });
}

TEST_CASE("consumer: a broker without topic ids is fetched from by name") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.cluster.version_max[ApiKey::metadata] = 9;
  append(simulated.cluster, orders, "abc");
  simulated.run([&](Env& env) {
    Consumer consumer(env, simulated.consumer_config());
    consumer.assign({orders});
    CHECK(read(env, consumer, 3) == "abc");
    CHECK(simulated.cluster.last_version[ApiKey::fetch] == 12);
  });
}

TEST_CASE("consumer: what is tried again is named, so that a user need not wonder") {
  Simulated simulated;
  simulated.cluster.add_topic("orders", 1);
  simulated.run([&](Env& env) {
    Consumer consumer(env, simulated.consumer_config());
    consumer.assign({orders});
    consumer.seek(orders, Place::offset(0));
    CHECK_FALSE(need(consumer.poll(1s)).retrying.has_value());
    simulated.cluster.script = [](std::int32_t, const protocol::RequestHeader& request, int) {
      return request.api_key == ApiKey::fetch ? Reaction{.kind = Kind::close} : Reaction{};
    };
    const Polled polled = need(consumer.poll(5s));
    CHECK(polled.records.empty());
    REQUIRE(polled.retrying.has_value());
    CHECK(polled.retrying->is_transport());
  });
}
