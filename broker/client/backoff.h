// Delays between attempts, with jitter so that clients that failed together do not come back together. Integer arithmetic, from a
// named stream: a delay is the same on every machine.
#pragma once

#include <algorithm>
#include <cstdint>

#include "base/random.h"
#include "broker/client/config.h"

namespace faultline::client {

class Backoff {
 public:
  Backoff(const BackoffConfig& config, RandomStream random) : config_(config), random_(random) {}

  /// How long to wait after `failures` failures in a row, one at least.
  Duration delay(std::uint32_t failures) {
    // 2^20 times the minimum is past any sensible maximum, and does not overflow for minima below 2 hours.
    const std::uint32_t doublings = std::min(std::max(failures, 1u) - 1, 20u);
    Duration base = config_.min;
    for (std::uint32_t i = 0; i < doublings && base < config_.max; ++i) base *= 2;
    base = std::min(base, config_.max);
    return random_.between(base - base / 5, base + base / 5);
  }

 private:
  BackoffConfig config_;
  RandomStream random_;
};

}  // namespace faultline::client
