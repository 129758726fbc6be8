// `faultline run`: puts a scenario on trial under one seed or many.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace faultline::cli {

struct RunOptions {
  std::string file;
  std::vector<std::string> settings;  // KEY=VALUE
  bool check_only = false;            // read the file and say whether it is right
};

ExitCode run(const RunOptions& options);

}  // namespace faultline::cli
