// A node's two clocks as functions of virtual time: monotonic = base + elapsed * rate, wall = monotonic + start + offset.
//
// The rate differs from one by the drift; arithmetic is exact in 128-bit integers, so that the conversion in both directions agrees
// on every machine. A frozen clock stands still and its timers do not fire until it runs again.
#pragma once

#include <cstdint>

#include "base/time.h"
#include "runtime/clock.h"

namespace faultline::sim {

struct Kernel;

class SimClock final : public Clock {
 public:
  SimClock(const Kernel& kernel, Duration wall_offset, std::int32_t drift_ppm);

  Time now() const override;
  WallTime wall_now() const override;

  /// The earliest virtual time at which now() is at least `local`; no_deadline if the clock is frozen.
  Time world_time_of(Time local) const;

  /// Sets the wall clock forward or back.
  void step_wall(Duration step) { wall_offset_ += step; }
  /// From now on the clocks gain `drift_ppm` millionths.
  void set_drift(std::int32_t drift_ppm);
  void freeze();
  void unfreeze();
  bool frozen() const { return frozen_; }

 private:
  void rebase();

  const Kernel& kernel_;
  Time base_world_{};
  Time base_local_{};
  Duration wall_offset_;
  std::int64_t rate_ = 1'000'000;  // local nanoseconds per million of the world's
  bool frozen_ = false;
};

}  // namespace faultline::sim
