// Is a history of appends and reads linearizable? Exactly, in O(n log n), because offsets fix the order.
//
// Each partition is judged alone (linearizability is local). An append whose record is at offset o must be the o-th to take
// effect; a read that found the end at t lies between append t-1 and append t. So the order is known up to the place of the reads
// and of appends that nobody saw: sort by key (append 2o, exact read 2t-1), then by invocation; sweep with
// cur = max(cur, invocation); the history is linearizable exactly if cur never passes a completion.
//   - A poll without an exact end is a lower bound only: having reached t it demands that append t-1 was possible before its
//     completion. It never moves the sweep: append 0 at [0,1], append 1 at [3,5] and a poll that saw offset 0 at [8,10] are fine.
//   - Offsets that nothing is known of were taken by indefinite appends that nobody saw: the lowest hole by the earliest.
// Nothing is sorted that is not out of order: the model has the offsets in order, an exact read is put before the first known offset
// at or beyond its end, and of all polls that returned a record only the first to end can be too early.
// What breaks the log itself (two values at an offset, a value that was never sent) is a violation before the sweep. The search
// this replaces is exponential; tests/checkers compares the two on some hundred thousand small random histories.
#pragma once

#include "checkers/history.h"
#include "checkers/verdict.h"

namespace faultline::checkers {

struct LinearizabilityRules {
  /// True: every offset belongs to an append, so that a hole needs an indefinite append to fill it. False where transaction
  /// markers, compaction or a retry's unseen second copy may take offsets: holes then say nothing.
  bool fill_holes = true;
  /// True: a send may have appended its value more than once (retries without idempotence). One copy must take effect before the
  /// send ends; the others at any time after it began.
  bool duplicates_allowed = false;
  /// True: what one send appends to one partition is one batch, which lies side by side and becomes visible at once, so that no
  /// exact read ends strictly inside it. Holes that only unseen batches of several records could fill make the answer `unknown`, and
  /// so does a batch of which only a part was seen.
  bool atomic_batches = false;
};

/// Judges `history`. A violation is one Finding `not-linearizable` per partition, whose witness ends with the operation that
/// cannot be placed; before it comes the one that stands in its way.
///
/// Returns: `unknown` for a history in which values repeat, with acknowledged sends or reads that do not say their offsets, or with
///          transactions, whose appends and visibility are two moments.
Verdict check_linearizable(const LogHistory& history, const LinearizabilityRules& rules = {});

}  // namespace faultline::checkers
