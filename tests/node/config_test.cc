#include <catch2/catch.hpp>
#include <map>

#include "base/suggest.h"
#include "broker/node/broker_config.h"

using namespace faultline;

namespace {

Result<BrokerConfig> parse(std::string_view text) {
  BrokerConfig config;
  Result<> read = read_properties(config, "server.properties", text);
  if (!read) return read.error();
  return config;
}

}  // namespace

TEST_CASE("config: a properties file sets broker keys and topic defaults under Kafka's names") {
  const BrokerConfig config = parse(
                                  "# a comment\n"
                                  "node.id = 7\n\n"
                                  "listeners=PLAINTEXT://127.0.0.1:9093\n"
                                  "log.retention.hours=2\r\n"
                                  "log.flush.interval.messages=10000\n"
                                  "auto.create.topics.enable=false\n")
                                  .value();
  CHECK(config.node_id == 7);
  CHECK(config.topic_defaults.retention_ms == 7'200'000);
  CHECK(config.topic_defaults.flush_messages == 10'000);
  CHECK_FALSE(config.auto_create_topics_enable);
  CHECK(config.listen_endpoint().value() == Endpoint{"127.0.0.1", 9093});
  CHECK(config.validate().has_value());
}

TEST_CASE("config: what is wrong is told with file, line, key and remedy") {
  const auto complaint = [](std::string_view text) { return parse(text).error().detail; };
  CHECK(complaint("\nnum.partitons=3\n") ==
        "server.properties:2: unknown configuration key 'num.partitons'; did you mean 'num.partitions'?");
  CHECK(complaint("num.partitions=none") == "server.properties:1: num.partitions: expected an integer, got 'none'");
  CHECK(complaint("num.partitions=0") == "server.properties:1: num.partitions: expected a value from 1 to 2147483647, got '0'");
  CHECK(complaint("log.retention.ms=week") == "server.properties:1: log.retention.ms: expected an integer, got 'week'");
  CHECK(complaint("auto.create.topics.enable=yes") ==
        "server.properties:1: auto.create.topics.enable: expected true or false, got 'yes'");
  CHECK(complaint("log.cleanup.policy=compact") == "server.properties:1: log.cleanup.policy: expected 'delete', got 'compact'");
  CHECK(complaint("broker") == "server.properties:1: expected key=value, got 'broker'");
  CHECK(complaint("zookeeper.connect=localhost:2181") == "server.properties:1: unknown configuration key 'zookeeper.connect'");
}

TEST_CASE("config: values that contradict each other are refused") {
  BrokerConfig config;
  config.listeners = "0.0.0.0:9092";
  CHECK(config.validate().error().detail.find("advertised.listeners") != std::string::npos);
  config.advertised_listeners = "kafka.example:9092";
  CHECK(config.validate().has_value());
  config.queued_max_request_bytes = 1;
  CHECK(config.validate().has_error());
  config = {};
  config.listeners = "SSL://localhost:9093";
  CHECK(config.validate().has_error());
}

TEST_CASE("config: a process is a broker, a controller, or both, and nothing else") {
  const auto roles = [](std::string_view words) { return parse("process.roles=" + std::string(words)); };
  for (const char* both : {"broker,controller", "controller,broker"}) {
    CHECK(roles(both)->has_broker_role());
    CHECK(roles(both)->has_controller_role());
    CHECK(roles(both)->validate().has_value());
  }
  CHECK_FALSE(roles("broker")->has_controller_role());
  CHECK_FALSE(roles("controller")->has_broker_role());
  for (const char* wrong : {"", "voter", "broker,broker", "broker, controller"}) {
    INFO(wrong);
    REQUIRE(roles(wrong).has_error());
    CHECK(roles(wrong).error().detail.find("server.properties:1: process.roles: expected one of 'broker,controller'") == 0);
  }
}

TEST_CASE("config: half a process is no cluster, and a controller in a cluster listens for the others") {
  const std::string cluster = "controller.quorum.bootstrap.servers=1@one:9093\n";
  for (const char* half : {"broker", "controller"}) {
    const std::string role = "process.roles=" + std::string(half) + "\n";
    CHECK(parse(role)->validate().error().detail.find("process.roles: a cluster of one needs both") == 0);
    CHECK(parse(role + cluster + "controller.listeners=:9093")->validate().has_value() == (half == std::string_view("broker")));
  }
  CHECK(parse("process.roles=broker\n" + cluster)->validate().has_value());
  for (const char* controller : {"controller", "broker,controller"}) {
    const std::string role = "process.roles=" + std::string(controller) + "\n";
    CHECK(parse(role + cluster)->validate().error().detail.find("controller.listeners: ") == 0);
    CHECK(parse(role + cluster + "controller.listeners=0.0.0.0:9093")->validate().has_value());
  }
}

TEST_CASE("config: the quorum is found by ids and addresses, each id once") {
  const auto servers = [](std::string_view list) {
    return parse("controller.quorum.bootstrap.servers=" + std::string(list))->bootstrap_servers();
  };
  CHECK(servers("")->empty());
  using Servers = std::map<std::int32_t, Endpoint>;
  CHECK(*servers("1@one:9093") == Servers{{1, {"one", 9093}}});
  CHECK(*servers("3@c.example:9093,1@10.0.0.1:19093") == Servers{{1, {"10.0.0.1", 19093}}, {3, {"c.example", 9093}}});
  for (const char* wrong : {"one:9093", "1@one", "1@one:0x1", "1@one:70000", "@one:9093", "x@one:9093", "-1@one:9093",
                            "1@one:9093,1@two:9093", "1@one:9093 2@two:9093", ",1@one:9093", "2147483648@one:9093"}) {
    INFO(wrong);
    REQUIRE(servers(wrong).has_error());
    CHECK(servers(wrong).error().detail.find("controller.quorum.bootstrap.servers: expected ID@HOST:PORT") == 0);
    CHECK(parse("controller.quorum.bootstrap.servers=" + std::string(wrong))->validate().has_error());
  }
}

TEST_CASE("config: a session outlasts the pause between two heartbeats") {
  const auto valid = [](const char* heartbeat, const char* session) {
    return parse("broker.heartbeat.interval.ms=" + std::string(heartbeat) + "\nbroker.session.timeout.ms=" + session)
        ->validate()
        .has_value();
  };
  CHECK(valid("2000", "9000"));
  CHECK(valid("999", "1000"));
  CHECK_FALSE(valid("1000", "1000"));
  CHECK_FALSE(valid("9000", "2000"));
  CHECK(parse("broker.session.timeout.ms=2000")->validate().error().detail.find("broker.session.timeout.ms is not longer") == 0);
}

TEST_CASE("config: times and counts of a cluster have limits, and what is beyond them is told with them") {
  const auto complaint = [](std::string_view text) { return parse(text).error().detail; };
  CHECK(complaint("broker.heartbeat.interval.ms=0").find("expected a value from 1 to") != std::string::npos);
  CHECK(complaint("broker.session.timeout.ms=-1").find("expected a value from 1 to") != std::string::npos);
  CHECK(complaint("controller.quorum.fetch.timeout.ms=9").find("expected a value from 10 to") != std::string::npos);
  CHECK(complaint("controlled.shutdown.max.wait.ms=-1").find("expected a value from 0 to") != std::string::npos);
  CHECK(complaint("default.replication.factor=32768").find("expected a value from 1 to 32767") != std::string::npos);
  CHECK(complaint("replica.fetch.wait.max.ms=60001").find("expected a value from 1 to 60000") != std::string::npos);
  CHECK(complaint("node.id=-1").find("expected a value from 0 ") != std::string::npos);
  CHECK(parse("controlled.shutdown.max.wait.ms=0")->controlled_shutdown_max_wait_ms == 0);
  CHECK(parse("controller.quorum.fetch.timeout.ms=10")->controller_quorum_fetch_timeout_ms == 10);
}

TEST_CASE("config: every key prints what it parsed") {
  for (const auto& key : topic_config_table().keys()) {
    TopicConfig config;
    const std::string before = topic_config_table().get(config, key);
    REQUIRE(topic_config_table().set(config, key.name, before).has_value());
    CHECK(config == TopicConfig{});
  }
  for (const TopicDefaultKey& alias : topic_default_keys()) CHECK(topic_config_table().find(alias.topic_key) != nullptr);
}

TEST_CASE("suggest: near words are offered, far ones are not") {
  constexpr std::string_view words[] = {"retention.ms", "retention.bytes", "segment.ms"};
  CHECK(closest_word("retension.ms", words) == "retention.ms");
  CHECK(closest_word("compression.type", words).empty());
}

TEST_CASE("config: no time of a broker is longer than what can be counted") {
  int times = 0;
  for (const auto& key : broker_config_table().keys()) {
    if (!key.name.ends_with(".ms")) continue;
    ++times;
    BrokerConfig config;
    const Result<> set = set_broker_config(config, key.name, std::to_string(INT64_MAX));
    INFO(key.name);
    REQUIRE_FALSE(set.has_value());
    CHECK(set.error().detail.find(key.name) != std::string::npos);
  }
  CHECK(times >= 10);
}
