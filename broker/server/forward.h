// Changes of the cluster's metadata: a broker passes them on to the active controller (KIP-590). Before it answers it waits until it has
// carried out itself what was changed, so that a client finds its own change with its next request.
#pragma once

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>

#include "broker/client/calls.h"
#include "broker/protocol/messages.h"
#include "broker/server/handler.h"

namespace faultline {

/// Until when a request that the controller is to answer may take: as it says, or, if it does not say, as Kafka's clients do.
template <class Request>
Time deadline_of(HandlerContext context, const Request& request) {
  constexpr Duration usual_timeout = 30s;
  Duration timeout = usual_timeout;
  if constexpr (requires { request.timeout_ms; }) {
    if (request.timeout_ms > 0) timeout = std::chrono::milliseconds(request.timeout_ms);
  }
  return after(context.env.clock.now(), timeout);
}

/// Suspends until `holds()`, looking whenever this broker has carried out newer metadata. Errors: timed_out, cancelled.
Result<> wait_for_metadata(HandlerContext context, const std::function<bool()>& holds, Time deadline);

/// Does `work` in a fiber of its own until it has finished; if the client goes or the broker stops, only for a little longer. Suspends.
void while_wanted(HandlerContext context, const std::function<void()>& work);

// What a client is told when the controller could not be asked, or did not answer.
protocol::AlterConfigsResponse refused(const protocol::AlterConfigsRequest& request, const Refusal& why);
protocol::CreatePartitionsResponse refused(const protocol::CreatePartitionsRequest& request, const Refusal& why);
protocol::CreateTopicsResponse refused(const protocol::CreateTopicsRequest& request, const Refusal& why);
protocol::DeleteTopicsResponse refused(const protocol::DeleteTopicsRequest& request, const Refusal& why);
protocol::IncrementalAlterConfigsResponse refused(const protocol::IncrementalAlterConfigsRequest& request, const Refusal& why);

/// For the answers that have an error for the whole request.
template <class Request>
client::Answer<Request> refused(const Request&, const Refusal& why) {
  client::Answer<Request> response;
  response.error_code = why.code;
  if constexpr (requires { response.error_message; }) response.error_message = why.message;
  return response;
}

/// The controller's answer, or a refusal. Suspends.
template <class Request>
client::Answer<Request> forward(HandlerContext context, const Request& request) {
  Result<client::Answer<Request>> answer = Error(Errc::timed_out, "the controller was not reached in time");
  while_wanted(context, [&] {
    const Time deadline = deadline_of(context, request);
    answer = context.broker.controller().call(request, deadline);
    if (!answer) return;
    if constexpr (requires { answer->metadata_applied; }) {
      const std::int64_t applied = std::exchange(answer->metadata_applied, -1);
      // Late is no failure: the change is made.
      if (applied >= 0) static_cast<void>(context.broker.wait_metadata(applied, deadline));
    }
  });
  if (answer) return *std::move(answer);
  // Whatever broke: nobody knows whether the change was made, which is what this error tells a client.
  return refused(request, Refusal(ErrorCode::request_timed_out, to_string(answer.error())));
}

}  // namespace faultline
