// One connection: versions, order, deadlines, and what breaks it.
#include "broker/client/connection.h"

#include <catch2/catch.hpp>

#include "broker/protocol/create_topics.h"
#include "broker/protocol/fetch.h"
#include "broker/protocol/metadata.h"
#include "simulated.h"

using namespace faultline;
using namespace faultline::client;
using protocol::ApiKey;
using protocol::MetadataRequest;
using Kind = Reaction::Kind;

namespace {

struct Opened {
  TaskGroup group;
  std::unique_ptr<Connection> connection;
  explicit Opened(Env& env, const Simulated& simulated) : group(env.tasks) {
    const ClusterConfig config = simulated.cluster_config();
    connection = need(Connection::open(env, group, config.bootstrap.front(), config.connection, no_deadline));
  }
};

}  // namespace

TEST_CASE("connection: the highest version of both sides is used") {
  Simulated simulated;
  simulated.cluster.version_max[ApiKey::metadata] = 7;
  simulated.run([&](Env& env) {
    Opened opened(env, simulated);
    need(opened.connection->call(MetadataRequest{}, {}));
    CHECK(simulated.cluster.last_version[ApiKey::metadata] == 7);
    need(opened.connection->call(MetadataRequest{}, {.version_max = 5}));
    CHECK(simulated.cluster.last_version[ApiKey::metadata] == 5);
    CHECK(*opened.connection->version_of(ApiKey::fetch) == 17);
    CHECK(opened.connection->version_of(ApiKey::fetch, 3).error().transport == Errc::unsupported);
  });
}

TEST_CASE("connection: a broker that does not know our ApiVersions is asked again in its own") {
  for (protocol::Version max = 0; max <= 3; ++max) {
    Simulated simulated;
    simulated.cluster.version_max[ApiKey::api_versions] = max;
    simulated.run([&](Env& env) {
      Opened opened(env, simulated);
      CHECK(simulated.cluster.last_version[ApiKey::api_versions] == max);
      CHECK(simulated.cluster.seen[ApiKey::api_versions] == 2);
      need(opened.connection->call(MetadataRequest{}, {}));
    });
  }
}

TEST_CASE("connection: many callers share it, each gets the answer to its own request") {
  Simulated simulated;
  for (int i = 0; i < 20; ++i) simulated.cluster.add_topic("t" + std::to_string(i), 1);
  simulated.run([&](Env& env) {
    Opened opened(env, simulated);
    TaskGroup callers(env.tasks);
    int answered = 0;
    for (int i = 0; i < 20; ++i) {
      callers.spawn("caller", [&, i] {
        MetadataRequest request;
        request.topics = {{{{}, "t" + std::to_string(i)}}};
        const auto answer = need(opened.connection->call(request, {}));
        REQUIRE(answer.topics.size() == 1);
        CHECK(answer.topics[0].name == "t" + std::to_string(i));
        ++answered;
      });
    }
    callers.join();
    CHECK(answered == 20);
  });
}

TEST_CASE("connection: what is not a sound answer breaks it, and the outcome is unknown") {
  for (const Kind kind :
       {Kind::close, Kind::serve_and_close, Kind::wrong_correlation, Kind::garbage, Kind::endless_length, Kind::cut_answer}) {
    INFO("reaction " << static_cast<int>(kind));
    Simulated simulated;
    simulated.cluster.script = FakeCluster::on(ApiKey::metadata, {{.kind = kind}});
    simulated.run([&](Env& env) {
      Opened opened(env, simulated);
      const auto answer = opened.connection->call(MetadataRequest{}, {});
      REQUIRE_FALSE(answer.has_value());
      CHECK(answer.error().is_transport());
      CHECK_FALSE(answer.error().definite);
      CHECK_FALSE(opened.connection->usable());
      // Nothing more is sent on it, and that is known for sure.
      CHECK(opened.connection->call(MetadataRequest{}, {}).error().definite);
    });
  }
}

TEST_CASE("connection: a missing answer breaks it after request.timeout.ms, for every call behind it") {
  Simulated simulated;
  simulated.cluster.script = FakeCluster::on(ApiKey::metadata, {{.kind = Kind::never_answer}});
  simulated.run([&](Env& env) {
    Opened opened(env, simulated);
    const Time start = env.clock.now();
    TaskGroup callers(env.tasks);
    int failed = 0;
    for (int i = 0; i < 3; ++i) {
      callers.spawn("caller", [&] {
        const auto answer = opened.connection->call(MetadataRequest{}, {});
        REQUIRE_FALSE(answer.has_value());
        CHECK_FALSE(answer.error().definite);
        ++failed;
      });
    }
    callers.join();
    CHECK(failed == 3);
    CHECK(env.clock.now() - start >= 2s);
    CHECK(env.clock.now() - start < 3s);
  });
}

TEST_CASE("connection: a caller whose deadline is short goes away, the connection stays") {
  Simulated simulated;
  simulated.cluster.add_topic("t", 1);
  simulated.cluster.script = FakeCluster::on(ApiKey::metadata, {{.delay = 500ms}});
  simulated.run([&](Env& env) {
    Opened opened(env, simulated);
    const auto hasty = opened.connection->call(MetadataRequest{}, {.deadline = env.clock.now() + 100ms});
    REQUIRE_FALSE(hasty.has_value());
    CHECK(hasty.error().transport == Errc::timed_out);
    CHECK_FALSE(hasty.error().definite);
    CHECK(opened.connection->usable());
    MetadataRequest request;
    request.topics = {{{{}, "t"}}};
    CHECK(need(opened.connection->call(request, {})).topics.size() == 1);
  });
}

TEST_CASE("connection: a half-open connection is found by the next call after the timeout") {
  Simulated simulated;
  simulated.run([&](Env& env) {
    Opened opened(env, simulated);
    simulated.world.forget_connections(simulated.broker_node, simulated.client_node);
    for (int i = 0; i < 2; ++i) {
      CHECK(opened.connection->call(MetadataRequest{}, {.deadline = env.clock.now() + 1500ms}).error().transport ==
            Errc::timed_out);
    }
    const auto last = opened.connection->call(MetadataRequest{}, {.deadline = env.clock.now() + 10ms});
    CHECK_FALSE(opened.connection->usable());
    CHECK(last.error().definite);
  });
}

TEST_CASE("connection: cancelling a caller leaves the others alone; destroying it fails them") {
  Simulated simulated;
  simulated.cluster.script =
      FakeCluster::on(ApiKey::metadata, {{.delay = 500ms}, {.delay = 500ms}, {.kind = Kind::never_answer}});
  simulated.run([&](Env& env) {
    Opened opened(env, simulated);
    TaskGroup cancelled(env.tasks);
    TaskGroup others(env.tasks);
    bool answered = false;
    cancelled.spawn("cancelled", [&] { CHECK(opened.connection->call(MetadataRequest{}, {}).error().is_cancelled()); });
    others.spawn("other", [&] {
      need(opened.connection->call(MetadataRequest{}, {}));
      answered = true;
    });
    REQUIRE(sleep_until(env.clock.now() + 100ms).has_value());
    cancelled.cancel();
    others.join();
    CHECK(answered);
    others.spawn("late", [&] { CHECK(opened.connection->call(MetadataRequest{}, {}).error().transport == Errc::closed); });
    REQUIRE(sleep_until(env.clock.now() + 100ms).has_value());
    opened.connection.reset();
    others.join();
  });
}
