// What happened around a finding: as a picture for Graphviz, and as a timeline for a terminal.
//
// A picture of a whole run shows nothing (and is what kills other checkers' visualisers): only the witness's operations are
// drawn, then the faults that touch their time and the operations that overlap it, as long as the bound lasts.
#pragma once

#include <cstddef>
#include <string>

#include "checkers/history.h"
#include "checkers/verdict.h"

namespace faultline::reports {

struct SpacetimeOptions {
  std::size_t max_operations = 24;  // the witness is always drawn, whatever its size
  std::size_t max_faults = 12;
};

/// A space-time diagram of `finding` in DOT, for `dot -Tsvg`: time runs downwards, a lane for each process and each target of a
/// fault, operations and faults as boxes from begin to end; the witness is filled, red if the finding is a failure.
std::string spacetime_dot(const checkers::LogHistory& history, const checkers::Finding& finding,
                          const SpacetimeOptions& options = {});

/// The same as lines of text in order of time, the witness marked with '>'.
std::string timeline_text(const checkers::LogHistory& history, const checkers::Finding& finding,
                          const SpacetimeOptions& options = {});

}  // namespace faultline::reports
