// The trial: a seed decides when power fails, when the network is cut and when the primary burns; then the backup
// must know all that was answered.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "examples/primary_backup/log.h"

namespace primary_backup {

struct Verdict {
  std::uint64_t seed = 0;
  std::size_t answered = 0;
  std::vector<std::uint64_t> lost;  // numbers that were answered and that the backup does not have
  std::uint64_t hash = 0;           // of the run
  std::string explanation;          // what was lost, when it was answered, and which faults were in force
};

/// Up to thirty virtual seconds under the faults that `seed` draws, and the end.
Verdict try_seed(std::uint64_t seed, const Config& config);

}  // namespace primary_backup
