// A connection to one broker that is opened when it is first needed, and again after it broke, with growing pauses in between.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>

#include "broker/client/backoff.h"
#include "broker/client/connection.h"
#include "runtime/sync.h"

namespace faultline::client {

class KeptConnection {
 public:
  KeptConnection() = default;
  KeptConnection(const KeptConnection&) = delete;
  KeptConnection& operator=(const KeptConnection&) = delete;

  /// What all connections of one client share.
  struct Shared {
    const Env& env;
    TaskGroup& tasks;  // the fibers of the connections
    const ConnectionConfig& config;
    Backoff& reconnect;
  };

  /// The open connection, or a new one to where `endpoint()` says that the broker is now. Suspends, unless one is open.
  /// Errors: those of `endpoint` and of Connection::open; timed_out (the pause after the last failure is not over).
  template <class EndpointOf>
  ClientResult<std::shared_ptr<Connection>> get(const Shared& shared, EndpointOf&& endpoint_of, Time deadline) {
    Clock& clock = shared.env.clock;
    if (is_good(TRY(endpoint_of())) && not_before_ <= clock.now()) return connection_;
    const Mutex::Guard guard = TRY(opening_.lock(deadline));
    if (not_before_ > clock.now()) {
      TRY(sleep_until(std::min(not_before_, deadline)));
      if (not_before_ > clock.now()) return Error(Errc::timed_out, "waiting to connect again to " + to_string(endpoint_));
    }
    const Endpoint endpoint = TRY(endpoint_of());
    if (!is_good(endpoint)) TRY(open(shared, endpoint, deadline));
    return connection_;
  }

  bool usable() const { return connection_ != nullptr && connection_->usable(); }
  /// Nothing is sent before `time`: the broker has asked for a pause.
  void pause_until(Time time) { not_before_ = std::max(not_before_, time); }

 private:
  bool is_good(const Endpoint& endpoint) const { return usable() && endpoint_ == endpoint; }
  ClientResult<> open(const Shared& shared, const Endpoint& endpoint, Time deadline);

  std::shared_ptr<Connection> connection_;  // shared with calls in flight when it is replaced
  Endpoint endpoint_;                       // that it was opened to
  Mutex opening_;
  std::uint32_t failures_ = 0;
  Time not_before_{};
};

}  // namespace faultline::client
