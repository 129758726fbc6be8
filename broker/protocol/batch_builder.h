// BatchBuilder: makes a record batch, as producers and tests do. Records get consecutive offsets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/encoder.h"
#include "broker/protocol/record.h"

namespace faultline::protocol {

struct BatchOptions {
  Codec codec = Codec::none;
  TimestampType timestamp_type = TimestampType::create_time;
  std::int64_t base_offset = 0;
  std::int32_t leader_epoch = -1;
  std::int64_t producer_id = no_producer_id;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;
  bool transactional = false;
  bool control = false;
};

class BatchBuilder {
 public:
  explicit BatchBuilder(BatchOptions options = {});

  void append(std::int64_t timestamp, std::optional<Bytes> key, std::optional<Bytes> value,
              std::span<const RecordHeader> headers = {});

  std::int32_t count() const { return count_; }
  /// What the batch would take without compression.
  std::size_t size() const { return encoder_.size(); }

  /// The finished batch. Requires: count() > 0. Errors: as compress().
  Result<Slice> build() &&;

 private:
  void varint(std::int64_t value);
  void nullable(const std::optional<Bytes>& value);
  void write_header(const Slice& batch) const;

  BatchOptions options_;
  Encoder encoder_;
  std::int32_t count_ = 0;
  std::int64_t base_timestamp_ = no_timestamp;
  std::int64_t max_timestamp_ = no_timestamp;
};

}  // namespace faultline::protocol
