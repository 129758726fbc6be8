// Read committed, read atomic and causal for registers, decided without knowing the order of versions.
//
// Biswas and Enea ("On the complexity of checking transactional consistency", OOPSLA 2019) define the levels by axioms over a commit
// order that extends session order and wr: if T reads x from W, and another writer W' of x is visible to T, then W' commits before W.
// What is visible makes the level: whom T read from earlier (read committed), whom T read from at all or follows in its session (read
// atomic), everything before T in session order and wr (causal). The axioms force edges of the commit order, and the history keeps
// the level iff session order, wr and these edges have no cycle. The bounds are those of Moldrup and Pavlogiannis ("AWDIT: an optimal
// weak database isolation tester", PLDI 2025).
#pragma once

#include "checkers/finding_list.h"
#include "checkers/transactions/consistency_level.h"
#include "checkers/transactions/register_reads.h"
#include "checkers/transactions/write_index.h"

namespace faultline::transactions {

/// Adds read-committed-cycle, read-atomic-cycle or causal-cycle, as far as `level` asks for them; the names end in -process if only
/// session order closes the cycle. Returns whether it could decide: causal takes transactions times sessions.
bool check_visibility(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                      ConsistencyLevel level, checkers::FindingList& found);

}  // namespace faultline::transactions
