// One broker, a cluster of its own, and one client machine in the simulator. A test says what the broker is configured with, hands the client pieces of
// code one after the other, and orders crashes and disk faults in between through `world`.
//
// The broker is the real one: run_broker on an Env whose network, disk and clock are simulated.
#pragma once

#include <algorithm>
#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "broker/server/run_broker.h"
#include "sim/world.h"

namespace faultline {

inline const Endpoint broker_address{"broker", 9092};

inline BrokerConfig test_config() {
  BrokerConfig config;
  config.listeners = to_string(broker_address);
  return config;
}

class BrokerWorld {
 public:
  explicit BrokerWorld(BrokerConfig config = test_config(), const sim::Options& options = {})
      : config_(std::move(config)),
        world(options),
        broker(world.add_node("broker", {"broker"}, [this](Env& env) { serve(env); }, {.start = false})) {
    start();
  }

  /// Starts the broker and runs until it serves clients.
  void start() {
    launch();
    REQUIRE(running_ != nullptr);
  }

  /// Starts the broker and runs until it serves clients, or has ended because it could not.
  void launch() {
    ended_.reset();
    world.restart(broker, Duration{});
    run_until([&] { return leads_everything() || ended_.has_value(); }, 60s);
  }

  /// Asks the broker to end, and waits for it. Returns: what run_broker returned.
  Result<> stop(Duration limit = 60s) {
    order_stop();
    run_until([&] { return ended_.has_value(); }, limit);
    run_until([&] { return !world.is_running(broker); }, limit);
    return *ended_;
  }
  void order_stop() {
    world.schedule(world.now(), [this] { stop_->set(); });
  }

  /// Power loss, and the broker as it comes back from it.
  void crash_and_restart() {
    world.crash(broker);
    start();
  }

  /// Runs `body` in a client process of its own, to its end.
  void as_client(std::function<void(Env&)> body, Duration limit = 1h) {
    const sim::NodeId client = spawn_client(std::move(body));
    run_until([&] { return !world.is_running(client); }, limit);
  }
  /// The same without waiting for its end.
  sim::NodeId spawn_client(std::function<void(Env&)> body) {
    return world.add_node("client-" + std::to_string(++clients_), {}, std::move(body));
  }

  void run_until(const std::function<bool()>& done, Duration limit) {
    const Time end = after(world.now(), limit);
    while (!done()) {
      REQUIRE(world.now() < end);
      world.run_for(1ms);
    }
  }

  bool has_ended() const { return ended_.has_value(); }
  /// What run_broker returned. Requires: has_ended().
  const Result<>& ended() const { return *ended_; }
  const BrokerServer& server() const { return *server_; }
  BrokerConfig& config() { return config_; }

 private:
  /// Whether clients are served by each partition whose log could be opened.
  bool leads_everything() const {
    if (running_ == nullptr) return false;
    const metadata::ClusterImage& image = running_->image();
    std::size_t partitions = 0;
    for (const auto& [id, topic] : image.topics()) partitions += topic.partitions.size();
    const auto here = running_->replicas().partitions();
    const auto leads = [](const std::shared_ptr<Partition>& partition) { return partition->leads(); };
    return std::ranges::all_of(here, leads) && here.size() + running_->replicas().offline().size() == partitions;
  }

  void serve(Env& env) {
    struct Forget {
      BrokerWorld& self;
      ~Forget() { self.running_ = nullptr; }
    };
    const Forget forget{*this};
    stop_ = std::make_unique<Event>();
    BrokerWatch watch;
    watch.on_ready = [&](Broker& started, const BrokerServer& server) {
      running_ = &started;
      server_ = &server;
    };
    ended_ = run_broker(env, config_, *stop_, watch);
  }

  BrokerConfig config_;
  std::unique_ptr<Event> stop_;
  std::optional<Result<>> ended_;
  Broker* running_ = nullptr;
  const BrokerServer* server_ = nullptr;
  int clients_ = 0;

 public:
  sim::World world;  // after what its fibers use
  const sim::NodeId broker;
};

}  // namespace faultline
