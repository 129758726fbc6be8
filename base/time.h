// Two kinds of time that never mix: Time is monotonic and orders what one node does, WallTime is what goes into records.
// Neither type can read a clock; only Clock (runtime/env.h) can, so that no code above the seam has an ambient "now".
#pragma once

#include <chrono>
#include <cstdint>

namespace faultline {

using Duration = std::chrono::nanoseconds;

struct MonotonicTimeline {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<MonotonicTimeline, Duration>;
  static constexpr bool is_steady = true;
};

struct WallTimeline {
  using duration = Duration;
  using rep = duration::rep;
  using period = duration::period;
  using time_point = std::chrono::time_point<WallTimeline, Duration>;
  static constexpr bool is_steady = false;
};

using Time = MonotonicTimeline::time_point;
using WallTime = WallTimeline::time_point;

/// A deadline that never comes.
inline constexpr Time no_deadline = Time::max();

/// Milliseconds since 1970, the unit of every Kafka timestamp.
constexpr std::int64_t to_unix_ms(WallTime time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}

/// `time + delay`, saturating at no_deadline.
constexpr Time after(Time time, Duration delay) {
  return delay >= no_deadline - time && time.time_since_epoch().count() >= 0 ? no_deadline : time + delay;
}

using namespace std::chrono_literals;  // NOLINT(google-global-names-in-headers): 5ms reads better than a constructor

}  // namespace faultline
