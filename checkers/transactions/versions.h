// What the analyses of the two workloads have in common: which transactions took effect, and how an edge is proved.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkers/transactions/dependency_graph.h"
#include "checkers/transactions/transaction_history.h"

namespace faultline::transactions {

/// Why one transaction depends on another: `newer` replaced `older` (ww, rw), or `older` was written and read (wr).
struct Evidence {
  Key key;
  Value older = nil;
  Value newer = nil;
  bool found = false;
};

/// Per transaction whether it took effect: it said so, or it is indefinite and somebody read what it wrote.
using Effective = std::vector<bool>;

/// "op 7 {append(x, 1) read(y) -> [2]}", for sentences.
std::string name_of(const TransactionHistory& history, std::uint32_t transaction);

/// The list that `read` returned as "[1 2 3]"; the middle of a long one is left out.
std::string list_text(const TransactionHistory& history, const MicroOperation& read);

}  // namespace faultline::transactions
