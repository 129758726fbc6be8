// Records as the user of a client sees them. Keys, values and headers are shared bytes: what a consumer gets points into the answer
// it came with (or into what was decompressed from it), and keeps that alive.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/slice.h"
#include "broker/protocol/record.h"

namespace faultline::client {

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;

  auto operator<=>(const TopicPartition&) const = default;
};

/// "orders-3"
inline std::string to_string(const TopicPartition& partition) {
  return partition.topic + "-" + std::to_string(partition.partition);
}

using Header = protocol::RecordHeader;

struct ProducerRecord {
  std::string topic;
  std::optional<std::int32_t> partition;  // chosen by key, or without one by the producer, if absent
  std::optional<Slice> key;
  std::optional<Slice> value;
  std::vector<Header> headers;
  std::optional<std::int64_t> timestamp_ms;  // the node's wall time if absent
};

struct ConsumerRecord {
  TopicPartition partition;
  std::int64_t offset = 0;
  std::int64_t timestamp_ms = -1;
  bool timestamp_is_append_time = false;  // set by the broker, not by the producer
  std::int32_t leader_epoch = -1;         // of the leader that appended it
  std::optional<Slice> key;
  std::optional<Slice> value;
  std::vector<Header> headers;
  /// Who wrote it, and as which of its records: as the batch says; -1 where its producer was not idempotent.
  std::int64_t producer_id = -1;
  std::int16_t producer_epoch = -1;
  std::int32_t sequence = -1;
};

/// The bytes as text; empty if absent.
inline std::string_view text_of(const std::optional<Slice>& bytes) {
  return bytes.has_value() ? as_text(bytes->bytes()) : std::string_view();
}

}  // namespace faultline::client
