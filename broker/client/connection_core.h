// What the handle of a connection, its writer and its reader share. Private to connection*.cc.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "broker/client/connection.h"
#include "runtime/sync.h"

namespace faultline::client {

/// A call that waits; lives on the stack of its fiber.
struct Connection::Call {
  Event done;
  bool was_written = false;  // at least a part of it may have reached the broker
  std::optional<Result<Slice>> answer;
};

struct Connection::Core {
  struct Queued {
    Sent sent;
    std::vector<Slice> frame;
    Call* call;
    Time expires;
  };
  /// Written, or being written; `call` is nullptr once its fiber has gone away.
  struct InFlight {
    Sent sent;
    Call* call;
    Time expires;
  };

  Core(const Env& env, std::unique_ptr<Stream> connected, const ConnectionConfig& connection_config)
      : clock(env.clock), trace(env.trace), config(connection_config), stream(std::move(connected)) {}

  /// Ends the connection: every call fails, both fibers end. The first reason counts.
  void fail(const Error& error);
  /// `call` goes away. A request that was not written is taken back.
  void abandon(const Call& call);
  /// The next frame belongs to the oldest call in flight.
  Result<> deliver(const Slice& frame);
  void write_loop();
  void read_loop();

  // Constant after construction.
  Clock& clock;
  Trace& trace;
  const ConnectionConfig config;
  const std::unique_ptr<Stream> stream;
  // Constant after the versions were agreed on.
  std::map<protocol::ApiKey, std::pair<protocol::Version, protocol::Version>> common_versions;
  // Volatile.
  std::optional<Error> broken;
  std::deque<Queued> queued;
  std::deque<InFlight> in_flight;
  std::vector<Call*> unanswered;  // being written, and done with that
  Condition queued_changed;
  std::int32_t last_correlation_id = 0;
};

}  // namespace faultline::client
