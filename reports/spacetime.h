// What happened around a finding, as a picture for Graphviz.
//
// A picture of a whole run shows nothing (and is what kills other checkers' visualisers): drawn is a scene, so the witness's operations, and
// of the rest what its limits allow.
#pragma once

#include <string>

#include "reports/scene.h"

namespace faultline::reports {

/// A space-time diagram of `finding` in DOT, for `dot -Tsvg`: time runs downwards, a lane for each process, each target of a fault and
/// each server to which something happened; operations and faults are boxes from begin to end. The witness is filled, red if the finding
/// is a failure; a finding that no operation shows has a box of its own where it was seen.
std::string spacetime_dot(const checkers::LogHistory& history, const checkers::Finding& finding, const Context& context = {},
                          const SceneLimits& limits = {});

}  // namespace faultline::reports
