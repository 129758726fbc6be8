#include "sim/clock.h"

#include "base/check.h"
#include "sim/kernel.h"

namespace faultline::sim {
namespace {

constexpr std::int64_t million = 1'000'000;
__extension__ using Wide = __int128;

}  // namespace

SimClock::SimClock(const Kernel& kernel, Duration wall_offset, std::int32_t drift_ppm)
    : kernel_(kernel), wall_offset_(wall_offset) {
  set_drift(drift_ppm);
}

Time SimClock::now() const {
  if (frozen_) return base_local_;
  const std::int64_t elapsed = (kernel_.now - base_world_).count();
  if (rate_ == million) return base_local_ + Duration(elapsed);
  return base_local_ + Duration(static_cast<std::int64_t>(static_cast<Wide>(elapsed) * rate_ / million));
}

WallTime SimClock::wall_now() const { return kernel_.options.wall_start + now().time_since_epoch() + wall_offset_; }

Time SimClock::world_time_of(Time local) const {
  if (frozen_ || local == no_deadline) return no_deadline;
  if (local <= base_local_) return base_world_;
  const std::int64_t ahead = (local - base_local_).count();
  if (rate_ == million) return after(base_world_, Duration(ahead));
  const Wide elapsed = (static_cast<Wide>(ahead) * million + rate_ - 1) / rate_;
  return elapsed > INT64_MAX ? no_deadline : after(base_world_, Duration(static_cast<std::int64_t>(elapsed)));
}

void SimClock::set_drift(std::int32_t drift_ppm) {
  ENSURE(drift_ppm > -million);
  rebase();
  rate_ = million + drift_ppm;
}

void SimClock::freeze() {
  rebase();
  frozen_ = true;
}

void SimClock::unfreeze() {
  rebase();
  frozen_ = false;
}

void SimClock::rebase() {
  base_local_ = now();
  base_world_ = kernel_.now;
}

}  // namespace faultline::sim
