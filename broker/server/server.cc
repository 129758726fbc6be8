#include "broker/server/server.h"

#include <algorithm>

namespace faultline {
namespace {

constexpr TracePoint listening{"server.listening", TraceLevel::info};
constexpr TracePoint accept_failed{"server.accept_failed", TraceLevel::warning};
constexpr TracePoint connection_refused{"server.connection_refused", TraceLevel::warning};

// A producer may have this many requests waiting for their sync; what comes on top waits in the socket.
constexpr std::size_t requests_in_flight_max = 64;
// Out of descriptors: connections end all the time, so look again soon.
constexpr Duration accept_pause = 100ms;
// How long a client that does not read may hold memory that others wait for, or hold up a stop. Well under the 30 s that clients wait for an answer.
constexpr Duration slow_reader_patience = 5s;
// How long a client has to notice that the connection has ended.
constexpr Duration linger_time = 1s;

}  // namespace

BrokerServer::BrokerServer(Env& env, Broker& broker)
    : env_(env),
      broker_(broker),
      request_memory_(static_cast<std::uint64_t>(broker.config().queued_max_request_bytes)),
      response_memory_(static_cast<std::uint64_t>(
          std::max<std::int64_t>(broker.config().queued_max_request_bytes, broker.config().fetch_max_bytes))),
      dispatcher_(env, broker, response_memory_),
      serving_(env.tasks) {}

Result<> BrokerServer::listen() {
  listener_ = TRY(env_.network.listen(TRY(broker_.config().listen_endpoint())));
  broker_.bound_to(listener_->local());
  const std::string address = to_string(listener_->local());
  env_.trace.emit(listening, {{"address", address}});
  return {};
}

Result<> BrokerServer::run() {
  Result<> ended;
  while (!stopping_) {
    Result<std::unique_ptr<Stream>> accepted = listener_->accept(no_deadline);
    if (accepted) {
      serve(std::move(*accepted));
    } else if (accepted.error() == Errc::cancelled || accepted.error() == Errc::closed) {
      if (!stopping_) ended = accepted.error();
      break;
    } else {
      env_.trace.emit(accept_failed, {{"error", to_string(accepted.error().code)}});
      ended = sleep_until(after(env_.clock.now(), accept_pause));
      if (!ended) break;
    }
  }
  listener_->close();
  for (const auto& [number, connection] : connections_) connection->stop_reading();
  serving_.join();
  return ended;
}

void BrokerServer::stop() {
  stopping_ = true;
  if (listener_ != nullptr) listener_->close();
}

void BrokerServer::serve(std::unique_ptr<Stream> stream) {
  if (serving_.size() >= static_cast<std::size_t>(broker_.config().max_connections)) {
    env_.trace.emit(connection_refused, {{"max_connections", broker_.config().max_connections}});
    return;
  }
  serving_.spawn("connection", [this, held = std::make_shared<std::unique_ptr<Stream>>(std::move(stream))] {
    if (stopping_) return;  // accepted in the last moment: nobody would tell this connection to stop
    Connection connection(env_, std::move(*held), dispatcher_, request_memory_, limits());
    const std::uint64_t number = next_connection_++;
    connections_.emplace(number, &connection);
    connection.run();
    connections_.erase(number);
  });
}

ConnectionLimits BrokerServer::limits() const {
  const BrokerConfig& config = broker_.config();
  return {.frame = {.frame_bytes_max = config.socket_request_max_bytes,
                    .idle_timeout = std::chrono::milliseconds(config.connections_max_idle_ms),
                    .receive_timeout = std::chrono::milliseconds(config.request_receive_timeout_ms)},
          .requests_in_flight_max = requests_in_flight_max,
          .send_timeout = std::chrono::milliseconds(config.connections_max_idle_ms),
          .contended_timeout = slow_reader_patience,
          .linger = linger_time};
}

}  // namespace faultline
