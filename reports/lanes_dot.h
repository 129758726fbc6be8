// A witness of the linearizability checker as a picture for Graphviz: a lane per process, time to the right, an operation a box from
// its invocation to its completion. The number in a box is its place in the longest order that was found; the operation without a
// place is red.
//
// Only the witness is drawn, and of a large one the part around the operation that cannot be placed: a picture of a whole
// run shows nothing.
#pragma once

#include <cstddef>
#include <string>

#include "checkers/linearizability/result.h"

namespace faultline::reports {

/// DOT for `dot -Tsvg`. Empty if `result` has no witness. At most `operations_max` operations are drawn, the latest.
std::string lanes_dot(const linearizability::Result& result, std::size_t operations_max = 40);

}  // namespace faultline::reports
