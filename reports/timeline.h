// What happened around a finding, as lines of text in order of time, for a terminal.
#pragma once

#include <string>

#include "reports/scene.h"

namespace faultline::reports {

/// One line: "   1.500000 s    broker-1: control.active term=3".
std::string happening_line(const checkers::Happening& happening);

/// Operations of the witness are marked with '>', faults with '!'. A finding that no operation shows ends with a '>' of its own, at the
/// moment when it was seen.
std::string timeline_text(const checkers::LogHistory& history, const checkers::Finding& finding, const Context& context = {},
                          const SceneLimits& limits = {});

}  // namespace faultline::reports
