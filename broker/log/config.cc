#include "broker/log/config.h"

#include <limits>
#include <string>

#include "broker/log/batch_header.h"

namespace faultline {

namespace {

struct Range {
  const char* name;
  std::int64_t value;
  std::int64_t low;
  std::int64_t high;
};

// Positions in a segment and the lengths of batches are 32-bit on disk and on the wire.
constexpr std::int64_t int32_max = std::numeric_limits<std::int32_t>::max();

}  // namespace

Result<> LogConfig::validate() const {
  constexpr std::int64_t header = batch_header_bytes;
  constexpr std::int64_t unlimited = std::numeric_limits<std::int64_t>::max();
  const Range ranges[] = {
      {"segment.bytes", segment_bytes, header, int32_max},          {"segment.ms", segment_ms, 1, longest_ms},
      {"index.interval.bytes", index_interval_bytes, 0, int32_max}, {"retention.ms", retention_ms, -1, longest_ms},
      {"retention.bytes", retention_bytes, -1, unlimited},          {"flush.messages", flush_messages, 1, unlimited},
      {"max.message.bytes", max_message_bytes, 0, int32_max},       {"file.delete.delay.ms", file_delete_delay_ms, 0, longest_ms},
      {"log.tail.cache.bytes", tail_cache_bytes, 0, unlimited},     {"log.checkpoint.bytes", checkpoint_bytes, 1, unlimited},
      {"log.io.timeout.ms", io_timeout_ms, 1, longest_ms},          {"log.retention.grace.ms", retention_grace_ms, 0, longest_ms},
  };
  for (const Range& range : ranges) {
    if (range.value >= range.low && range.value <= range.high) continue;
    return Error(Errc::invalid_argument, std::string(range.name) + " is " + std::to_string(range.value) + ", expected " +
                                             std::to_string(range.low) + " to " + std::to_string(range.high));
  }
  return {};
}

}  // namespace faultline
