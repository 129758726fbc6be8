// What is asked of the controller, and what it answers. Plain values: the wire's messages become these at the handler's edge.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/time.h"
#include "broker/metadata/records.h"

namespace faultline::controller {

using metadata::BrokerEpoch;
using metadata::BrokerId;
using metadata::Uuid;

struct PartitionName {
  Uuid topic_id;
  std::int32_t partition = 0;

  auto operator<=>(const PartitionName&) const = default;
};

struct Registration {
  BrokerId broker_id = metadata::no_broker;
  std::string cluster_id;
  Uuid incarnation;
  std::vector<metadata::Endpoint> endpoints;
  std::optional<std::string> rack;
  std::vector<Uuid> directories;
  std::vector<metadata::FeatureRange> features;
  /// The epoch of the incarnation before, if it went down in order: it wrote everything to the disk and then noted its epoch.
  BrokerEpoch previous_epoch = metadata::no_broker_epoch;
  /// Logs that may lack what they acknowledged: a sync failed, a bad batch lay before good ones, or they ended below a point that they
  /// had noted as reached. Not those of which only an interrupted write was cut off.
  std::vector<PartitionName> damaged;
};

/// Who led before, as the one knows who leads now and has followed it.
struct LastController {
  BrokerId node = metadata::no_broker;  // of its process, which may be a broker as well
  Time heard;
};

struct Heartbeat {
  BrokerId broker_id = metadata::no_broker;
  BrokerEpoch broker_epoch = metadata::no_broker_epoch;
  std::int64_t applied = 0;  // metadata records that the broker has replayed
  bool wants_fence = false;
  bool wants_shut_down = false;
};

struct HeartbeatAnswer {
  bool caught_up = false;  // has replayed its own registration
  bool fenced = true;
  bool may_shut_down = false;
  /// Partitions of which nobody is known to have everything: the broker is to say where its logs of them end.
  std::vector<PartitionName> log_ends_wanted;
};

/// Where a log ends, for the choice of the longest one.
struct LogEnd {
  std::int32_t leader_epoch = -1;  // of its last batch
  std::int64_t offset = 0;

  auto operator<=>(const LogEnd&) const = default;
};

struct LogEndReport {
  BrokerId broker_id = metadata::no_broker;
  BrokerEpoch broker_epoch = metadata::no_broker_epoch;
  PartitionName partition;
  LogEnd end;
};

struct IsrMember {
  BrokerId broker_id = metadata::no_broker;
  BrokerEpoch broker_epoch = metadata::no_broker_epoch;  // of the incarnation that caught up
};

struct AlterPartition {
  BrokerId leader = metadata::no_broker;
  BrokerEpoch leader_broker_epoch = metadata::no_broker_epoch;
  PartitionName partition;
  std::int32_t leader_epoch = 0;
  std::int32_t partition_epoch = 0;  // that the leader knows: compare and set
  std::vector<IsrMember> isr;
  bool recovering = false;
};

/// Which way a feature's level may go.
enum class LevelChange : std::uint8_t { up, down };

struct FeatureUpdate {
  std::string name;
  std::int16_t level = 0;  // 0: off
  LevelChange allowed = LevelChange::up;
};

struct ConfigEdit {
  std::string key;
  std::optional<std::string> value;  // nothing: back to the default
};

struct NewTopic {
  std::string name;
  std::int32_t partitions = -1;                   // -1: the default
  std::int32_t replication = -1;                  // -1: the default
  std::vector<std::vector<BrokerId>> assignment;  // instead of both
  std::vector<ConfigEdit> config;
};

struct CreatedTopic {
  Uuid id;
  std::int32_t partitions = 0;
  std::int32_t replication = 0;
};

struct ProducerIdBlock {
  std::int64_t first = 0;
  std::int32_t count = 0;
};

}  // namespace faultline::controller
