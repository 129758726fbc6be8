// BrokerServer: a broker on the network, for its clients and for the replicas of other brokers.
#pragma once

#include "broker/node/broker.h"
#include "broker/server/connection_server.h"
#include "broker/server/dispatch.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

class BrokerServer {
 public:
  BrokerServer(Env& env, Broker& broker);

  /// Binds the listener. Errors: as Network::listen.
  Result<> listen();
  /// As ConnectionServer's.
  const Endpoint& local() const { return connections_.local(); }
  Result<> run() { return connections_.run(); }
  void stop() { connections_.stop(); }
  std::size_t connection_count() const { return connections_.connection_count(); }

 private:
  // Constant after construction.
  Broker& broker_;
  // Volatile.
  Semaphore response_memory_;
  Dispatcher dispatcher_;
  ConnectionServer connections_;
};

}  // namespace faultline
