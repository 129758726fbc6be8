// Brokers that are a cluster, in the simulator: each is controller and broker, on a machine of its own, and all of them are the quorum's
// first voters.
#pragma once

#include <catch2/catch.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "broker/node/format.h"
#include "broker/server/run_broker.h"
#include "sim/world.h"

namespace faultline {

class ClusterWorld {
 public:
  /// Starts `count` brokers, with ids from 1, and runs until all of them serve clients. `edit` may change what they are configured with.
  explicit ClusterWorld(std::int32_t count, const std::function<void(BrokerConfig&)>& edit = {}, const sim::Options& options = {})
      : world(options) {
    members_.resize(static_cast<std::size_t>(count));
    for (std::int32_t id = 1; id <= count; ++id) {
      Member& member = member_of(id);
      member.config = config_of(id);
      if (edit) edit(member.config);
      member.node = world.add_node(host_of(id), {host_of(id)}, [this, id](Env& env) { serve(id, env); });
    }
    run_until([&] { return ready_count() == count; }, 60s);
  }

  static Endpoint address(std::int32_t id) { return {host_of(id), 9092}; }
  static Endpoint controller_address(std::int32_t id) { return {host_of(id), 9093}; }
  std::int32_t count() const { return static_cast<std::int32_t>(members_.size()); }
  std::int32_t ready_count() const {
    std::int32_t ready = 0;
    for (const Member& member : members_) ready += member.running != nullptr;
    return ready;
  }
  sim::NodeId node(std::int32_t id) { return member_of(id).node; }

  /// Power loss; the broker stays down.
  void crash(std::int32_t id) { world.crash(node(id)); }
  /// Starts it again and runs until it serves clients.
  void start(std::int32_t id) {
    world.restart(node(id), Duration{});
    run_until([&] { return member_of(id).running != nullptr; }, 60s);
  }
  /// Asks the broker to end, and waits for it. Returns: what run_broker returned.
  Result<> stop(std::int32_t id, Duration limit = 60s) {
    Member& member = member_of(id);
    member.ended.reset();
    world.schedule(world.now(), [&member] { member.stop->set(); });
    run_until([&] { return member.ended.has_value() && !world.is_running(member.node); }, limit);
    return *member.ended;
  }

  /// Runs `body` in a client process of its own, to its end.
  void as_client(std::function<void(Env&)> body, Duration limit = 1h) {
    const sim::NodeId client = world.add_node("client-" + std::to_string(++clients_), {}, std::move(body));
    run_until([&] { return !world.is_running(client); }, limit);
  }

  void run_until(const std::function<bool()>& done, Duration limit) {
    const Time end = after(world.now(), limit);
    while (!done()) {
      REQUIRE(world.now() < end);
      world.run_for(1ms);
    }
  }

 private:
  struct Member {
    BrokerConfig config;
    sim::NodeId node;
    bool formatted = false;
    std::unique_ptr<Event> stop;
    std::optional<Result<>> ended;
    Broker* running = nullptr;
  };

  static std::string host_of(std::int32_t id) { return "broker-" + std::to_string(id); }
  static protocol::Uuid directory_of(std::int32_t id) { return protocol::Uuid::of(1, static_cast<std::uint64_t>(id)); }
  Member& member_of(std::int32_t id) { return members_.at(static_cast<std::size_t>(id - 1)); }

  BrokerConfig config_of(std::int32_t id) const {
    BrokerConfig config;
    config.node_id = id;
    config.cluster_id = "cluster-under-test";
    config.listeners = to_string(address(id));
    config.controller_listeners = to_string(controller_address(id));
    for (std::int32_t voter = 1; voter <= count(); ++voter) {
      if (voter > 1) config.controller_quorum_bootstrap_servers += ",";
      config.controller_quorum_bootstrap_servers += std::to_string(voter) + "@" + to_string(controller_address(voter));
    }
    return config;
  }

  void format(std::int32_t id, Env& env) {
    std::vector<raft::Voter> voters;
    for (std::int32_t voter = 1; voter <= count(); ++voter)
      voters.push_back({replica_key(voter, directory_of(voter)), to_string(controller_address(voter))});
    StorageFormat format;
    format.node_id = id;
    format.cluster_id = member_of(id).config.cluster_id;
    format.directory_id = directory_of(id);
    format.voters = raft::VoterSet(std::move(voters));
    const Result<> formatted = format_storage(env, format, 30s);
    REQUIRE(formatted.has_value());
    member_of(id).formatted = true;
  }

  void serve(std::int32_t id, Env& env) {
    Member& member = member_of(id);
    struct Forget {
      Member& member;
      ~Forget() { member.running = nullptr; }
    };
    const Forget forget{member};
    if (!member.formatted) format(id, env);
    member.stop = std::make_unique<Event>();
    BrokerWatch watch;
    watch.on_ready = [&member](Broker& broker, const BrokerServer&) { member.running = &broker; };
    member.ended = run_broker(env, member.config, *member.stop, watch);
  }

  std::vector<Member> members_;
  int clients_ = 0;

 public:
  sim::World world;  // after what its fibers use
};

}  // namespace faultline
