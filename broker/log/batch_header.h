// The 61 bytes in front of every record batch (magic 2), as far as a log must understand them: where the batch lies in the
// sequence of offsets, how long it is, which leader wrote it, its newest timestamp, its producer and its checksum. What is inside is the
// producer's business. The checksum covers everything from the attributes to the end, so that base offset and leader epoch can
// be stamped by the leader without touching it. protocol::BatchView wants a whole batch; here the header alone is enough, which is
// what lets the log walk over a segment without reading it all.
//
// Reference: Kafka documentation, "Record Batch"; docs/formats/segment.md.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/bytes.h"
#include "base/result.h"
#include "broker/protocol/record_batch.h"
#include "broker/replication/producer_state.h"

namespace faultline {

using protocol::batch_header_bytes;
using protocol::batch_prefix_bytes;

struct BatchHeader {
  std::int64_t base_offset = 0;
  std::size_t bytes = 0;  // of the whole batch, this header included
  std::int32_t leader_epoch = 0;
  std::int32_t last_offset_delta = 0;
  std::int64_t max_timestamp = 0;  // milliseconds since 1970; -1: none
  std::int64_t producer_id = -1;   // -1: none
  std::int32_t base_sequence = -1;
  std::int16_t producer_epoch = -1;
  bool transactional = false;
  bool control = false;

  std::int64_t last_offset() const { return base_offset + last_offset_delta; }
  std::int64_t next_offset() const { return base_offset + last_offset_delta + 1; }
  bool has_producer() const { return producer_id >= 0; }
  /// Requires: has_producer().
  replication::ProducerBatch producer() const;
};

/// Reads the header at the start of `bytes`, which may end before the batch does.
/// Errors: truncated (less than a header); corrupt (no batch of magic 2 starts here).
Result<BatchHeader> read_batch_header(Bytes bytes);

/// Whether the checksum of the whole batch is right. Requires: read_batch_header(batch) succeeded and gave batch.size().
bool batch_checksum_matches(Bytes batch);

/// The header of a whole batch in memory. Errors: corrupt.
Result<BatchHeader> read_batch_header(const protocol::BatchView& batch);

}  // namespace faultline
