// `faultline bench`: figures with their goals and the machine's own limit beside them.
#pragma once

#include <string>

#include "cli/exit_code.h"

namespace faultline::cli {

struct BenchOptions {
  std::string name;   // sim, broker or checkers
  bool json = false;  // the figures as JSON instead of a table
};

/// Returns: ok also when a goal is missed, which the figures say: a busy machine is not an error.
ExitCode bench(const BenchOptions& options);

}  // namespace faultline::cli
