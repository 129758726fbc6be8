#include "cli/run.h"

#include <cstdio>

#include "cli/scenario_input.h"

namespace faultline::cli {

ExitCode run(const RunOptions& options) {
  const Result<scenarios::Scenario> scenario = load_scenario(options.file, options.settings);
  if (!scenario) {
    std::fprintf(stderr, "%s\n", scenario.error().detail.c_str());
    return ExitCode::usage;
  }
  std::printf("%s: a scenario\n", options.file.c_str());
  return ExitCode::ok;
}

}  // namespace faultline::cli
