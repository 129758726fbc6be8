// ReplicaFetcher: fetches from one leader for all partitions that this broker follows there. One request at a time.
//
// A request asks for every partition whose log is ready for more, and waits at the leader until there is something, so that an idle
// pair of brokers exchanges two requests a second, however many partitions they share. What comes is appended to all the logs at once;
// then their disks are waited for together. A log whose disk is slower than the others, or that has to be cut first, does not hold
// them up for long: the next request goes without it, and does not wait at the leader, so that the late one can join soon.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "broker/metadata/records.h"
#include "broker/node/catch_up_throttle.h"
#include "broker/node/partition.h"
#include "broker/node/peers.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

struct FetcherConfig {
  BrokerId self = replication::no_broker;
  Duration wait_max{};  // at the leader, for something to come
  Duration timeout{};   // for an answer, on top of it
  std::int32_t bytes_max = 0;
  std::int32_t partition_bytes_max = 0;
};

class ReplicaFetcher {
 public:
  ReplicaFetcher(Env& env, const Peers& peers, const FetcherConfig& config, BrokerId leader, CatchUpThrottle& throttle);

  /// The partition follows this leader now, or may be fetched again. Does not suspend.
  void add(Partition& partition);
  void set_broker_epoch(metadata::BrokerEpoch epoch) {
    if (std::exchange(broker_epoch_, epoch) != epoch) news_.set();
  }
  /// Fetches until cancelled.
  void run();
  std::size_t partition_count() const { return partitions_.size(); }

 private:
  struct Asked {
    std::shared_ptr<Partition> partition;
    replication::FetchPosition position;
  };
  struct Round {
    protocol::FetchRequest request;
    std::map<PartitionName, Asked> asked;
    Time next_due = no_deadline;  // of those that were left out
  };

  Round gather();
  void add_to(Round& round, const PartitionName& name, const std::shared_ptr<Partition>& partition, Time now);
  Result<> wait_for_logs();
  bool any_busy() const;
  void take_in(Round& round, const protocol::FetchResponse& response);

  // Constant after construction.
  Env& env_;
  const Peers& peers_;
  const FetcherConfig config_;
  const BrokerId leader_;
  CatchUpThrottle& throttle_;
  // Volatile.
  metadata::BrokerEpoch broker_epoch_ = metadata::no_broker_epoch;
  std::map<PartitionName, std::shared_ptr<Partition>> partitions_;
  PartitionName start_at_;  // whose turn it is to be first: answers are limited
  Event news_;
};

}  // namespace faultline
