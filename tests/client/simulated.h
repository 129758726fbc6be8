// A simulated world with fake brokers on one node and the code under test on another.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <string>

#include "broker/client/config.h"
#include "broker/client/consumer_config.h"
#include "broker/client/error.h"
#include "broker/client/producer_config.h"
#include "fake_broker.h"
#include "sim/world.h"

namespace faultline::client {

class Simulated {
 public:
  explicit Simulated(std::int32_t brokers = 1, std::uint64_t seed = 1) : world({.seed = seed}) {
    for (std::int32_t id = 1; id <= brokers; ++id) cluster.brokers[id] = {"broker", static_cast<std::uint16_t>(9090 + id)};
    broker_node = world.add_node("broker", {"broker"}, [this](Env& env) {
      TaskGroup group(env.tasks);
      for (const auto& [id, endpoint] : cluster.brokers) {
        group.spawn("fake.broker", [&env, this, broker = id] { run_fake_broker(env, cluster, broker); });
      }
      group.join();
    });
  }

  /// Runs `body` as the client's node, to its end.
  void run(std::function<void(Env&)> body) {
    bool finished = false;
    client_node = world.add_node("client", {"client"}, [&](Env& env) {
      body(env);
      finished = true;
    });
    world.run_for(10min);
    REQUIRE(finished);
  }

  ClusterConfig cluster_config() const {
    ClusterConfig config;
    for (const auto& [id, endpoint] : cluster.brokers) config.bootstrap.push_back(endpoint);
    config.connection.request_timeout = 2s;
    return config;
  }
  ProducerConfig producer_config() const {
    ProducerConfig config;
    config.cluster = cluster_config();
    config.delivery_timeout = 20s;
    config.idempotence = false;  // most tests are about what a producer can know without it
    config.block_max = 5s;
    return config;
  }
  ConsumerConfig consumer_config() const {
    ConsumerConfig config;
    config.cluster = cluster_config();
    config.offset_reset = OffsetReset::earliest;
    return config;
  }

  FakeCluster cluster;  // before the world, whose fibers use it to the end
  sim::World world;
  sim::NodeId broker_node{};
  sim::NodeId client_node{};
};

/// The value, or a failed test.
template <class T>
T need(ClientResult<T> result) {
  if (!result.has_value()) FAIL(to_string(result.error()));
  return *std::move(result);
}
inline void need(const ClientResult<>& result) {
  if (!result.has_value()) FAIL(to_string(result.error()));
}

inline ProducerRecord record(std::string topic, std::string_view value, std::optional<std::int32_t> partition = 0) {
  ProducerRecord made;
  made.topic = std::move(topic);
  made.partition = partition;
  made.value = Slice::copy_of(value);
  return made;
}

}  // namespace faultline::client
