// Lifecycle: a broker's standing in its cluster. It registers its incarnation, heartbeats, is fenced and unfenced, and leaves in good
// order.
//
//   registering   the controller is asked for a broker epoch until it gives one
//   fenced        has an epoch; leads and replicates nothing until it has carried out the metadata up to its own registration
//   active        unfenced
//   leaving       asked to go: leaderships are given away, then the controller says that it may
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/control/controller_channel.h"
#include "broker/controller/requests.h"
#include "broker/metadata/records.h"
#include "broker/protocol/broker_heartbeat.h"
#include "broker/protocol/broker_registration.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

/// Who registers.
struct BrokerIdentity {
  std::int32_t broker_id = -1;
  std::string cluster_id;
  protocol::Uuid directory_id;
  std::string rack;
  metadata::BrokerEpoch previous_epoch = metadata::no_broker_epoch;  // of a clean shutdown
  std::vector<controller::PartitionName> damaged;
};

/// What a broker tells with its heartbeats.
struct BrokerReports {
  std::function<std::int64_t()> applied;  // metadata records that are carried out
  std::function<std::optional<Error>()> disk_failure;
  std::function<std::optional<controller::LogEnd>(const controller::PartitionName&)> log_end;
};

class Lifecycle {
 public:
  Lifecycle(Env& env, control::ControllerChannel& channel, BrokerIdentity identity, BrokerReports reports,
            Duration heartbeat_interval);

  /// Registers and heartbeats until cancelled. `on_epoch` is called with every new epoch of this incarnation, before anything else
  /// is asked. Suspends. Errors: invalid_argument (the cluster refuses this broker for good); that of the disk, once it has failed and
  /// the cluster knows it, or could not be told; cancelled.
  Result<> run(const Endpoint& advertised, const std::function<void(metadata::BrokerEpoch)>& on_epoch);

  /// BrokerReports::applied has moved. The controller hears at once of what it waits for before it unfences.
  void carried_out(std::int64_t applied);
  /// BrokerReports::disk_failure has something to tell. The controller hears at once, so that others lead soon.
  void disk_failed() { hurry_.set(); }
  /// Asks to leave and waits until the controller agrees, or the deadline, or until for `unheard` no controller has answered. Suspends.
  void leave(Time deadline, Duration unheard);

  metadata::BrokerEpoch epoch() const { return epoch_; }
  bool fenced() const { return fenced_; }
  /// Suspends until the controller has unfenced this incarnation. Errors: timed_out, cancelled.
  Result<> wait_active(Time deadline) { return active_.wait(deadline); }

 private:
  /// Whether metadata that contain this incarnation's registration are carried out.
  bool caught_up(std::int64_t applied) const { return applied > epoch_; }
  Result<> register_broker(const Endpoint& advertised);
  Result<bool> heartbeat();
  Result<> wait_for_next(Duration pause);

  // Constant after construction.
  Env& env_;
  control::ControllerChannel& channel_;
  const BrokerIdentity identity_;
  const BrokerReports reports_;
  const Duration interval_;
  protocol::Uuid incarnation_;
  // Volatile.
  metadata::BrokerEpoch epoch_ = metadata::no_broker_epoch;
  bool fenced_ = true;
  bool leaving_ = false;
  Time heard_{};                   // when a controller last answered
  std::int64_t told_applied_ = 0;  // by the last heartbeat
  std::vector<controller::PartitionName> log_ends_wanted_;
  Event hurry_;  // there is something to say that cannot wait
  Event active_;
  Event may_go_;
};

}  // namespace faultline
