// `faultline museum`: puts each known mistake back and looks whether the checkers find it; and whether they find nothing without it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace faultline::cli {

struct MuseumOptions {
  std::string folder = "scenarios/museum";
  std::uint64_t seeds = 1000;     // to hunt through at most
  std::uint64_t clean = 20;       // to run without the exhibit
  std::vector<std::string> only;  // names of exhibits; empty: all
  unsigned jobs = 0;              // 0: one per core
  bool json = false;
};

ExitCode museum(const MuseumOptions& options);

}  // namespace faultline::cli
