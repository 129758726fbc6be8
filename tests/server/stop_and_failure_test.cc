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
      answered += only(client.receive<protocol::ProduceResponse>(newest_produce)).error_code == ErrorCode::none;
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

TEST_CASE("stop: of more requests than a connection may have in flight, those that were taken in are answered") {
  constexpr int in_flight = 64;
  constexpr int sent = 200;
  BrokerWorld broker;
  int answered = 0;
  broker.spawn_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t") == ErrorCode::none);
    broker.world.disk(broker.broker).sync_time = {1s, 0ms, 1s};
    for (int i = 0; i < sent; ++i) client.send(produce_request("t", 0, batch_of({"x"})), newest_produce);
    // The last answer is followed by the end, not by a reset that would take answers back.
    for (; answered < sent; ++answered) {
      const Result<Slice> frame = client.next_frame();
      if (!frame) {
        REQUIRE(frame.error() == Errc::closed);
        return;
      }
    }
  });
  broker.world.run_for(700ms);
  REQUIRE(answered == 0);
  REQUIRE(broker.stop().has_value());
  broker.world.run_for(100ms);
  REQUIRE(answered >= in_flight);
  REQUIRE(answered < sent);
  broker.world.disk(broker.broker) = {};
  broker.start();
  broker.as_client([&](Env& env) {
    RawClient client(env);
    // What was not answered was not done either.
    REQUIRE(list_offset(client, "t", -1).offset == answered);
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
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0, {.max_wait_ms = INT32_MAX}), fetch_by_name)).empty());
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

TEST_CASE("failure: a disk that fails a sync takes one partition out of service, not the others, and a restart brings it back") {
  BrokerWorld broker;
  broker.as_client([&](Env& env) {
    RawClient client(env);
    REQUIRE(create_topic(client, "t", 2) == ErrorCode::none);
    REQUIRE(produce(client, "t", 0, batch_of({"safe"})).error_code == ErrorCode::none);
    broker.world.fail_next_sync(broker.broker, "t-0/");
    REQUIRE(produce(client, "t", 0, batch_of({"lost"})).error_code == ErrorCode::kafka_storage_error);
    for (int i = 0; i < 3; ++i) REQUIRE(produce(client, "t", 0, batch_of({"x"})).error_code == ErrorCode::kafka_storage_error);
    REQUIRE(produce(client, "t", 1, batch_of({"y"})).error_code == ErrorCode::none);
    REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == std::vector<std::string>{"safe"});
  });
  // It could not close that log in good order, and says so.
  REQUIRE_FALSE(broker.stop().has_value());
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

TEST_CASE("failure: a full disk refuses records and topics, and takes them again when there is room") {
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
      broker.world.disk(broker.broker).capacity_bytes = broker.world.disk_used_bytes(broker.broker);
      REQUIRE(create_topic(client, "u") == ErrorCode::kafka_storage_error);
      REQUIRE(metadata_of(client, {"u"}).topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);

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

TEST_CASE("failure: on a full disk a topic can be deleted, which makes room, also by a broker that started on it") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    CAPTURE(seed);
    sim::Options options;
    options.seed = seed;
    BrokerWorld broker(test_config(), options);
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(create_topic(client, "large") == ErrorCode::none);
      REQUIRE(create_topic(client, "small") == ErrorCode::none);
      for (int i = 0; i < 20; ++i) {
        REQUIRE(produce(client, "large", 0, batch_of({std::string(10'000, 'x')})).error_code == ErrorCode::none);
      }
    });
    const bool restarted = seed % 2 == 0;
    if (restarted) REQUIRE(broker.stop().has_value());
    broker.world.disk(broker.broker).capacity_bytes = broker.world.disk_used_bytes(broker.broker);
    if (restarted) broker.start();
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(delete_topic(client, "large") == ErrorCode::none);
      REQUIRE(sleep_until(env.clock.now() + 10s).has_value());
      // A log that could not be opened for want of room stays closed until the next start.
      if (!restarted) REQUIRE(produce(client, "small", 0, batch_of({"x"})).error_code == ErrorCode::none);
    });
    broker.crash_and_restart();
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(metadata_of(client, {"large"}).topics.at(0).error_code == ErrorCode::unknown_topic_or_partition);
      if (restarted) REQUIRE(produce(client, "small", 0, batch_of({"x"})).error_code == ErrorCode::none);
      REQUIRE(values_of(client.call(fetch_request("small", 0, 0), fetch_by_name)) == std::vector<std::string>{"x"});
    });
  }
}

