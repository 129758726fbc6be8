// ControllerChannel: a broker's way to whoever is the active controller just now. Straight into the service of its own process if that is
// the one, else over a connection that is kept, to the node that the quorum says leads.
//
// Leaders change, and the quorum's followers hear of it at different times. So an attempt that finds no leader, the wrong one or a broken
// connection is followed by another, until the deadline: as soon as there is somebody else to ask, else after a pause. A request may thus be
// carried out twice: all of them are such that the second time does no harm, but may be refused for what the first did (TOPIC_ALREADY_EXISTS).
#pragma once

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "broker/client/backoff.h"
#include "broker/client/kept_connection.h"
#include "broker/control/controller_service.h"
#include "broker/quorum/node/node.h"
#include "runtime/env.h"
#include "runtime/tasks.h"

namespace faultline::control {

/// Whether an answer says that the wrong node was asked. Where only the parts of an answer have codes, one of them is enough.
template <class Response>
bool is_not_controller(const Response& response) {
  const auto says_it = [](const auto& part) { return part.error_code == ErrorCode::not_controller; };
  const auto some_say_it = [&](const auto& parts) { return std::any_of(parts.begin(), parts.end(), says_it); };
  if constexpr (requires { response.error_code; }) {
    return says_it(response);
  } else if constexpr (requires { response.topics; }) {
    return some_say_it(response.topics);
  } else if constexpr (requires { response.responses; }) {
    return some_say_it(response.responses);
  } else {
    return some_say_it(response.results);
  }
}

class ControllerChannel {
 public:
  /// `log` is what `node` applies its log to. `local`: the service of this process, if it has one. All of them outlive this.
  ControllerChannel(Env& env, const quorum::Node& node, MetadataLog& log, ControllerService* local,
                    client::ConnectionConfig config);
  ControllerChannel(const ControllerChannel&) = delete;
  ControllerChannel& operator=(const ControllerChannel&) = delete;

  /// Suspends. Returns: the controller's answer, or that of the last one asked, which says NOT_CONTROLLER. `repeated` is set if there was
  /// more than one attempt: then a copy of the request may still be carried out, whatever the answer says.
  /// Errors: timed_out (the detail says what was the matter last), closed, cancelled; unsupported (the controller does not speak it).
  template <class Request>
  Result<client::Answer<Request>> call(const Request& request, Time deadline, bool* repeated = nullptr) {
    for (std::uint32_t failures = 1;; ++failures) {
      if (failures > 1 && repeated != nullptr) *repeated = true;
      const Addressee asked = addressee();
      Result<client::Answer<Request>> answer = attempt(request, deadline);
      const bool settled = answer ? !is_not_controller(*answer) : !may_pass(answer.error());
      if (settled) return answer;
      asked_.reset();
      const Result<> paused = pause(asked, failures, deadline);
      if (paused) continue;
      if (paused.error() != Errc::timed_out) return paused.error();
      if (!answer) return Error(Errc::timed_out, "no controller: " + to_string(answer.error()));
      return answer;
    }
  }

  /// Ends every call with `closed`.
  void close();

 private:
  /// Whom a call is for, as far as this node knows.
  struct Addressee {
    std::optional<raft::NodeId> leader;
    bool local = false;  // it has taken over the controller's role in this process
    bool operator==(const Addressee&) const = default;
  };

  template <class Request>
  Result<client::Answer<Request>> attempt(const Request& request, Time deadline) {
    if (closed_) return Error(Errc::closed, "the channel to the controller");
    if (local_ != nullptr && local_->active()) return local_->handle(request);
    const std::shared_ptr<client::Connection> connection = TRY(connection_to_leader(deadline));
    client::ClientResult<client::Answer<Request>> answer = connection->call(request, {.deadline = deadline});
    if (!answer) return answer.error().transport;
    return *std::move(answer);
  }

  Addressee addressee() const;
  /// Whom to ask, if it is not this process.
  std::optional<raft::NodeId> controller() const;
  Result<std::shared_ptr<client::Connection>> connection_to_leader(Time deadline);
  /// Whether another attempt may do better.
  bool may_pass(const Error& error) const;
  /// Ends early when a call is for somebody else than `asked`.
  /// Errors: timed_out (there is no time for another attempt), closed, cancelled.
  Result<> pause(const Addressee& asked, std::uint32_t failures, Time deadline);

  // Constant after construction.
  Env& env_;
  const quorum::Node& node_;
  MetadataLog& log_;
  ControllerService* const local_;
  const client::ConnectionConfig config_;

  // Volatile.
  client::Backoff retry_;
  client::Backoff reconnect_;
  bool closed_ = false;
  std::optional<raft::NodeId> asked_;  // who was asked last, until an attempt fails
  std::map<raft::NodeId, client::KeptConnection> connections_;
  TaskGroup tasks_;  // last: the fibers of the connections
};

}  // namespace faultline::control
