// What a broker demands of a batch before it appends it. Replication does not come here: a follower takes what its leader has
// accepted.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/error_code.h"
#include "broker/protocol/record.h"
#include "broker/protocol/record_batch.h"

namespace faultline::protocol {

struct ProduceRules {
  std::size_t batch_bytes_max = 1048588;  // max.message.bytes, of the batch as stored
  bool keys_required = false;             // of a compacted topic
  bool zstd_allowed = true;               // from version 7 of Produce on
  std::size_t decompressed_bytes_max = decompressed_bytes_max_default;
};

struct ProducedBatch {
  BatchView batch;
  std::int64_t max_timestamp;  // of the records themselves; the header's may be wrong
};

/// Checks the `records` of one partition in a produce request: exactly one batch of version 2, its checksum, no control batch, a
/// sequence if there is a producer id, as many records as it says with offsets 0, 1, 2, ..., and the rules.
///
/// Errors: produce_error_code says what each becomes. malformed: not a batch, or one that no client may send; corrupt: checksum;
///         too_large: the batch, or what it decompresses to; unsupported: its compression.
Result<ProducedBatch> check_produced(const Slice& records, const ProduceRules& rules);

/// The error code for a client whose batch was refused with `code`.
ErrorCode produce_error_code(Errc code);

}  // namespace faultline::protocol