TEST_CASE("failure: a delete that the disk did not confirm never takes back records that are acknowledged after it") {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    sim::Options options;
    options.seed = seed;
    BrokerWorld broker(test_config(), options);
    std::vector<std::string> acknowledged;
    broker.as_client([&](Env& env) {
      RawClient client(env);
      REQUIRE(create_topic(client, "t") == ErrorCode::none);
      broker.world.disk(broker.broker).sync_error = {1, 2};
      const ErrorCode removed = delete_topic(client, "t");
      broker.world.disk(broker.broker).sync_error = {};
      REQUIRE((removed == ErrorCode::none || removed == ErrorCode::kafka_storage_error));
      if (produce(client, "t", 0, batch_of({"x"})).error_code == ErrorCode::none) acknowledged.push_back("x");
      if (removed == ErrorCode::none) REQUIRE(acknowledged.empty());
    });
    broker.crash_and_restart();
    broker.as_client([&](Env& env) {
      RawClient client(env);
      if (acknowledged.empty()) return;
      REQUIRE(values_of(client.call(fetch_request("t", 0, 0), fetch_by_name)) == acknowledged);
    });
  }
}

TEST_CASE("failure: a change of topics whose list could not be saved is not made, and a start later finds what was answered") {
  struct Change {
    const char* name;
    ErrorCode (*make)(RawClient& client);
  };
  const Change changes[] = {
      {"create", [](RawClient& client) { return create_topic(client, "new", 2); }},
      {"delete", [](RawClient& client) { return delete_topic(client, "t"); }},
      {"grow", [](RawClient& client) { return grow_topic(client, "t", 5); }},
      {"configure", [](RawClient& client) { return set_config(client, "t", "retention.ms", "12345"); }},
  };
  // What the list of topics says, as a client sees it.
  const auto topics_of = [](RawClient& client) {
    std::string text;
    for (const char* name : {"t", "new"}) {
      const auto topic = metadata_of(client, {name}).topics.at(0);
      text += std::string(name) + " " + std::to_string(topic.partitions.size()) + " ";
      if (topic.error_code == ErrorCode::none) text += config_of(client, name, "retention.ms") + " ";
    }
    return text;
  };
  for (const Change& change : changes) {
    int kept = 0;
    int undone = 0;
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      CAPTURE(change.name, seed);
      sim::Options options;
      options.seed = seed;
      BrokerWorld broker(test_config(), options);
      const bool settles = seed % 2 == 0;
      std::string before;
      std::string after;
      ErrorCode answer{};
      broker.as_client([&](Env& env) {
        RawClient client(env);
        REQUIRE(create_topic(client, "t") == ErrorCode::none);
        before = topics_of(client);
        broker.world.disk(broker.broker).sync_dir_error = {1, 3};
        answer = change.make(client);
        broker.world.disk(broker.broker).sync_dir_error = {};
        after = topics_of(client);
        broker.world.set_read_only(broker.broker, false);
        REQUIRE((answer == ErrorCode::none || answer == ErrorCode::kafka_storage_error));
        REQUIRE((answer == ErrorCode::none) == (after != before));
        // The next change first puts right what the failed one may have left behind.
        if (settles) REQUIRE(create_topic(client, "other") == ErrorCode::none);
      });
      broker.crash_and_restart();
      broker.as_client([&](Env& env) {
        RawClient client(env);
        const std::string found = topics_of(client);
        if (answer == ErrorCode::none || settles) {
          REQUIRE(found == after);
        } else {
          ++(found == before ? undone : kept);
        }
        // Whatever the start has found, it can be worked with.
        REQUIRE(create_topic(client, "later") == ErrorCode::none);
        REQUIRE(produce(client, "later", 0, batch_of({"x"})).error_code == ErrorCode::none);
      });
    }
    CAPTURE(change.name, undone, kept);
    // Of what was refused and not put right, power cuts undid some and kept some, but for what is refused long before the list.
    REQUIRE(undone > 0);
    const bool is_list_only = std::string_view(change.name) == "delete" || std::string_view(change.name) == "configure";
    if (is_list_only) REQUIRE(kept > 0);
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
