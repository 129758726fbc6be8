// Verdicts for programs: one JSON object per verdict, with the same content as the text report.
#pragma once

#include <string>

#include "checkers/history.h"
#include "checkers/verdict.h"

namespace faultline::reports {

/// `verdict` as one line of JSON: {"verdict", "reason", "anomalies", "findings", "tested"}. A finding's witness is a list of
/// {"op", "text"} if `history` is given, else of operation numbers.
std::string verdict_json(const checkers::Verdict& verdict, const checkers::LogHistory* history);

}  // namespace faultline::reports
