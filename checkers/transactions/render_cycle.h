// A cycle for people and for programs: in prose with a proof of each edge, as JSON, and as Graphviz.
#pragma once

#include <string>

#include "checkers/transactions/check_transactions.h"

namespace faultline::transactions {

/// "Let T1 = op 3 {...} and T2 = op 5 {...}. T1 read ... and not yet 4, which T2 appended (rw: T1 before T2)."
/// Of a long cycle the middle is left out.
std::string cycle_text(const TransactionHistory& history, const Cycle& cycle);

/// One line of JSON: {"anomaly", "failure", "steps": [{"op", "process", "transaction", "dependency", "key", "value", "newer",
/// "because"}]}; a step leads to the next one and the last to the first. A step of kind "commit" has the op of the "reader" instead of
/// values, and the initial state has a null op.
std::string cycle_json(const TransactionHistory& history, const Cycle& cycle);

/// The cycle as a Graphviz digraph: a box for each transaction, an edge with its kind and proof for each dependency. At most
/// `transactions_max` boxes; what is left out is one box that says how many.
std::string cycle_dot(const TransactionHistory& history, const Cycle& cycle, std::uint32_t transactions_max = 40);

}  // namespace faultline::transactions
