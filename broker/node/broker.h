// Broker: what one node holds and does, without the sockets. It owns the data directory, the topics and the logs; broker/server
// puts it on the network.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/result.h"
#include "broker/node/broker_config.h"
#include "broker/node/data_directory.h"
#include "broker/node/producer_ids.h"
#include "broker/node/topics.h"
#include "runtime/env.h"

namespace faultline {

class Broker {
 public:
  /// Takes the data directory, recovers its logs and starts a new incarnation.
  /// Errors: locked (another broker runs on it), corrupt, io_error, no_space, invalid_argument (the configuration), cancelled.
  static Result<std::unique_ptr<Broker>> open(Env& env, const BrokerConfig& config);

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
  Topics& topics() { return *topics_; }
  ProducerIds& producer_ids() { return *producer_ids_; }
  /// How tools are told of the data directory: its path is the operator's business, its id is enough.
  std::string log_directory() const { return protocol::to_string(directory_->directory_id()); }

  /// Runs `use(partition)` on the reactor that owns the partition: the one way for a handler to touch it. There is one reactor
  /// today, this one.
  template <class Use>
  auto on_owner(Partition& partition, Use&& use) {
    return std::forward<Use>(use)(partition);
  }

 private:
  Broker(Env& env, const BrokerConfig& config, Endpoint advertised)
      : env_(env), config_(config), advertised_(std::move(advertised)), maintenance_(env.tasks) {}

  Result<> maintain();

  // Constant after construction.
  Env& env_;
  const BrokerConfig config_;
  // Volatile.
  Endpoint advertised_;
  std::unique_ptr<DataDirectory> directory_;
  std::unique_ptr<Topics> topics_;
  std::unique_ptr<ProducerIds> producer_ids_;
  TaskGroup maintenance_;
};

}  // namespace faultline
