// The checkpoint of one partition's log: what is known to be on the disk, whatever happens next.
//
//   log start        offsets below it are gone for good (DeleteRecords, retention); files below it are leftovers
//   recovery point   every byte below it was covered by a successful sync. After a crash, damage below it is corruption and is
//                    never repaired by cutting; at or above it, damage is an interrupted write and is cut off
//   high watermark   as far as this replica knew it: what is below it was committed. A log that ends below it has lost something that
//                    counted, however whole it looks
//   clean            the log was closed at the recovery point and nothing was written after
//
// A checkpoint may lag behind the log; it must never run ahead. Who cuts the log below the recovery point lowers that first.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/time.h"
#include "runtime/disk.h"

namespace faultline {

struct LogCheckpoint {
  std::int64_t log_start = 0;
  std::int64_t recovery_point = 0;
  std::int64_t high_watermark = 0;
  bool clean = false;

  bool operator==(const LogCheckpoint&) const = default;

  Slice encode() const;
  /// Errors: corrupt.
  static Result<LogCheckpoint> decode(Bytes bytes);
};

inline constexpr std::string_view checkpoint_file = "log-checkpoint";
/// There while the log may lack something that it acknowledged, and the cluster may not know that yet. Empty.
inline constexpr std::string_view damage_file = "damaged";
inline constexpr std::string_view epoch_file = "leader-epoch-checkpoint";
/// Larger than any checkpoint of ours: what is larger is not one.
inline constexpr std::size_t checkpoint_bytes_max = 64 << 20;

}  // namespace faultline
