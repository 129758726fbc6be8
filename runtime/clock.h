// The node's clocks. Monotonic and wall time are separate: the one never goes back, the other may step either way.
#pragma once

#include "base/time.h"

namespace faultline {

class Clock {
 public:
  virtual ~Clock() = default;

  /// Monotonic time of this node. Two nodes' values cannot be compared; drift makes them run at different rates.
  virtual Time now() const = 0;
  /// Wall time of this node: may be wrong, may step backwards.
  virtual WallTime wall_now() const = 0;
};

}  // namespace faultline
