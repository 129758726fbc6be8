// CatchUpThrottle: keeps replicas that are far behind from taking the whole network from those that are in sync.
//
// A bucket of bytes for the whole broker, filled at a fixed rate. What was fetched for replicas outside of the ISR is taken out after
// the fact, so that it may go below zero; while it is, they are left out of fetches. In whole numbers: decisions depend on it.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.h"

namespace faultline {

class CatchUpThrottle {
 public:
  /// 0: no limit.
  explicit CatchUpThrottle(std::int64_t bytes_per_second) : bytes_per_second_(bytes_per_second) {}

  /// When more may be fetched: now or later.
  Time due(Time now) const { return bytes_per_second_ <= 0 ? now : std::max(now, free_at_); }

  void took(std::int64_t bytes, Time now) {
    if (bytes_per_second_ <= 0 || bytes <= 0) return;
    // What was not used for longer than a second is gone.
    const Time from = std::max(free_at_, now - std::chrono::seconds(1));
    const std::int64_t nanoseconds =
        bytes / bytes_per_second_ * 1'000'000'000 + bytes % bytes_per_second_ * 1'000'000'000 / bytes_per_second_;
    free_at_ = from + std::chrono::nanoseconds(nanoseconds);
  }

 private:
  const std::int64_t bytes_per_second_;
  Time free_at_{};
};

}  // namespace faultline
