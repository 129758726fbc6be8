// What the metadata says about one partition, and about the brokers that may hold it: the input of every rule in this folder.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

#include "base/exhibit.h"

namespace faultline::replication {

using BrokerId = std::int32_t;
using BrokerIds = std::vector<BrokerId>;

inline constexpr BrokerId no_broker = -1;
/// A fetch of an old version names no broker epoch, and is not judged by one.
inline constexpr std::int64_t unknown_broker_epoch = -1;

inline bool contains(const BrokerIds& ids, BrokerId id) { return std::find(ids.begin(), ids.end(), id) != ids.end(); }

/// The committed state of a partition. Epochs only grow: the leader epoch with every leader, the partition epoch with every change.
struct PartitionState {
  BrokerId leader = no_broker;
  std::int32_t leader_epoch = 0;
  std::int32_t partition_epoch = 0;
  BrokerIds replicas;  // in the order of preference
  BrokerIds isr;
  bool recovering = false;  // the leader was elected uncleanly, and has not said yet that it is done with that

  bool operator==(const PartitionState&) const = default;
};

struct BrokerStatus {
  std::int64_t epoch = unknown_broker_epoch;
  bool fenced = true;
  bool shutting_down = false;

  bool operator==(const BrokerStatus&) const = default;
};
using BrokerStatuses = std::map<BrokerId, BrokerStatus>;

/// How many in-sync replicas a partition needs before a write counts. A topic that asks for more than it has replicas gets all of
/// them. The one definition, for leaders (watermark, acks=all) and for the controller (eligible leader replicas, KIP-966).
inline std::size_t effective_min_isr(std::int32_t min_insync_replicas, std::size_t replica_count, const Exhibits& exhibits = {}) {
  // Kafka 0.8 had no minimum: a leader on its own acknowledged everything.
  if (exhibits.on(Exhibit::kafka_0_8)) return 1;
  return std::clamp<std::size_t>(static_cast<std::size_t>(std::max(min_insync_replicas, 1)), 1,
                                 std::max<std::size_t>(replica_count, 1));
}

}  // namespace faultline::replication
