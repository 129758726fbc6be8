#include "broker/server/server.h"

#include <algorithm>

namespace faultline {

BrokerServer::BrokerServer(Env& env, Broker& broker)
    : broker_(broker),
      response_memory_(static_cast<std::uint64_t>(
          std::max<std::int64_t>(broker.config().queued_max_request_bytes, broker.config().fetch_max_bytes))),
      dispatcher_(env, broker, response_memory_),
      connections_(env, broker.config(), dispatcher_) {}

Result<> BrokerServer::listen() {
  TRY(connections_.listen(TRY(broker_.config().listen_endpoint())));
  broker_.bound_to(connections_.local());
  return {};
}

}  // namespace faultline
