// IsrUpdates: brings the leaders' proposals to the controller, all that are pending in one AlterPartition request, one request at a time.
//
// What became of a proposal is the business of the leader's rules (broker/replication/isr.h); this only classifies answers. An answer that
// did not come may have been a decision all the same, so the proposal is sent again as it was; the partition epoch in it makes a
// second copy void.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "broker/metadata/records.h"
#include "broker/node/partition.h"
#include "broker/node/peers.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

class IsrUpdates {
 public:
  IsrUpdates(Env& env, const Peers& peers, BrokerId self) : env_(env), peers_(peers), self_(self) {}

  /// Does not suspend. A newer proposal takes the place of an older one of the same partition.
  void submit(Partition& partition, const replication::IsrProposal& proposal);
  /// The incarnation in whose name proposals are made. -1: none are sent.
  void set_broker_epoch(metadata::BrokerEpoch epoch);
  /// Sends what is pending until cancelled.
  void run();

 private:
  struct Pending {
    std::weak_ptr<Partition> partition;
    replication::IsrProposal proposal;
  };
  using Batch = std::map<PartitionName, Pending>;

  protocol::AlterPartitionRequest request_for(const Batch& batch) const;
  bool take_in(const Batch& batch, const protocol::AlterPartitionResponse& response, bool repeated);

  // Constant after construction.
  Env& env_;
  const Peers& peers_;
  const BrokerId self_;
  // Volatile.
  metadata::BrokerEpoch broker_epoch_ = metadata::no_broker_epoch;
  Batch pending_;
  Event news_;
};

}  // namespace faultline
