// A request that names a topic or a resource more than once: nobody can tell which of the wishes was meant, so it is left alone and
// answered once, with INVALID_REQUEST. Source: Kafka's ControllerApis, as its tests (ControllerApisTest) have it.
#pragma once

#include <map>
#include <type_traits>

#include "broker/protocol/outcome.h"

namespace faultline::control {

/// Calls `answer(item, outcome)` for the first item of each key; the outcome is an error if there are more of that key.
template <class Items, class KeyOf, class Answer>
void answer_each(const Items& items, KeyOf&& key_of, Answer&& answer) {
  std::map<std::decay_t<decltype(key_of(*items.begin()))>, int> times;
  for (const auto& item : items) ++times[key_of(item)];
  for (const auto& item : items) {
    int& left = times[key_of(item)];
    if (left == 0) continue;
    const Outcome<> once =
        left == 1 ? Outcome<>() : Outcome<>(Refusal(ErrorCode::invalid_request, "the request names it more than once"));
    left = 0;
    answer(item, once);
  }
}

}  // namespace faultline::control
