// Random histories: nonsense that has every anomaly, sound ones that a correct log could have produced, and ways to spoil these.
#pragma once

#include <string_view>
#include <vector>

#include "base/random.h"
#include "checkers/history.h"

namespace faultline::checkers {

/// Up to 14 operations of 3 processes on 2 partitions with offsets and values drawn from a handful. No value is sent twice.
LogHistory nonsense_history(RandomStream& random);

/// What 3 producers and 3 consumers see of 2 correct partitions, with indefinite and failed sends, seeks, and final reads.
LogHistory sound_history(RandomStream& random);

/// A way to spoil a sound history. `apply` returns false, and changes nothing, where the history offers no occasion.
struct Plant {
  std::string_view anomaly;
  bool (*apply)(LogHistory& history, RandomStream& random);
};
const std::vector<Plant>& plants();

}  // namespace faultline::checkers
