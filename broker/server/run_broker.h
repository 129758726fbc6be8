// A broker from start to stop, the same on real sockets and in the simulator.
#pragma once

#include <functional>

#include "base/result.h"
#include "broker/node/broker_config.h"
#include "broker/server/server.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

/// Opens the data directory, listens, calls `on_ready`, and serves until `stop` is set; then answers what was received, syncs and
/// closes the logs. A task that is cancelled ends without the closing.
/// Errors: as Broker::open, BrokerServer::listen, Broker::close.
Result<> run_broker(Env& env, const BrokerConfig& config, Event& stop,
                    const std::function<void(Broker&, const BrokerServer&)>& on_ready);

}  // namespace faultline
