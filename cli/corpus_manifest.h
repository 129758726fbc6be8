// A manifest: what is to be found in the histories beside it. The corpus in checkers/corpus has one; anybody's collection may.
//
//     {"format": "faultline-corpus", "version": 1, "histories": [
//       {"file": "log-lost-write.jsonl", "check": "log", "verdict": "invalid", "anomalies": ["lost-write"], "about": "..."}]}
//
// "check" is log, elle-list-append, elle-register or a model's name (model:log for the model of that name); "format", "consistency",
// "tolerate" and "promise" (lists) are optional, and mean what the options of these names do. All of "anomalies" must be among those that make the history invalid.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/check_file.h"

namespace faultline::cli {

struct Expectation {
  FileReport::Outcome outcome = FileReport::Outcome::valid;
  std::vector<std::string> anomalies;
};

struct ManifestEntry {
  FileTask task;  // what the manifest says of it; limits and requirements are the command line's
  Expectation expected;
};

/// Errors: not_found, malformed, with the file's name.
Result<std::vector<ManifestEntry>> read_manifest(const std::string& path);

/// Why `report` is not what was expected; empty if it is.
std::string mismatch(const Expectation& expected, const FileReport& report);

}  // namespace faultline::cli
