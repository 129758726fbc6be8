#include "broker/client/batch.h"

#include <utility>

#include "base/check.h"
#include "base/sequence.h"
#include "broker/protocol/batch_builder.h"
#include "broker/protocol/record.h"

namespace faultline::client {
namespace {

// Lengths, deltas and attributes of a record: at most 10 bytes for the timestamp, 5 for each of the others.
constexpr std::size_t record_overhead_bytes = 36;
constexpr std::size_t header_overhead_bytes = 10;

std::optional<Bytes> view(const std::optional<Slice>& slice) {
  if (!slice.has_value()) return std::nullopt;
  return slice->bytes();
}

// The sequence of the record at `offset`.
std::int32_t sequence_at(const protocol::BatchView& batch, std::int64_t offset) {
  if (!batch.has_producer_id()) return -1;
  const std::uint64_t index = static_cast<std::uint64_t>(offset) - static_cast<std::uint64_t>(batch.base_offset());
  return sequence_after(batch.base_sequence(), index);
}

}  // namespace

std::size_t estimated_bytes(const ProducerRecord& record) {
  std::size_t bytes = record_overhead_bytes;
  if (record.key.has_value()) bytes += record.key->size();
  if (record.value.has_value()) bytes += record.value->size();
  for (const Header& header : record.headers) {
    bytes += header_overhead_bytes + header.key.size();
    if (header.value.has_value()) bytes += header.value->size();
  }
  return bytes;
}

Result<Slice> encode_batch(std::span<const ProducerRecord> records, protocol::Codec codec, const BatchNumber& number) {
  ENSURE(!records.empty());
  protocol::BatchOptions options;
  options.codec = codec;
  options.producer_id = number.producer_id;
  options.producer_epoch = number.producer_epoch;
  options.base_sequence = number.base_sequence;
  protocol::BatchBuilder builder(options);
  for (const ProducerRecord& record : records) {
    ENSURE(record.timestamp_ms.has_value());
    builder.append(*record.timestamp_ms, view(record.key), view(record.value), record.headers);
  }
  return std::move(builder).build();
}

Result<std::vector<ConsumerRecord>> decode_batch(const protocol::BatchView& batch, const TopicPartition& partition,
                                                 std::int64_t from_offset, std::size_t bytes_max) {
  std::vector<ConsumerRecord> records;
  protocol::RecordIterator iterator = TRY(protocol::RecordIterator::open(batch, bytes_max));
  const bool append_time = batch.timestamp_type() == protocol::TimestampType::log_append_time;
  for (;;) {
    std::optional<protocol::Record> next = TRY(iterator.next());
    if (!next.has_value()) return records;
    if (next->offset < from_offset) continue;
    records.push_back({partition, next->offset, next->timestamp, append_time, batch.partition_leader_epoch(),
                       std::move(next->key), std::move(next->value), std::move(next->headers), batch.producer_id(),
                       batch.producer_epoch(), sequence_at(batch, next->offset)});
  }
}

}  // namespace faultline::client
