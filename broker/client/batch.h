// Between the records of a client's user and the record batches of the wire.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/result.h"
#include "base/slice.h"
#include "broker/client/record.h"
#include "broker/protocol/record_batch.h"

namespace faultline::client {

/// What `record` takes up in a batch at most, before compression.
std::size_t estimated_bytes(const ProducerRecord& record);

/// How an idempotent producer numbers a batch.
struct BatchNumber {
  std::int64_t producer_id = protocol::no_producer_id;
  std::int16_t producer_epoch = -1;
  std::int32_t base_sequence = -1;

  bool same_epoch(const BatchNumber& other) const {
    return producer_id == other.producer_id && producer_epoch == other.producer_epoch;
  }
};

/// One batch with all of `records`, in order. Requires: there is at least one, and each has a timestamp.
/// Errors: as protocol::compress.
Result<Slice> encode_batch(std::span<const ProducerRecord> records, protocol::Codec codec, const BatchNumber& number = {});

/// The records of `batch` from `from_offset` on. They share memory with the batch, or with what it was decompressed into.
///
/// Requires: the checksum was verified.
/// Errors:   malformed or too_large if the records do not parse or are more than `bytes_max` when decompressed; unsupported.
Result<std::vector<ConsumerRecord>> decode_batch(const protocol::BatchView& batch, const TopicPartition& partition,
                                                 std::int64_t from_offset, std::size_t bytes_max);

}  // namespace faultline::client
