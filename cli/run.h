// `faultline run`: puts a scenario on trial under one seed or many.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace faultline::cli {

struct RunOptions {
  std::string program;  // as it was called: for the command that repeats a finding
  std::string file;
  std::string seeds = "1";  // "N" or "A..B"
  unsigned jobs = 0;        // 0: one per core
  bool twice = false;
  std::string out;    // folder for artifacts; empty: none
  std::string trace;  // file for every event of the seed; empty: none
  bool json = false;
  std::vector<std::string> settings;  // KEY=VALUE
  std::vector<std::string> exhibits;  // names of base/exhibit.h, on top of the scenario's
  bool check_only = false;            // read the file and say whether it is right
};

ExitCode run(const RunOptions& options);

}  // namespace faultline::cli
