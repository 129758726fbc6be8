// Power loss at every moment of a change: afterwards the change is there whole or not at all, and it is there if it was acknowledged.
//
// A run without a crash says what can be seen before and after each step and how long the steps take; then the same is done again
// and again, each time with another seed and the crash a little later.
#include <algorithm>

#include "requests.h"

namespace faultline {
namespace {

using Step = std::function<ErrorCode(RawClient&)>;

ErrorCode produce_values(RawClient& client, const std::string& topic, std::int32_t partition,
                         const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    const ErrorCode code = produce(client, topic, partition, batch_of({value})).error_code;
    if (code != ErrorCode::none) return code;
  }
  return ErrorCode::none;
}

/// Every partition that is there takes records.
void use_all(RawClient& client) {
  for (const auto& topic : client.call(protocol::MetadataRequest{}, 12).topics) {
    for (const auto& partition : topic.partitions) {
      REQUIRE(produce(client, *topic.name, partition.partition_index, batch_of({"later"})).error_code == ErrorCode::none);
    }
  }
}

void survives_power_loss(const std::function<void(RawClient&)>& prepare, const std::vector<Step>& steps, int crashes) {
  std::vector<std::string> states;
  Duration taken{};
  {
    BrokerWorld broker;
    broker.as_client([&](Env& env) {
      RawClient client(env);
      prepare(client);
      states.push_back(describe_all(client));
      for (const Step& step : steps) {
        const Time begin = env.clock.now();
        REQUIRE(step(client) == ErrorCode::none);
        taken += env.clock.now() - begin;
        states.push_back(describe_all(client));
      }
    });
  }
  std::vector<int> seen(states.size());
  for (int i = 0; i < crashes; ++i) {
    CAPTURE(i);
    std::size_t acknowledged = 0;
    sim::Options options;
    options.seed = static_cast<std::uint64_t>(i) + 1;
    BrokerWorld broker(test_config(), options);
    broker.as_client([&](Env& env) {
      RawClient client(env);
      prepare(client);
    });
    const sim::NodeId changer = broker.spawn_client([&](Env& env) {
      RawClient client(env);
      for (const Step& step : steps) {
        const ErrorCode code = step(client);  // not inside of REQUIRE: it may be unwound
        REQUIRE(code == ErrorCode::none);
        ++acknowledged;
      }
    });
    // Some seeds take longer than the run without a crash.
    broker.world.run_for(taken * 3 / 2 * i / crashes);
    broker.world.kill(changer);
    broker.crash_and_restart();
    broker.as_client([&](Env& env) {
      RawClient client(env);
      const std::string now = describe_all(client);
      const auto from = states.begin() + static_cast<std::ptrdiff_t>(acknowledged);
      const auto to = acknowledged + 1 < states.size() ? from + 2 : from + 1;
      const auto found = std::find(from, to, now);
      INFO("acknowledged " << acknowledged << ", found " << now << "expected " << *from);
      REQUIRE(found != to);
      ++seen[static_cast<std::size_t>(found - states.begin())];
      use_all(client);
    });
  }
  // Crashes came before the first step and after the last.
  REQUIRE(seen.front() > 0);
  REQUIRE(seen.back() > 0);
}

Step creates(const std::string& topic, std::int32_t partitions) {
  return [=](RawClient& client) { return create_topic(client, topic, partitions, {{"retention.ms", "123456"}}); };
}
Step deletes(const std::string& topic) {
  return [=](RawClient& client) { return delete_topic(client, topic); };
}
Step produces(const std::string& topic, const std::vector<std::string>& values) {
  return [=](RawClient& client) { return produce_values(client, topic, 0, values); };
}

void prepare_topic(RawClient& client) {
  REQUIRE(creates("t", 2)(client) == ErrorCode::none);
  REQUIRE(produce_values(client, "t", 0, {"a", "b", "c"}) == ErrorCode::none);
  REQUIRE(produce_values(client, "t", 1, {"d"}) == ErrorCode::none);
}

}  // namespace

TEST_CASE("power loss: a new topic is there whole or not at all") {
  survives_power_loss([](RawClient&) {}, {creates("t", 3)}, 120);
}

TEST_CASE("power loss: a deleted topic is gone whole or not at all") { survives_power_loss(prepare_topic, {deletes("t")}, 60); }

TEST_CASE("power loss: a topic has its old or its new number of partitions, and its records") {
  survives_power_loss(prepare_topic, {[](RawClient& client) { return grow_topic(client, "t", 5); }}, 120);
}

TEST_CASE("power loss: a setting has its old or its new value") {
  survives_power_loss(prepare_topic,
                      {[](RawClient& client) { return set_config(client, "t", "retention.ms", "654321"); },
                       [](RawClient& client) { return set_config(client, "t", "retention.ms", "999999"); }},
                      60);
}

TEST_CASE("power loss: the start of a log never goes back behind an answered DeleteRecords") {
  survives_power_loss(prepare_topic,
                      {[](RawClient& client) { return delete_records(client, "t", 1).error_code; },
                       [](RawClient& client) { return delete_records(client, "t", -1).error_code; }},
                      60);
}

TEST_CASE("power loss: a topic that was deleted and made again never shows old records") {
  survives_power_loss(prepare_topic, {deletes("t"), creates("t", 2), produces("t", {"new"})}, 200);
}

TEST_CASE("power loss: DeleteRecords removes whole segments, and the crash right after its answer takes none of it back") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::Options options;
    options.seed = seed;
    BrokerWorld broker(test_config(), options);
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(create_topic(client, "t", 1, {{"segment.bytes", "256"}, {"file.delete.delay.ms", "0"}}) == ErrorCode::none);
      for (int i = 0; i < 20; ++i) REQUIRE(produce_values(client, "t", 0, {std::string(50, 'x')}) == ErrorCode::none);
      REQUIRE(delete_records(client, "t", 11).low_watermark == 11);
      broker.world.schedule(broker.world.now(), [&] { broker.world.crash(broker.broker); });
    });
    broker.run_until([&] { return !broker.world.is_running(broker.broker); }, 1s);
    broker.start();
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(list_offset(client, "t", -2).offset == 11);
      REQUIRE(list_offset(client, "t", -1).offset == 20);
      REQUIRE(only(client.call(fetch_request("t", 0, 10), fetch_by_name)).error_code == ErrorCode::offset_out_of_range);
      std::int64_t next = 11;
      while (next < 20) {  // an answer ends with its segment
        const std::vector<std::string> values = values_of(client.call(fetch_request("t", 0, next), fetch_by_name));
        REQUIRE_FALSE(values.empty());
        next += static_cast<std::int64_t>(values.size());
      }
      REQUIRE(next == 20);
    });
  }
}

}  // namespace faultline
