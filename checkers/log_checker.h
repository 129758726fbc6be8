// The log checker: does what clients were told fit one log per partition, with nothing lost, doubled, reordered or invented?
//
// A pure function of a history, in O(n log n) (near linear in practice). The foundations, per partition:
//   committed   an operation that is ok, or indefinite with a value that an ok poll returned
//   log         offset -> values, from the polls of any outcome and the sends of committed operations
//   index       the rank of an offset among those the log knows: holes (control records, lost attempts) do not count
//   delta       the difference of two indices; a record without an offset takes the first index of its value
// Each anomaly is defined in docs/formats/history.md; tests/checkers holds an implementation that follows those definitions word
// by word and is compared with this one on random histories.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkers/history.h"
#include "checkers/verdict.h"

namespace faultline::checkers {

/// From which offset on a partition still owes its records: retention or DeleteRecords may have taken the older ones.
struct RetainedFrom {
  PartitionId partition;
  std::int64_t offset = 0;
};

/// How many targets at once may suffer a fault without any acknowledged record being lost.
struct FaultClaim {
  std::string fault;  // FaultInterval::name
  std::uint32_t targets_at_once = 0;
};

/// What the configuration on trial promises.
struct LogRules {
  /// Anomalies that are told but do not make the history invalid. The defaults are those of a producer without idempotence:
  /// a retry after an attempt of unknown fate may append a second time, so `duplicate` is allowed. `int-send-skip` is never a
  /// failure: another producer's records between two of one's own are no fault. Add `nonmonotonic-send` and
  /// `int-nonmonotonic-send` for a producer with several requests in flight and no idempotence, whose retries overtake.
  std::vector<std::string> tolerated{std::string(anomaly::duplicate), std::string(anomaly::int_send_skip)};
  /// Processes that send with idempotence: a duplicate of theirs is a failure though `duplicate` is tolerated.
  std::vector<std::int32_t> idempotent_processes;
  /// Partitions that are not listed owe everything. State the log start offset of the end of the run.
  std::vector<RetainedFrom> retained_from;
  /// Partitions that compact: records may be gone while later ones are there, so lost-write, unseen and skips are not judged in
  /// them. What compaction may take is judged by checkers/log_rules.
  std::vector<PartitionId> compacted;
  /// Faults that were not claimed to be survived excuse a loss: what was sent before more targets at once than claimed had
  /// recovered is then `lost-beyond-bound`, which is never a failure. Faults without a claim are survived in any number.
  std::vector<FaultClaim> claims;
  /// True: a partition with acknowledged records and no final read to a stated end makes the verdict `unknown`, since `unseen`
  /// could not be judged there.
  bool require_final_reads = false;
  /// How many findings of each anomaly are spelled out; the rest is only counted.
  std::uint32_t findings_per_anomaly = 8;

  /// The rules for idempotent producers: a duplicate is a failure.
  static LogRules idempotent();
};

/// Judges `history`. The verdict is `unknown` if the history breaks the foundations (a value sent twice to one partition).
Verdict check_log(const LogHistory& history, const LogRules& rules = {});

/// How much `history` has tested; part of every verdict.
Vacuity measure_vacuity(const LogHistory& history);

}  // namespace faultline::checkers
