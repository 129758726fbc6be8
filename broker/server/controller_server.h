// ControllerServer: a controller on the network. One port takes the brokers' requests to the active controller, in Kafka's protocol, and
// the streams of the metadata quorum, which tell themselves apart by their first frame (broker/quorum/wire/frame.h).
#pragma once

#include "broker/node/broker.h"
#include "broker/server/connection_server.h"
#include "runtime/env.h"

namespace faultline {

class ControllerDispatcher final : public RequestStarter {
 public:
  /// `decisions`: the fibers of requests under way.
  ControllerDispatcher(Broker& broker, TaskGroup& decisions) : broker_(broker), decisions_(decisions) {}

  /// Errors: unsupported (an API or version that is not served here), malformed, truncated: the connection is to be closed.
  Result<FinishRequest> start(const Slice& frame, LongPolls& polls) override;
  bool take_over(Stream& stream, const Slice& first_frame, const NextFrame& next) override;

 private:
  Broker& broker_;
  TaskGroup& decisions_;
};

class ControllerServer {
 public:
  /// Requires: `broker` has the role of a controller.
  ControllerServer(Env& env, Broker& broker);

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
  TaskGroup decisions_;
  ControllerDispatcher dispatcher_;
  ConnectionServer connections_;
};

}  // namespace faultline
