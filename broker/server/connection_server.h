// ConnectionServer: accepts connections on one listener, and ends them in good order.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "broker/node/broker_config.h"
#include "broker/server/connection.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

class ConnectionServer {
 public:
  /// `config` and `starter` outlive this.
  ConnectionServer(Env& env, const BrokerConfig& config, RequestStarter& starter);

  /// Binds the listener. Errors: as Network::listen.
  Result<> listen(const Endpoint& endpoint);
  /// Where it listens, with the port that was chosen if 0 was asked for. Requires: listen() succeeded.
  const Endpoint& local() const { return listener_->local(); }
  /// Serves until stop() or the task is cancelled. When it returns, every request that was taken in has been answered. A connection
  /// takes in as many as it may have in flight; what a client sent on top of that is unread, has no effect, and gets no answer.
  Result<> run();
  void stop();

  std::size_t connection_count() const { return connections_.size(); }

 private:
  void serve(std::unique_ptr<Stream> stream);
  ConnectionLimits limits() const;

  // Constant after construction.
  Env& env_;
  const BrokerConfig& config_;
  RequestStarter& starter_;
  // Volatile.
  RequestMemory request_memory_;
  std::unique_ptr<Listener> listener_;
  std::map<std::uint64_t, Connection*> connections_;  // in order of arrival
  std::uint64_t next_connection_ = 0;
  bool stopping_ = false;
  TaskGroup serving_;
};

}  // namespace faultline
