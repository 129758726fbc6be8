// The anomalies of order: what one process sent, or polled, must move forward through a partition without gaps.
//
// For each (process, partition) the position is the last record of an earlier ok operation; it is read when an operation begins and
// written when one ends, so that operations of one process that overlap are never compared. For processes that do one thing at a
// time this is exactly "consecutive operations". What makes positions meaningless makes them forgotten: assign, seek, a rebalance,
// and a poll that returned records but did not succeed.
//
// Processes share nothing, so the events need not be walked through in their order: one pass over the operations, each after those
// of its process that had ended when it began.
#pragma once

#include <cstdint>
#include <vector>

#include "checkers/finding_list.h"
#include "checkers/history.h"
#include "checkers/log_model.h"

namespace faultline::checkers {

/// Adds poll-skip, nonmonotonic-poll, nonmonotonic-send, their int- forms, and int-send-skip to `found`.
/// `retained_from`: per partition the offset below which records may be missing; skipping only such records is no skip.
void check_log_order(const LogHistory& history, const LogModel& model, const std::vector<std::int64_t>& retained_from,
                     FindingList& found);

}  // namespace faultline::checkers
