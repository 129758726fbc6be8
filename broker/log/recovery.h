// Recovery: from whatever a crash left in a partition's directory to a log that can be served.
//
// What may be there (runtime/disk.h): a torn or zero-filled stretch anywhere above the last sync, a file longer or shorter than its
// data, batches of an undone truncation behind newer ones, names that came back or never became durable, temporary files. What
// must be there: everything below the recovery point of the checkpoint. So
//
//   below the recovery point   headers are walked. Anything wrong is corruption: the log is refused, since cutting would drop data
//                              that was acknowledged. (The checksums of these batches are checked whenever they are read.)
//   from there on              every checksum is verified, offsets must go on without a gap and epochs must not fall. At the
//                              first batch for which that fails the log ends; the rest is an interrupted write and is cut off.
//
// What was kept above the recovery point is written once more in place and synced: after a failed sync the page cache can show
// bytes that the disk does not have and that a later sync does not write (the fsync trap). Nothing is served before that.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/config.h"
#include "broker/log/context.h"
#include "broker/log/epoch_checkpoint.h"
#include "broker/log/log_checkpoint.h"
#include "broker/log/producer_checkpoint.h"
#include "broker/log/segment.h"

namespace faultline {

/// What an opening found. Filled as far as it came, also when it failed.
struct RecoveryReport {
  enum class Verdict : std::uint8_t {
    created,    // there was nothing
    clean,      // closed in order; nothing had to be checked
    recovered,  // not closed in order; everything that was there is whole
    torn_tail,  // an interrupted write was cut off above the recovery point
    corrupt,    // damage below the recovery point: the log was not opened
  };

  Verdict verdict = Verdict::corrupt;
  std::int64_t log_start = 0;
  std::int64_t recovery_point = 0;  // as found
  std::int64_t log_end = 0;
  std::uint64_t checked_bytes = 0;  // whose checksums were verified
  std::uint64_t cut_bytes = 0;
  std::uint32_t segments_removed = 0;  // behind the cut, or below the log start
  bool damaged = false;          // may lack what was acknowledged: a sync had failed, whole batches lay behind a bad one, or the
                                 // end is below the watermark that was noted. Noted on the disk before anything is repaired
  bool valid_after_cut = false;  // whole batches lay behind the first bad one: an interrupted write of several, or bit rot
                                 // in data that was newer than the checkpoint
  std::string detail;            // what was wrong, and where
};

std::string_view to_string(RecoveryReport::Verdict verdict);

/// What a log starts from.
struct RecoveredLog {
  std::vector<std::shared_ptr<Segment>> segments;  // at least one; all durable
  EpochCache epochs;
  LogCheckpoint checkpoint;  // as it is on the disk
  bool has_checkpoint = false;
  std::vector<EpochStart> saved_epochs;  // as they are on the disk
  ProducerEntries producers;
  ProducerCheckpoint saved_producers;  // as it is on the disk
  std::int64_t log_end = 0;
};

enum class LogOpen : std::uint8_t {
  existing,  // made before; that it is empty now, without a checkpoint, is corruption
  create,    // made if it is not there
};

/// Suspends: many reads, some writes.
/// Errors: corrupt (damage that cutting must not hide; nothing was changed); not_found (no such directory); else as the disk.
Result<RecoveredLog> recover_log(const LogContext& context, std::string_view directory, LogOpen mode, const LogConfig& config,
                                 RecoveryReport& report);

}  // namespace faultline
