// LogConfig: what decides when a partition's log is cut into segments, made durable and thrown away.
//
// The names and defaults of the first group are Kafka's topic settings (segment.bytes, retention.ms ...), those of the second are
// ours. A plain value: the owner validates it once, swarm sampling draws it, and the log never changes it.
#pragma once

#include <cstdint>

#include "base/exhibit.h"
#include "base/result.h"
#include "base/time.h"

namespace faultline {

/// In milliseconds, about 292 years: what still fits when counted in nanoseconds.
inline constexpr std::int64_t longest_ms = INT64_MAX / 1'000'000;

struct LogConfig {
  // Kafka's.
  std::int64_t segment_bytes = 1 << 30;
  std::int64_t segment_ms = std::int64_t{7} * 24 * 3600 * 1000;
  std::int64_t index_interval_bytes = 4096;
  std::int64_t retention_ms = std::int64_t{7} * 24 * 3600 * 1000;  // -1: for ever
  std::int64_t retention_bytes = -1;                               // -1: no limit
  std::int64_t flush_messages = 1;                                 // 1: group commit; more: the page cache until that many
  std::int64_t max_message_bytes = 1048588;
  std::int64_t file_delete_delay_ms = 60000;

  // Ours.
  std::int64_t tail_cache_bytes = 1 << 20;   // newest batches kept in memory for consumers at the tail
  std::int64_t checkpoint_bytes = 64 << 20;  // new bytes after which the recovery point is written again
  std::int64_t io_timeout_ms = 30000;        // a write or sync that takes longer fences the log
  std::int64_t retention_grace_ms = 300000;  // how long a segment is kept after its last append or the opening, by the monotonic
                                             // clock, whatever the wall clock says

  Exhibits exhibits;  // none, but in a simulated run that asks for one

  /// Errors: invalid_argument, naming the setting.
  Result<> validate() const;

  Duration io_timeout() const { return std::chrono::milliseconds(io_timeout_ms); }
  bool group_commit() const { return flush_messages == 1; }
};

}  // namespace faultline
