// Broker: what one process holds and does, without the sockets: its place in the metadata quorum, its replicas, and, where it has the
// role, the controller. broker/server puts it on the network.
//
//   quorum::Node       this process in the quorum, as voter or observer
//   MetadataLog        the cluster as the quorum has decided it
//   ControllerService  decides, while this node leads the quorum (role controller)
//   Replicas           the partitions that the metadata give to this broker (role broker)
//   Lifecycle          registration, heartbeats, leaving in good order (role broker)
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/result.h"
#include "broker/control/controller_channel.h"
#include "broker/control/controller_service.h"
#include "broker/control/metadata_log.h"
#include "broker/node/broker_config.h"
#include "broker/node/data_directory.h"
#include "broker/node/lifecycle.h"
#include "broker/node/peer_connections.h"
#include "broker/node/producer_ids.h"
#include "broker/node/replicas.h"
#include "broker/quorum/node/node.h"
#include "runtime/env.h"

namespace faultline {

class Broker {
 public:
  /// Takes the data directory, recovers its logs and joins the quorum. A directory that was never formatted is formatted: as the only
  /// voter of a cluster of its own, or as a newcomer to the cluster that the configuration names.
  /// Errors: locked (another broker runs on it), corrupt, io_error, no_space, invalid_argument (the configuration), cancelled.
  static Result<std::unique_ptr<Broker>> open(Env& env, const BrokerConfig& config);

  /// Works until cancelled, or until it can no longer: registers, heartbeats, follows the metadata, ticks the controller.
  /// Errors: of the quorum's disk or protocol; cancelled.
  Result<> run();
  /// Suspends until clients can be served: registered, unfenced, everything up to there carried out. A process without the role of a
  /// broker is ready at once. Errors: timed_out, cancelled; invalid_argument (the cluster refuses this broker).
  Result<> wait_ready(Time deadline);
  /// Suspends until this broker has carried out the first `applied` metadata records. Requires: the role of a broker.
  /// Errors: timed_out, cancelled.
  Result<> wait_metadata(std::int64_t applied, Time deadline);
  /// Gives leaderships away, if others can take them, waits at most `patience` for that, and leads nothing any more. A voter stays a little
  /// longer for others that are leaving as well, and need a majority for it. Suspends.
  void leave(Duration patience);
  /// Leads nothing any more: whoever waits for that is answered. For a broker whose run() has ended by itself. Suspends.
  void resign();
  /// Syncs and closes every log, so that the next start need not scan them. Errors: io_error; the next start recovers then.
  Result<> close();

  const BrokerConfig& config() const { return config_; }
  const std::string& cluster_id() const { return directory_->cluster_id(); }
  std::int32_t node_id() const { return config_.node_id; }
  const Endpoint& advertised() const { return advertised_; }
  /// The listener is bound: if the system chose the port, clients must be told that one.
  void bound_to(const Endpoint& local) {
    if (advertised_.port == 0) advertised_.port = local.port;
  }

  /// The cluster as this broker knows it: committed, and carried out here or about to be.
  const metadata::ClusterImage& image() const { return metadata_.image(); }
  control::MetadataLog& metadata() { return metadata_; }
  quorum::Node& quorum() { return *quorum_; }
  /// The way to the active controller, wherever it is.
  control::ControllerChannel& controller() { return *channel_; }
  /// This process's own; nullptr without the role. It may not be the active one.
  control::ControllerService* controller_service() { return service_.get(); }
  Replicas& replicas() { return *replicas_; }
  ProducerIds& producer_ids() { return *producer_ids_; }
  const Lifecycle& lifecycle() const { return *lifecycle_; }
  /// How tools are told of the data directory: its path is the operator's business, its id is enough.
  std::string log_directory() const { return protocol::to_string(directory_->directory_id()); }

  /// Runs `use(partition)` on the reactor that owns the partition: the one way for a handler to touch it. There is one reactor
  /// today, this one.
  template <class Use>
  auto on_owner(Partition& partition, Use&& use) {
    return std::forward<Use>(use)(partition);
  }

 private:
  Broker(Env& env, const BrokerConfig& config, Endpoint advertised);

  Result<> open_directory();
  Result<> join_quorum();
  Result<> open_replicas();
  controller::ControllerConfig controller_config() const;
  BrokerIdentity identity();
  BrokerReports reports();
  void follow_metadata();
  bool others_leave() const;
  void wait_for_others();
  Result<> maintain();
  Time disk_deadline() const;

  // Constant after construction.
  Env& env_;
  const BrokerConfig config_;
  // Constant after open().
  std::unique_ptr<DataDirectory> directory_;
  metadata::BrokerEpoch previous_epoch_ = metadata::no_broker_epoch;  // of a clean shutdown
  // Volatile.
  Endpoint advertised_;
  control::MetadataLog metadata_;
  std::unique_ptr<quorum::Node> quorum_;
  std::unique_ptr<control::ControllerService> service_;
  std::unique_ptr<control::ControllerChannel> channel_;
  std::unique_ptr<PeerConnections> peers_;
  std::unique_ptr<Lifecycle> lifecycle_;  // before what tells it things
  std::unique_ptr<Replicas> replicas_;
  std::unique_ptr<ProducerIds> producer_ids_;
  TaskGroup tasks_;
};

}  // namespace faultline
