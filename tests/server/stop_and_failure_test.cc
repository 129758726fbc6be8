// Stopping in good order, and disks that fail or are full.
#include <algorithm>

#include "requests.h"

namespace faultline {
namespace {

bool traced(const sim::World& world, std::string_view event, std::string_view part) {
  return std::ranges::any_of(world.last_events(8192), [&](const std::string& line) {
    return line.find(event) != std::string::npos && line.find(part) != std::string::npos;
  });
}

}  // namespace

TEST_CASE("stop: what was received is answered, nothing is lost, and the next start finds its logs clean") {
  constexpr int requests = 10;
  BrokerWorld broker;
  int answered = 0;
  broker.spawn_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    broker.world.disk(broker.broker).sync_time = {1s, 0ms, 1s};
    for (int i = 0; i < requests; ++i) client.send(produce_request("t", 0, batch_of({"x"})), newest_produce);
    for (int i = 0; i < requests; ++i) {
      // Its leadership ends before its log is synced: then nobody knows yet what becomes of the record.
      const ErrorCode code = only(client.receive<protocol::ProduceResponse>(newest_produce)).error_code;
      REQUIRE((code == ErrorCode::none || code == ErrorCode::not_leader_or_follower));
      ++answered;
    }
    REQUIRE(client.end() == Errc::closed);
  });
  broker.world.run_for(700ms);
  REQUIRE(answered == 0);
  REQUIRE(broker.stop().has_value());
  broker.world.run_for(100ms);
  REQUIRE(answered == requests);
  broker.world.disk(broker.broker) = {};
  broker.start();
  REQUIRE(traced(broker.world, "log.opened", "clean"));
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)).size() == requests);
  });
}

TEST_CASE("stop: the last answer is followed by the end, and what was answered with an offset is there") {
  constexpr int sent = 200;
  BrokerWorld broker;
  int answered = 0;
  int stored = 0;
  broker.spawn_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    broker.world.disk(broker.broker).sync_time = {100ms, 0ms, 100ms};
    for (int i = 0; i < sent; ++i) client.send(produce_request("t", 0, batch_of({"x"})), newest_produce);
    // Not a reset, which would take answers back that are on their way.
    for (; answered < sent; ++answered) {
      const Result<Slice> frame = client.next_frame();
      if (!frame) {
        REQUIRE(frame.error() == Errc::closed);
        return;
      }
      protocol::Reader reader(*frame);
      REQUIRE(protocol::decode_response_header(reader, protocol::ApiKey::produce, newest_produce).has_value());
      const auto response = protocol::decode<protocol::ProduceResponse>(reader.rest(), newest_produce);
      REQUIRE(response.has_value());
      stored += only(*response).error_code == ErrorCode::none;
    }
  });
  broker.world.run_for(150ms);
  REQUIRE(broker.stop().has_value());
  broker.world.run_for(100ms);
  REQUIRE(answered > 0);
  broker.world.disk(broker.broker) = {};
  broker.start();
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(list_offset(client, "t", -1).offset >= stored);
  });
}

TEST_CASE("stop: neither idle connections nor long polls hold it up") {
  BrokerWorld broker;
  bool poll_answered = false;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
  });
  broker.spawn_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(only(client.call(fetch_request("t", 0, 0, {.max_wait_ms = INT32_MAX}), fetch_by_name)).records.empty());
    poll_answered = true;
  });
  broker.spawn_client([&](Env& env) {
    RawClient client(env);
    protocol::FetchRequest of_nothing;
    of_nothing.min_bytes = 1;
    of_nothing.max_wait_ms = INT32_MAX;
    client.call(of_nothing, fetch_by_name);
  });
  broker.spawn_client([&](Env& env) {
    RawClient client(env);
    client.end();
  });
  broker.world.run_for(5s);
  REQUIRE_FALSE(poll_answered);
  REQUIRE(broker.stop(2s).has_value());
  broker.world.run_for(100ms);
  REQUIRE(poll_answered);
}

TEST_CASE("stop: a client that does not read its answer holds it up for some seconds only") {
  BrokerWorld broker;
  broker.spawn_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({std::string(100'000, 'x')})).error_code == ErrorCode::none);
    client.send(fetch_request("t", 0, 0), fetch_by_name);
    (void)sleep_until(env.clock.now() + 1h);
  });
  broker.world.run_for(5s);
  REQUIRE(broker.stop(8s).has_value());
}

TEST_CASE("stop: a connection that arrives in the same moment does not hold it up") {
  const auto connect = [](Env& env) {
    const Result<std::unique_ptr<Stream>> stream = env.network.connect(broker_address, no_deadline);
    (void)sleep_until(env.clock.now() + 1h);
  };
  constexpr Duration step = 50ns;
  Duration arrival{};
  {
    BrokerWorld broker;
    broker.spawn_client(connect);
    for (; broker.server().connection_count() == 0; arrival += step) broker.world.run_for(step);
  }
  // The seed repeats the arrival to the nanosecond.
  for (Duration moment = arrival - 2 * step; moment <= arrival; moment += 1ns) {
    BrokerWorld broker;
    broker.spawn_client(connect);
    broker.world.run_for(moment);
    REQUIRE(broker.stop(2s).has_value());
  }
}

TEST_CASE("stop: a process that was killed loses nothing that was written") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 1, {{"flush.messages", "1000000"}}) == ErrorCode::none);
    for (int i = 0; i < 10; ++i) REQUIRE(produce(client, "t", 0, batch_of({"x"})).error_code == ErrorCode::none);
  });
  broker.world.kill(broker.broker);
  broker.start();
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)).size() == 10);
  });
}

