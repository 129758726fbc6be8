// Read committed, read atomic and causal, decided by axioms of visibility.
//
// Biswas and Enea ("On the complexity of checking transactional consistency", OOPSLA 2019) define the levels by axioms over a commit
// order that extends session order and wr: if T reads x from W, and another writer W' of x is visible to T, then W' commits before W.
// What is visible makes the level: whom T read from earlier (read committed), whom T read from at all or follows in its session (read
// atomic), everything before T in session order and wr (causal). The axioms force edges of the commit order, and the history keeps
// the level iff session order, wr and these edges have no cycle. The bounds are those of Moldrup and Pavlogiannis ("AWDIT: an optimal
// weak database isolation tester", PLDI 2025).
//
// Registers do not tell the order of versions; lists do, and the commit order must extend it too. Read committed of lists is Adya's
// PL-2 (docs/decisions/0011-read-committed.md), which needs no axiom.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "checkers/finding_list.h"
#include "checkers/transactions/check_transactions.h"
#include "checkers/transactions/consistency_level.h"
#include "checkers/transactions/register_reads.h"
#include "checkers/transactions/write_index.h"

namespace faultline::transactions {

struct VisibilityQuestion {
  ConsistencyLevel level = ConsistencyLevel::causal;
  bool versions_known = false;                    // lists
  std::function<void(EdgeList&)> add_versions{};  // their order, among other edges; asked if it is known
  std::function<Evidence(std::uint32_t, std::uint32_t, EdgeKind)> evidence{};
  std::function<bool()> out_of_budget{};  // empty: no budget
};

/// `too_many_sessions`: causal takes transactions times sessions.
enum class VisibilityAnswer : std::uint8_t { decided, too_many_sessions, out_of_budget };

/// Adds read-committed-cycle, read-atomic-cycle or causal-cycle, as far as the level asks for them, and the cycles behind them to
/// `cycles`; the names end in -process if only session order closes the cycle. With versions known read-committed-cycle is not asked.
VisibilityAnswer check_visibility(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                                  const VisibilityQuestion& question, checkers::FindingList& found, std::vector<Cycle>& cycles);

/// The writes of transactions over lists as `RegisterReads::touches` has them.
std::vector<Touch> appends_by_transaction(const TransactionHistory& history, const Effective& effective);

}  // namespace faultline::transactions
