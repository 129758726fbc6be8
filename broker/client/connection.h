// One connection to a broker: versions are agreed on first, then any number of fibers call at the same time.
//
// Requests leave in the order of the calls and brokers answer in that order, so the oldest call in flight owns the next frame;
// the correlation id only confirms it. One fiber writes and one reads. They live in the caller's group and share the state of the
// connection with the handle, so that no destructor here has to wait for them.
//
//   deadline         of a call: the caller goes away, the connection stays, the answer is dropped when it comes
//   request_timeout  no answer for so long: the connection is given up, as Kafka's own client does. Behind a missing answer all
//                    others are late too, and a half-open connection is found in no other way
//   broken           every call in flight fails; the error is definite for those of which no byte was written
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/slice.h"
#include "broker/client/calls.h"
#include "broker/client/config.h"
#include "broker/client/error.h"
#include "broker/protocol/frame.h"
#include "runtime/env.h"

namespace faultline::client {

/// For calls that need no particular version.
inline constexpr protocol::Version highest_version = protocol::never;

struct CallOptions {
  Time deadline = no_deadline;
  protocol::Version version_max = highest_version;  // the message cannot be said in a later one
  Duration broker_may_wait{};                       // how long the broker was asked to hold the answer back
};

class Connection {
 public:
  /// Connects and agrees on versions. `group` must be cancelled before `env` goes away.
  ///
  /// Suspends. Errors: as Network::connect; unsupported (the broker's ApiVersions makes no sense); timed_out; cancelled.
  static ClientResult<std::unique_ptr<Connection>> open(const Env& env, TaskGroup& group, const Endpoint& broker,
                                                        const ConnectionConfig& config, Time deadline);
  /// Breaks the connection; calls in flight fail with `closed`.
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// Sends `request` in the highest version both sides speak and returns the answer to it. The broker's error codes are in the
  /// answer. Suspends.
  ///
  /// Errors: unsupported (no common version; definite); timed_out, cancelled, connection_reset, closed, malformed, ... of which
  ///         the error says whether the request may have reached the broker.
  template <class Request>
  ClientResult<Answer<Request>> call(const Request& request, const CallOptions& options) {
    const protocol::Version version = TRY(version_of(Request::api_key, options.version_max));
    const std::int32_t correlation_id = next_correlation_id();
    const Slice body = TRY(exchange({Request::api_key, version, correlation_id},
                                    protocol::request_frame(correlation_id, client_id(), version, request), options));
    Result<Answer<Request>> answer = protocol::decode<Answer<Request>>(body, version);
    if (!answer) return not_understood(Request::api_key, answer.error());
    return *std::move(answer);
  }

  /// Sends a request that the broker does not answer (Produce with acks=0). Suspends until it is written.
  template <class Request>
  ClientResult<> send_only(const Request& request, const CallOptions& options) {
    const protocol::Version version = TRY(version_of(Request::api_key, options.version_max));
    const std::int32_t correlation_id = next_correlation_id();
    TRY(exchange({Request::api_key, version, correlation_id, false},
                 protocol::request_frame(correlation_id, client_id(), version, request), options));
    return {};
  }

  /// The version in which call() would send. Errors: unsupported.
  ClientResult<protocol::Version> version_of(protocol::ApiKey key, protocol::Version version_max = highest_version) const;

  /// False once anything went wrong: open another one.
  bool usable() const;
  const Endpoint& peer() const;

 private:
  struct Core;
  struct Call;
  struct Sent {
    protocol::ApiKey key;
    protocol::Version version;
    std::int32_t correlation_id;
    bool is_answered = true;
  };

  explicit Connection(std::shared_ptr<Core> core);

  ClientResult<> agree_on_versions(Time deadline);
  ClientResult<protocol::Version> try_version(protocol::Version version, Time deadline);
  ClientResult<Slice> exchange(const Sent& sent, std::vector<Slice> frame, const CallOptions& options);
  ClientError not_understood(protocol::ApiKey key, const Error& error);
  std::int32_t next_correlation_id();
  const std::string& client_id() const;

  std::shared_ptr<Core> core_;  // shared with the two fibers, which notice a moment later that it is over
};

}  // namespace faultline::client
