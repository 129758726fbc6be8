#include "broker/client/kept_connection.h"

namespace faultline::client {
namespace {

constexpr TracePoint connect_failed_point{"client.connect_failed", TraceLevel::info};

}  // namespace

ClientResult<> KeptConnection::open(const Shared& shared, const Endpoint& endpoint, Time deadline) {
  connection_.reset();
  endpoint_ = endpoint;
  ClientResult<std::unique_ptr<Connection>> opened =
      Connection::open(shared.env, shared.tasks, endpoint, shared.config, deadline);
  if (!opened) {
    ++failures_;
    not_before_ = after(shared.env.clock.now(), shared.reconnect.delay(failures_));
    shared.env.trace.emit(connect_failed_point, {{"broker", to_string(endpoint)}, {"failures", failures_}});
    return std::move(opened).error();
  }
  failures_ = 0;
  connection_ = *std::move(opened);
  return {};
}

}  // namespace faultline::client
