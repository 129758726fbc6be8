#include "broker/protocol/produced_batch.h"

#include <algorithm>
#include <string>

namespace faultline::protocol {
namespace {

Error invalid(std::string detail) { return Error(Errc::malformed, std::move(detail)); }

Result<> check_header(const BatchView& batch, const ProduceRules& rules) {
  if (batch.size() > rules.batch_bytes_max) {
    return Error(Errc::too_large,
                 "batch of " + std::to_string(batch.size()) + " bytes, at most " + std::to_string(rules.batch_bytes_max));
  }
  if (!batch.crc_matches()) return Error(Errc::corrupt, "batch: checksum does not match");
  if (batch.codec() > Codec::zstd) return Error(Errc::unsupported, "codec " + std::to_string(batch.attributes() & 7));
  if (batch.codec() == Codec::zstd && !rules.zstd_allowed) return Error(Errc::unsupported, "zstd needs Produce version 7");
  if (batch.is_control()) return invalid("clients do not write control batches");
  if (batch.has_delete_horizon()) return invalid("clients do not set a delete horizon");
  if (batch.is_transactional() && !batch.has_producer_id()) return invalid("transactional batch without a producer id");
  if (batch.producer_id() < no_producer_id) return invalid("producer id " + std::to_string(batch.producer_id()));
  if (batch.has_producer_id() && batch.producer_epoch() < 0) return invalid("producer id without an epoch");
  if (batch.has_producer_id() && batch.base_sequence() < 0) return invalid("producer id without a sequence");
  if (batch.count() <= 0) return invalid("batch of " + std::to_string(batch.count()) + " records");
  if (batch.last_offset_delta() != batch.count() - 1) {
    return invalid("last offset delta " + std::to_string(batch.last_offset_delta()) + " of " + std::to_string(batch.count()) +
                   " records");
  }
  return {};
}

Result<> check_headers(RawRecord& record) {
  for (std::int32_t i = 0; i < record.header_count; ++i) {
    RawHeader header;
    if (!read_raw_header(record.headers, header)) return invalid("record header");
  }
  if (!record.headers.empty()) return invalid("bytes after the record headers");
  return {};
}

/// Returns: the greatest timestamp.
Result<std::int64_t> check_records(const BatchView& batch, Bytes records, const ProduceRules& rules) {
  std::int64_t max_timestamp = INT64_MIN;
  RawRecord record;  // reused: clearing it for each record would cost more than reading it
  const std::int32_t count = batch.count();
  const std::int64_t base_timestamp = batch.base_timestamp();
  for (std::int32_t i = 0; i < count; ++i) {
    if (!read_raw_record(records, record)) return invalid("record " + std::to_string(i) + " is cut or malformed");
    if (record.offset_delta != i)
      return invalid("record " + std::to_string(i) + " has offset delta " + std::to_string(record.offset_delta));
    if (rules.keys_required && !record.key.has_value())
      return invalid("record " + std::to_string(i) + " has no key in a compacted topic");
    if (record.header_count > 0) TRY(check_headers(record));
    max_timestamp = std::max(max_timestamp, wrapping_sum(base_timestamp, record.timestamp_delta));
  }
  if (!records.empty()) return invalid("bytes after the last record");
  return max_timestamp;
}

}  // namespace

Result<ProducedBatch> check_produced(const Slice& records, const ProduceRules& rules) {
  Result<BatchView> parsed = BatchView::parse(records);
  if (parsed.has_error()) return invalid(parsed.error().detail);
  const BatchView& batch = *parsed;
  if (batch.size() != records.size()) return invalid("more than one batch for a partition");
  TRY(check_header(batch, rules));
  if (batch.codec() == Codec::none) return ProducedBatch {
      batch, TRY(check_records(batch, batch.records(), rules))
    };
  const Slice decompressed = TRY(decompress(batch.codec(), batch.records(), rules.decompressed_bytes_max));
  return ProducedBatch { batch, TRY(check_records(batch, decompressed, rules)) };
}

ErrorCode produce_error_code(Errc code) {
  switch (code) {
    case Errc::corrupt: return ErrorCode::corrupt_message;
    case Errc::too_large: return ErrorCode::message_too_large;
    case Errc::unsupported: return ErrorCode::unsupported_compression_type;
    case Errc::malformed: return ErrorCode::invalid_record;
    default: return error_code_of(code);
  }
}

}  // namespace faultline::protocol
