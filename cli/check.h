// `faultline check`: judges recorded histories, ours or anybody's.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace faultline::cli {

struct CheckOptions {
  std::vector<std::string> files;  // "-" is stdin; a manifest.json says what to expect of the files that it lists
  bool merge = false;              // the files are clients of one run
  std::string format;              // empty: told from the file
  std::string model;
  bool log = false;
  bool list_append = false;
  bool rw_register = false;
  std::string consistency;             // empty: the strictest
  std::vector<std::string> tolerated;  // anomalies of a log that are no failure
  std::vector<std::string> promised;   // what a log promises beyond order: cli/promises.h
  bool json = false;
  std::string dot;
  std::uint64_t memory_bytes = std::uint64_t{2} << 30;
  std::int64_t timeout_ns = 0;  // 0: none
  unsigned jobs = 0;            // 0: one per core
  std::vector<std::string> required;
};

ExitCode check(const CheckOptions& options);

}  // namespace faultline::cli
