// One history file, read and judged.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "checkers/formats/workload.h"
#include "checkers/transactions/consistency_level.h"
#include "checkers/verdict.h"
#include "cli/promises.h"

namespace faultline::cli {

/// What is asked of a file.
struct FileTask {
  std::vector<std::string> paths;  // "-": stdin. Several are clients of one run
  std::optional<formats::Format> format;
  std::optional<formats::Workload> workload;
  transactions::ConsistencyLevel level = transactions::ConsistencyLevel::strict_serializable;
  std::vector<std::string> tolerated;
  LogPromises promises;
  checkers::Requirements required;
  std::uint64_t memory_bytes = 0;
  std::int64_t timeout_ns = 0;  // 0: none
  bool picture = false;
  bool show_progress = false;

  /// The file, for messages: "a.jsonl", "a.jsonl and 2 more".
  std::string name() const {
    return paths.front() + (paths.size() > 1 ? " and " + std::to_string(paths.size() - 1) + " more" : std::string());
  }
};

/// What came of it. Sent from a worker to its parent as JSON.
struct FileReport {
  enum class Outcome : std::uint8_t { valid, invalid, unknown, bad_input, crashed };

  Outcome outcome = Outcome::valid;
  std::vector<std::string> failures;  // names of the anomalies that make it invalid
  std::string text;                   // for a terminal
  std::string json;                   // one object, for programs
  std::string dot;                    // the picture of the first finding, if asked for
};

/// "valid", "invalid", "unknown", "bad input", "crashed".
std::string_view to_string(FileReport::Outcome outcome);

/// Never fails: what is wrong with the file is a report.
FileReport check_file(const FileTask& task);

std::string to_message(const FileReport& report);
/// Requires: made by to_message.
FileReport file_report_from(const std::string& message);

}  // namespace faultline::cli