TEST_CASE("start: a broker that is a cluster of its own serves as soon as its disk lets it, without a pause on the way") {
  BrokerWorld broker;
  // What it waits for: some twenty syncs and renames, a handful of milliseconds here. A pause between two questions is 50 ms.
  REQUIRE(broker.world.now() < Time{} + 50ms);
  const Time before = broker.world.now();
  broker.crash_and_restart();
  REQUIRE(broker.world.now() - before < 50ms);
}

TEST_CASE(
    "failure: a disk that fails a sync ends the broker at once, not with its next heartbeat, and a restart brings it back") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 2) == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({"safe"})).error_code == ErrorCode::none);
    REQUIRE(produce(client, "t", 1, batch_of({"y"})).error_code == ErrorCode::none);
    broker.world.fail_next_sync(broker.broker, "t-0/");
    REQUIRE(produce(client, "t", 0, batch_of({"lost"})).error_code == ErrorCode::kafka_storage_error);
  });
  // Heartbeats are 2 s apart.
  broker.run_until([&] { return broker.has_ended(); }, 500ms);
  REQUIRE_FALSE(broker.ended().has_value());
  broker.start();
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)).front() == "safe");
    REQUIRE(values_of(client.call(fetch_request("t", 1, 0), fetch_by_name)) == std::vector<std::string>{"y"});
    REQUIRE(produce(client, "t", 0, batch_of({"z"})).error_code == ErrorCode::none);
  });
}

TEST_CASE("failure: requests that are in flight when a sync fails are all answered KAFKA_STORAGE_ERROR") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    broker.world.disk(broker.broker).sync_time = {100ms, 0ms, 100ms};
    broker.world.fail_next_sync(broker.broker, "t-0/");
    for (int i = 0; i < 10; ++i) client.send(produce_request("t", 0, batch_of({"x"})), newest_produce);
    for (int i = 0; i < 10; ++i) {
      REQUIRE(only(client.receive<protocol::ProduceResponse>(newest_produce)).error_code == ErrorCode::kafka_storage_error);
    }
    REQUIRE(list_offset(client, "t", -1).offset == 0);
  });
}

TEST_CASE("failure: a full disk refuses records, and takes them again when there is room") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    sim::Options options;
    options.seed = seed;
    BrokerWorld broker(test_config(), options);
    std::vector<std::string> acknowledged;
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(create_topic(client, "t") == ErrorCode::none);
      broker.world.disk(broker.broker).capacity_bytes = broker.world.disk_used_bytes(broker.broker) + 40'000;
      const auto try_one = [&](const std::string& value) {
        const auto answer = produce(client, "t", 0, batch_of({value}));
        if (answer.error_code == ErrorCode::none) acknowledged.push_back(value);
        return answer.error_code;
      };
      int refused = 0;
      for (char letter = 'a'; letter <= 'z'; ++letter) {
        const ErrorCode code = try_one(std::string(4000, letter));
        REQUIRE((code == ErrorCode::none || code == ErrorCode::kafka_storage_error));
        refused += code != ErrorCode::none;
      }
      REQUIRE(refused >= 10);
      REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == acknowledged);
      broker.world.disk(broker.broker).capacity_bytes = 0;
      REQUIRE(sleep_until(env.clock.now() + 10s).has_value());
      REQUIRE(try_one("room again") == ErrorCode::none);
      REQUIRE(create_topic(client, "u") == ErrorCode::none);
      REQUIRE(produce(client, "u", 0, batch_of({"x"})).error_code == ErrorCode::none);
    });
    broker.crash_and_restart();
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == acknowledged);
    });
  }
}

