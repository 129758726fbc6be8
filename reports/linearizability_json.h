// The answer of the linearizability checker for programs.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "checkers/linearizability/result.h"

namespace faultline::reports {

/// {"algorithm", "object", "objects", "configurations"}, and
/// - of an invalid history "text", "minimal", "left_out" (operations of a witness that is too large to be told) and "witness": a list of
///   {"op", "process", "invoked", "completed" (null: never), "text", "place" (in the longest order found, from 0; null: none), "stuck"};
/// - of an unknown one "placed": how many operations the longest order that was found has.
nlohmann::ordered_json linearizability_json(const linearizability::Result& result);

}  // namespace faultline::reports
