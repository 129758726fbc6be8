// A process of a cluster from start to stop, the same on real sockets and in the simulator.
#pragma once

#include <functional>

#include "base/result.h"
#include "broker/node/broker_config.h"
#include "broker/server/server.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

/// What whoever runs a broker wants to see of it. All may be absent.
struct BrokerWatch {
  /// The logs are recovered; nothing is served or changed before this returns. May suspend.
  std::function<void(Broker&)> on_opened = {};
  /// Clients are served: the broker is registered and not fenced.
  std::function<void(Broker&, const BrokerServer&)> on_ready = {};
  /// The broker, if it was opened, is about to go, which may take a while: it must not be looked at any more.
  std::function<void()> on_going = {};
};

/// Opens the data directory, listens, and serves until `stop` is set; then gives leaderships away, answers what was received, syncs and
/// closes the logs. A task that is cancelled ends without the closing.
/// Errors: as Broker::open, BrokerServer::listen, Broker::run, Broker::close.
Result<> run_broker(Env& env, const BrokerConfig& config, Event& stop, const BrokerWatch& watch);

}  // namespace faultline
