// Offsets by time, and the two ends of partitions (ListOffsets): for the consumer's seek and for admin tools.
#pragma once

#include <cstdint>
#include <map>

#include "broker/client/cluster.h"
#include "broker/client/error.h"
#include "broker/client/record.h"

namespace faultline::client {

enum class Isolation : std::int8_t { read_uncommitted = 0, read_committed = 1 };

/// What to ask for in place of a timestamp.
inline constexpr std::int64_t latest_offset = -1;
inline constexpr std::int64_t earliest_offset = -2;
inline constexpr std::int64_t max_timestamp_offset = -3;

struct FoundOffset {
  std::int64_t offset = -1;  // -1: no record is that young
  std::int64_t timestamp_ms = -1;
  std::int32_t leader_epoch = -1;
};

/// For each partition the offset of the first record at or after its timestamp (milliseconds), or of what the constants above name.
///
/// Suspends; asks all leaders at the same time and tries again where that may help, until the deadline.
/// Errors: of each partition its own; of the call: cancelled.
ClientResult<std::map<TopicPartition, ClientResult<FoundOffset>>> list_offsets(
    Cluster& cluster, const std::map<TopicPartition, std::int64_t>& wanted, Isolation isolation, Time deadline);

}  // namespace faultline::client
