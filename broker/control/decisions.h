// The course of a request to the controller: refuse if this node does not decide, decide, commit, answer. Private to the APIs' files.
#pragma once

#include <utility>

#include "broker/control/controller_service.h"

namespace faultline::control {

using controller::Controller;

/// What a request is given that names no time itself.
inline constexpr std::int32_t default_timeout_ms = 5000;

template <class Decide, class Refuse>
auto ControllerService::decided(Time deadline, Decide&& decide, Refuse&& refuse) {
  if (!active()) return refuse(Refusal(ErrorCode::not_controller, "this node is not the active controller"));
  auto response = decide(controller_);
  const Outcome<> committed = commit(deadline);
  if (!committed) return refuse(committed.error());
  if constexpr (requires { response.metadata_applied; }) response.metadata_applied = log_.image().applied();
  return response;
}

/// Puts an outcome where an answer or one of its parts says it.
template <class Place, class T>
void set_outcome(Place& place, const Outcome<T>& outcome) {
  if (outcome.has_value()) return;
  place.error_code = outcome.error().code;
  if constexpr (requires { place.error_message; }) {
    if (!outcome.error().message.empty()) place.error_message = outcome.error().message;
  }
}

}  // namespace faultline::control
