// Verdicts for a terminal: a table of what was checked, the findings in prose with their witnesses, what the run has tested.
//
// Plain ASCII, at most 100 columns where the material allows it, no colours: the caller knows what its terminal can do.
#pragma once

#include <span>
#include <string>

#include "checkers/history.h"
#include "checkers/verdict.h"

namespace faultline::reports {

/// A checker's verdict under its name ("log", "linearizability", "log invariants").
struct NamedVerdict {
  std::string checker;
  checkers::Verdict verdict;
};

/// One row per checker: verdict, and what was found ("lost-write 3, duplicate 2 (allowed)").
std::string verdict_table(std::span<const NamedVerdict> verdicts);

/// Each finding of `verdict`: its text, then the operations of its witness, one a line.
///
/// `history`: the one that was judged; nullptr for findings whose witnesses are not in a history.
std::string findings_text(const checkers::Verdict& verdict, const checkers::LogHistory* history);

/// What the run has tested, a line per topic.
std::string vacuity_text(const checkers::Vacuity& vacuity);

/// All three, and the requirements that were not met, if any.
std::string report_text(std::span<const NamedVerdict> verdicts, const checkers::LogHistory* history,
                        std::span<const std::string> unmet_requirements = {});

}  // namespace faultline::reports
