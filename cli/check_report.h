// What was found in a history, as text and as JSON; the same shape for all checkers.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "checkers/verdict.h"
#include "cli/check_file.h"

namespace faultline::cli {

/// A judged history, before it is told.
struct Judgement {
  std::string format;
  std::string checker;  // "log", "register, linearizable", "elle-list-append, strict-serializable"
  std::string guessed;  // why, if nobody asked for this checker; else empty
  checkers::Verdict verdict;
  std::string details;            // findings in prose, with their witnesses
  std::vector<std::string> said;  // more lines for the head: the algorithm, what is ruled out
  std::vector<std::string> unmet;
  bool is_log = false;  // what was tested is told in records and polls
  nlohmann::ordered_json extra = nlohmann::ordered_json::object();
  std::string dot;
};

/// The report of `judgement` about the file `path`; `seconds`: how long it took.
FileReport report_of(const std::string& path, const Judgement& judgement, double seconds);

/// The report of a file that could not be judged at all.
FileReport bad_input(const std::string& path, const std::string& problem);
/// ... or not within its limits.
FileReport out_of_reach(const std::string& path, const std::string& reason);

}  // namespace faultline::cli
