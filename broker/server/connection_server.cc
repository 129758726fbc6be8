#include "broker/server/connection_server.h"

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

ConnectionServer::ConnectionServer(Env& env, const BrokerConfig& config, RequestStarter& starter)
    : env_(env),
      config_(config),
      starter_(starter),
      request_memory_(static_cast<std::uint64_t>(config.queued_max_request_bytes)),
      serving_(env.tasks) {}

Result<> ConnectionServer::listen(const Endpoint& endpoint) {
  listener_ = TRY(env_.network.listen(endpoint));
  const std::string address = to_string(listener_->local());
  env_.trace.emit(listening, {{"address", address}});
  return {};
}

Result<> ConnectionServer::run() {
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

void ConnectionServer::stop() {
  stopping_ = true;
  if (listener_ != nullptr) listener_->close();
}

void ConnectionServer::serve(std::unique_ptr<Stream> stream) {
  if (serving_.size() >= static_cast<std::size_t>(config_.max_connections)) {
    env_.trace.emit(connection_refused, {{"max_connections", config_.max_connections}});
    return;
  }
  serving_.spawn("connection", [this, held = std::make_shared<std::unique_ptr<Stream>>(std::move(stream))] {
    if (stopping_) return;  // accepted in the last moment: nobody would tell this connection to stop
    Connection connection(env_, std::move(*held), starter_, request_memory_, limits());
    const std::uint64_t number = next_connection_++;
    connections_.emplace(number, &connection);
    connection.run();
    connections_.erase(number);
  });
}

ConnectionLimits ConnectionServer::limits() const {
  return {.frame = {.frame_bytes_max = config_.socket_request_max_bytes,
                    .idle_timeout = std::chrono::milliseconds(config_.connections_max_idle_ms),
                    .receive_timeout = std::chrono::milliseconds(config_.request_receive_timeout_ms)},
          .requests_in_flight_max = requests_in_flight_max,
          .send_timeout = std::chrono::milliseconds(config_.connections_max_idle_ms),
          .contended_timeout = slow_reader_patience,
          .linger = linger_time};
}

}  // namespace faultline
