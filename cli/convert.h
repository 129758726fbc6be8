// `faultline convert`: a recorded history in another format.
#pragma once

#include <string>
#include <vector>

#include "cli/exit_code.h"

namespace faultline::cli {

struct ConvertOptions {
  std::vector<std::string> files;  // "-" is stdin; several are clients of one run
  std::string to;
  std::string from;    // empty: told from the file
  std::string about;   // a workload; empty: told from the file
  std::string output;  // empty: stdout
  bool lossy = false;
};

ExitCode convert(const ConvertOptions& options);

}  // namespace faultline::cli
