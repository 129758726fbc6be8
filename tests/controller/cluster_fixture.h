// A controller and the brokers that talk to it, without a network between them.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "broker/controller/controller.h"

namespace faultline::controller::testing {

using metadata::ConfigScope;
using metadata::contains;
using metadata::no_broker;

inline ControllerConfig test_config() {
  ControllerConfig config;
  config.cluster_id = "test-cluster";
  config.leader_balance = false;
  config.check_config = [](ConfigScope, const metadata::ConfigValues& values) -> Outcome<> {
    if (values.contains("no.such.key")) return Refusal(ErrorCode::invalid_config);
    return {};
  };
  config.check_config_key = [](ConfigScope, std::string_view key) -> Outcome<> {
    if (key == "no.such.key") return Refusal(ErrorCode::invalid_config);
    return {};
  };
  return config;
}

struct Cluster {
  Time now{1h};
  ControllerConfig config = test_config();
  Controller controller{config, RandomStream(42)};
  std::map<BrokerId, BrokerEpoch> epochs;
  std::uint64_t incarnations = 0;
  metadata::ClusterImage replayed;  // what a broker that applies all records has

  explicit Cluster(ControllerConfig with = test_config()) : config(with), controller(with, RandomStream(42)) {
    controller.lead(now, {});
  }

  const metadata::ClusterImage& image() const { return controller.image(); }

  /// Takes the records as a quorum would, and looks at what they made.
  void commit() {
    for (const metadata::Record& record : controller.take_records()) REQUIRE(replayed.apply(record).has_value());
    REQUIRE(replayed == image());
    const std::vector<std::string> broken = image().broken_invariants();
    if (!broken.empty()) FAIL(broken.front());
  }

  Registration registration(BrokerId id) {
    Registration request;
    request.broker_id = id;
    request.cluster_id = config.cluster_id;
    request.incarnation = Uuid::of(1, ++incarnations);
    request.endpoints = {{"PLAINTEXT", "host-" + std::to_string(id), 9092}};
    request.directories = {Uuid::of(2, static_cast<std::uint64_t>(id))};
    request.features = metadata::supported_features();
    return request;
  }

  Outcome<BrokerEpoch> submit(const Registration& request) {
    Outcome<BrokerEpoch> epoch = controller.register_broker(now, request);
    commit();
    if (epoch) epochs[request.broker_id] = *epoch;
    return epoch;
  }

  Outcome<HeartbeatAnswer> beat(BrokerId id, bool wants_shut_down = false) {
    const Outcome<HeartbeatAnswer> answer =
        controller.heartbeat(now, {id, epochs[id], image().applied(), false, wants_shut_down});
    commit();
    return answer;
  }

  /// A broker that registers and is unfenced.
  void join(BrokerId id, std::optional<std::string> rack = std::nullopt) {
    Registration request = registration(id);
    request.rack = std::move(rack);
    REQUIRE(submit(request).has_value());
    REQUIRE_FALSE(beat(id)->fenced);
  }

  /// Its session runs out, while all others are heard.
  void fall_silent(BrokerId id) {
    now += config.session_timeout / 2;
    for (const auto& [other, broker] : image().brokers()) {
      if (other != id && !broker.fenced) (void)controller.heartbeat(now, {other, epochs[other], image().applied(), false, false});
    }
    now += config.session_timeout / 2;
    controller.tick(now);
    commit();
    REQUIRE(image().broker(id)->fenced);
  }

  /// Comes back after it fell silent; `edit` may change what it says of itself.
  template <class Edit>
  void come_back(BrokerId id, Edit&& edit) {
    Registration request = registration(id);
    edit(request);
    REQUIRE(submit(request).has_value());
    REQUIRE_FALSE(beat(id)->fenced);
  }
  void come_back(BrokerId id) {
    come_back(id, [](Registration&) {});
  }

  /// A topic of one partition on exactly these brokers.
  PartitionName topic(const std::string& name, std::vector<BrokerId> replicas, std::vector<ConfigEdit> edits = {}) {
    NewTopic wanted;
    wanted.name = name;
    wanted.assignment = {std::move(replicas)};
    wanted.config = std::move(edits);
    const Outcome<CreatedTopic> created = controller.create_topic(wanted, false);
    REQUIRE(created.has_value());
    commit();
    return {created->id, 0};
  }

  const PartitionRecord& at(const PartitionName& name) const { return *image().partition(name.topic_id, name.partition); }

  AlterPartition isr_change(const PartitionName& name, const std::vector<BrokerId>& isr) {
    const PartitionRecord& partition = at(name);
    AlterPartition request;
    request.leader = partition.leader;
    request.leader_broker_epoch = epochs[partition.leader];
    request.partition = name;
    request.leader_epoch = partition.leader_epoch;
    request.partition_epoch = partition.partition_epoch;
    for (const BrokerId id : isr) request.isr.push_back({id, epochs[id]});
    return request;
  }
  Outcome<PartitionRecord> alter(const AlterPartition& request) {
    Outcome<PartitionRecord> result = controller.alter_partition(request);
    commit();
    return result;
  }
};

using Ids = std::vector<BrokerId>;

}  // namespace faultline::controller::testing
