// What the two APIs that change configurations have in common: resources, and an answer for each.
#pragma once

#include <string>
#include <utility>

#include "broker/control/decisions.h"
#include "broker/control/repeats.h"

namespace faultline::control {

/// Errors: INVALID_REQUEST (neither a topic nor a broker).
inline Outcome<metadata::ConfigScope> scope_of(std::int8_t resource_type) {
  const auto scope = static_cast<metadata::ConfigScope>(resource_type);
  if (scope == metadata::ConfigScope::topic || scope == metadata::ConfigScope::broker) return scope;
  return Refusal(ErrorCode::invalid_request, "only topics and brokers can be configured");
}

/// An answer for each resource: that of `alter`.
template <class Response, class Request, class Alter>
Response alter_resources(const Request& request, Alter&& alter) {
  Response response;
  answer_each(
      request.resources, [](const auto& resource) { return std::pair(resource.resource_type, resource.resource_name); },
      [&](const auto& resource, const Outcome<>& once) {
        auto& answer = response.responses.emplace_back();
        answer.resource_type = resource.resource_type;
        answer.resource_name = resource.resource_name;
        set_outcome(answer, once ? alter(resource) : once);
      });
  return response;
}

/// The same answer for all of them.
template <class Response, class Request>
Response refuse_resources(const Request& request, const Refusal& why) {
  return alter_resources<Response>(request, [&](const auto&) { return Outcome<>(why); });
}

}  // namespace faultline::control
