// The proof of liveness without the rest: the core is drawn and healed, the others are frozen where they stand, and what the promise grants
// to the core is asked for until it is there or time is up. Who is in the core and what it is owed: core.h.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "scenarios/broker_host.h"
#include "scenarios/cluster_probe.h"
#include "scenarios/core.h"
#include "scenarios/setup_load.h"
#include "scenarios/trial.h"

namespace faultline::scenarios {

using Hosts = std::vector<std::unique_ptr<BrokerHost>>;

/// Those servers whose processes run.
std::vector<RunningServer> running_servers(const Hosts& hosts);

class CoreProof {
 public:
  /// Adds the nodes of its clients, which begin stopped. `number` tells the records that it writes from all others'. Both arguments outlive it.
  CoreProof(TrialState& state, const Hosts& hosts, std::uint32_t number);
  CoreProof(const CoreProof&) = delete;
  CoreProof& operator=(const CoreProof&) = delete;

  /// Says who is in the core, as things are now.
  void draw();
  /// Freezes the rest and asks for what the core owes. Requires: draw() was called, and the faults of the trial have been healed since.
  /// Returns: whether all of it came; else failure() says what did not.
  bool run();
  /// Whoever was frozen goes on.
  void thaw();

  /// Empty unless run() has failed.
  const std::string& failure() const { return failure_; }
  CoreReport report() const;

 private:
  std::string missing_at(Time deadline);
  std::string not_settled() const;
  std::vector<RunningServer> core_servers() const;
  void freeze(BrokerHost& host);
  std::vector<sim::NodeId> all_but(sim::NodeId one) const;

  // Constant after construction.
  TrialState& state_;
  const Hosts& hosts_;
  sim::NodeId reader_ = sim::no_node;
  sim::NodeId admin_ = sim::no_node;
  // Volatile.
  Core core_;
  std::vector<sim::PartitionId> cuts_;
  std::vector<client::TopicPartition> demanded_;
  FinalReads reads_;
  bool metadata_changed_ = false;
  std::string failure_;
};

}  // namespace faultline::scenarios
