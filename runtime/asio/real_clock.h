// The machine's clocks.
#pragma once

#include <chrono>

#include "runtime/clock.h"

namespace faultline {

inline Time machine_now() { return Time(std::chrono::steady_clock::now().time_since_epoch()); }

class RealClock final : public Clock {
 public:
  Time now() const override { return machine_now(); }
  WallTime wall_now() const override { return WallTime(std::chrono::system_clock::now().time_since_epoch()); }
};

}  // namespace faultline
