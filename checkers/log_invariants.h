// White-box invariants of a log: pure functions over plain snapshots of what nodes hold.
//
// The other half of the black-box checkers: they see only answers, these see the log itself, after every event if one likes. An
// invariant of one state (check_snapshot) is kept apart from one between two states (check_progress) and from one between the
// log and what clients were promised (check_acknowledged). Whoever knows the broker fills in the snapshots; nothing here does.
// Where the two halves disagree, one of the checkers has a bug.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "checkers/verdict.h"

namespace faultline::checkers {

/// The names of the findings of this file.
namespace anomaly {
inline constexpr std::string_view bounds_out_of_order = "bounds-out-of-order";
inline constexpr std::string_view offsets_not_contiguous = "offsets-not-contiguous";
inline constexpr std::string_view epoch_went_back = "epoch-went-back";
inline constexpr std::string_view watermark_went_back = "watermark-went-back";
inline constexpr std::string_view log_start_went_back = "log-start-went-back";
inline constexpr std::string_view batch_changed = "batch-changed";
inline constexpr std::string_view acknowledged_not_durable = "acknowledged-not-durable";
inline constexpr std::string_view log_at_odds = "log-at-odds";
}  // namespace anomaly

/// One record batch as it lies in a log.
struct BatchSnapshot {
  std::int64_t base_offset = 0;
  std::int64_t last_offset = 0;
  std::int32_t leader_epoch = 0;
  std::uint32_t crc = 0;

  bool operator==(const BatchSnapshot&) const = default;
};

/// One replica of one partition at one moment.
struct PartitionSnapshot {
  std::string node;
  std::string partition;
  std::uint64_t incarnation = 0;       // grows when the node restarts
  std::int64_t log_start = 0;          // offset of the first record it still owes
  std::int64_t high_watermark = 0;     // consumers see what lies below
  std::int64_t durable_end = 0;        // what lies below survives a power loss
  std::int64_t log_end = 0;            // offset of the next record
  bool compacted = false;              // holes are allowed
  std::vector<BatchSnapshot> batches;  // in the order in which they lie in the log; the first may reach below log_start
};

/// What the durable image of a replica holds at an offset: enough to tell one record from another.
struct RecordDigest {
  std::int64_t offset = 0;
  std::uint64_t digest = 0;  // of the record's bytes, or simply the workload's value
};

/// Invariants of one state: log start <= watermark <= log end; log start and durable end within the log; batches contiguous from
/// the log start to the log end (ascending if compacted), leader epochs not decreasing.
std::vector<Finding> check_snapshot(const PartitionSnapshot& snapshot);

/// Invariants between two states of the same replica. In one incarnation the watermark never goes back; the log start never does,
/// not even over a restart, nor does a batch below the earlier watermark change.
///
/// Requires: the same node and partition; `before` was taken first.
std::vector<Finding> check_progress(const PartitionSnapshot& before, const PartitionSnapshot& after);

/// Every acknowledged record at or above the log start is in the durable image, with its digest. For topics that sync before they
/// acknowledge.
///
/// Requires: both spans are sorted by offset.
/// Returns:  at most `limit` findings; the last one says how many more there are.
std::vector<Finding> check_acknowledged(const PartitionSnapshot& snapshot, std::span<const RecordDigest> acknowledged,
                                        std::span<const RecordDigest> durable, std::size_t limit = 8);

}  // namespace faultline::checkers