TEST_CASE("failure: a disk too full for the metadata's log ends the process, which goes on when there is room") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    CAPTURE(seed);
    sim::Options options;
    options.seed = seed;
    BrokerWorld broker(test_config(), options);
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(create_topic(client, "t") == ErrorCode::none);
      REQUIRE(produce(client, "t", 0, batch_of({"x"})).error_code == ErrorCode::none);
      broker.world.disk(broker.broker).capacity_bytes = broker.world.disk_used_bytes(broker.broker);
      protocol::CreateTopicsRequest request;
      auto& wanted = request.topics.emplace_back();
      wanted.name = "u";
      wanted.num_partitions = wanted.replication_factor = 1;
      const auto answer = client.try_call(request, 7);
      if (answer) REQUIRE(answer->topics.at(0).error_code != ErrorCode::none);
    });
    broker.run_until([&] { return broker.has_ended(); }, 120s);
    REQUIRE(broker.ended().error() == Errc::no_space);
    broker.world.disk(broker.broker).capacity_bytes = 0;
    broker.start();
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == std::vector<std::string>{"x"});
      const ErrorCode code = create_topic(client, "u");
      REQUIRE((code == ErrorCode::none || code == ErrorCode::topic_already_exists));
      REQUIRE(produce(client, "u", 0, batch_of({"x"})).error_code == ErrorCode::none);
    });
  }
}

namespace {

/// What the metadata say of two topics, as a client sees it.
std::string topics_of(RawClient& client) {
  std::string text;
  for (const char* name : {"t", "new"}) {
    const auto topic = metadata_of(client, {name}).topics.at(0);
    text += std::string(name) + " " + std::to_string(topic.partitions.size()) + " ";
    if (topic.error_code == ErrorCode::none) text += config_of(client, name, "retention.ms") + " ";
  }
  return text;
}

template <class Request>
std::optional<ErrorCode> try_change(RawClient& client, Request request, Version version) {
  constexpr std::int32_t timeout_ms = 10'000;
  if constexpr (requires { request.timeout_ms; }) request.timeout_ms = timeout_ms;
  const auto answer = client.try_call(request, version);
  if (!answer) return std::nullopt;
  if constexpr (requires { answer->topics; }) {
    return answer->topics.at(0).error_code;
  } else if constexpr (requires { answer->results; }) {
    return answer->results.at(0).error_code;
  } else {
    return answer->responses.at(0).error_code;
  }
}

std::optional<ErrorCode> try_create(RawClient& client) {
  protocol::CreateTopicsRequest request;
  auto& wanted = request.topics.emplace_back();
  wanted.name = "new";
  wanted.num_partitions = 2;
  wanted.replication_factor = 1;
  return try_change(client, request, 7);
}
std::optional<ErrorCode> try_delete(RawClient& client) {
  protocol::DeleteTopicsRequest request;
  request.topics = {{"t", {}}};
  return try_change(client, request, 6);
}
std::optional<ErrorCode> try_grow(RawClient& client) {
  protocol::CreatePartitionsRequest request;
  request.topics = {{"t", 5, std::nullopt}};
  return try_change(client, request, 3);
}
std::optional<ErrorCode> try_configure(RawClient& client) {
  protocol::IncrementalAlterConfigsRequest request;
  request.resources = {{2, "t", {{"retention.ms", 0, "12345"}}}};
  return try_change(client, request, 1);
}

}  // namespace

TEST_CASE("failure: a change under which a sync fails is made or not; it is if that was answered, and the next start goes on") {
  using Change = std::optional<ErrorCode> (*)(RawClient& client);
  for (const Change change : {try_create, try_delete, try_grow, try_configure}) {
    std::string before;
    std::string after;
    {
      BrokerWorld broker;
      broker.as_client([&](Env& env) {
        RawClient client(env);
        REQUIRE(create_topic(client, "t") == ErrorCode::none);
        before = topics_of(client);
        REQUIRE(change(client) == ErrorCode::none);
        after = topics_of(client);
      });
    }
    int ended = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
      CAPTURE(seed);
      sim::Options options;
      options.seed = seed;
      BrokerWorld broker(test_config(), options);
      std::optional<ErrorCode> answer;
      broker.as_client([&](Env& env) {
        RawClient client(env);
        REQUIRE(create_topic(client, "t") == ErrorCode::none);
        broker.world.disk(broker.broker).sync_error = {1, 2};
        answer = change(client);
      });
      broker.world.run_for(5s);
      broker.world.disk(broker.broker).sync_error = {};
      ended += broker.has_ended();
      broker.crash_and_restart();
      broker.as_client([&](Env& env) {
        RawClient client(env);
        const std::string found = topics_of(client);
        INFO("before " << before << "after " << after << "found " << found);
        REQUIRE((found == after || (found == before && answer != ErrorCode::none)));
        REQUIRE(create_topic(client, "later") == ErrorCode::none);
        REQUIRE(produce(client, "later", 0, batch_of({"x"})).error_code == ErrorCode::none);
      });
    }
    REQUIRE(ended > 0);
  }
}

TEST_CASE("failure: a broker with another node id does not start on the directory") {
  BrokerWorld broker;
  REQUIRE(broker.stop().has_value());
  broker.config().node_id = 2;
  broker.launch();
  REQUIRE(broker.has_ended());
  broker.config().node_id = 1;
  broker.start();
}

}  // namespace faultline
