// Batches with numbers on them, and the questions that a retry of them asks.
#pragma once

#include "log_fixture.h"

namespace faultline::testing {

/// Makes `batch` one of producer `id`, from `sequence` on.
inline void number(const Slice& batch, std::int64_t id, std::int16_t epoch, std::int32_t sequence) {
  std::uint8_t* at = batch.part(0, batch.size()).writable().data();
  protocol::store_be<std::int64_t>(at + 43, id);
  protocol::store_be<std::int16_t>(at + 51, epoch);
  protocol::store_be<std::int32_t>(at + 53, sequence);
  protocol::store_be<std::uint32_t>(at + 17, crc32c(Bytes(at + 21, batch.size() - 21)));
}

/// A batch of `count` records of producer `id`, from `sequence` on.
inline Slice producer_batch(std::int64_t id, std::int16_t epoch, std::int32_t sequence, std::int32_t count = 2) {
  Slice batch = make_batch(count);
  number(batch, id, epoch, sequence);
  return batch;
}

inline replication::ProducerBatch retry_of(std::int64_t id, std::int16_t epoch, std::int32_t sequence, std::int32_t count = 2) {
  replication::ProducerBatch batch;
  batch.producer_id = id;
  batch.epoch = epoch;
  batch.first_sequence = sequence;
  batch.last_sequence = sequence + count - 1;
  return batch;
}

}  // namespace faultline::testing
