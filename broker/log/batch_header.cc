#include "broker/log/batch_header.h"

#include <limits>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/sequence.h"
#include "broker/protocol/endian.h"

namespace faultline {

namespace {

using protocol::load_be;

constexpr std::size_t at_base_offset = 0;
constexpr std::size_t at_length = 8;  // counts from the leader epoch on
constexpr std::size_t at_leader_epoch = 12;
constexpr std::size_t at_magic = 16;
constexpr std::size_t at_checksum = 17;
constexpr std::size_t at_attributes = 21;
constexpr std::size_t at_last_offset_delta = 23;
constexpr std::size_t at_max_timestamp = 35;
constexpr std::size_t at_producer_id = 43;
constexpr std::size_t at_producer_epoch = 51;
constexpr std::size_t at_base_sequence = 53;
constexpr std::uint16_t transactional_bit = 16;
constexpr std::uint16_t control_bit = 32;
constexpr std::uint8_t magic = 2;

}  // namespace

Result<BatchHeader> read_batch_header(Bytes bytes) {
  if (bytes.size() < batch_header_bytes) return Error(Errc::truncated, "less than a batch header");
  const std::uint8_t* at = bytes.data();
  BatchHeader header;
  header.base_offset = load_be<std::int64_t>(at + at_base_offset);
  const auto length = load_be<std::int32_t>(at + at_length);
  header.leader_epoch = load_be<std::int32_t>(at + at_leader_epoch);
  header.last_offset_delta = load_be<std::int32_t>(at + at_last_offset_delta);
  header.max_timestamp = load_be<std::int64_t>(at + at_max_timestamp);
  header.producer_id = load_be<std::int64_t>(at + at_producer_id);
  header.producer_epoch = load_be<std::int16_t>(at + at_producer_epoch);
  header.base_sequence = load_be<std::int32_t>(at + at_base_sequence);
  const auto attributes = load_be<std::uint16_t>(at + at_attributes);
  header.transactional = (attributes & transactional_bit) != 0;
  header.control = (attributes & control_bit) != 0;
  if (at[at_magic] != magic) return Error(Errc::corrupt, "no batch of magic 2");
  if (length < static_cast<std::int32_t>(batch_header_bytes - batch_prefix_bytes)) return Error(Errc::corrupt, "batch length");
  if (header.base_offset < 0) return Error(Errc::corrupt, "negative base offset");
  if (header.last_offset_delta < 0) return Error(Errc::corrupt, "negative last offset delta");
  if (header.base_offset > std::numeric_limits<std::int64_t>::max() - header.last_offset_delta - 1) {
    return Error(Errc::corrupt, "offsets overflow");
  }
  header.bytes = batch_prefix_bytes + static_cast<std::size_t>(length);
  return header;
}

replication::ProducerBatch BatchHeader::producer() const {
  ENSURE(has_producer());
  replication::ProducerBatch batch;
  batch.producer_id = producer_id;
  batch.epoch = producer_epoch;
  batch.first_sequence = base_sequence;
  batch.last_sequence = base_sequence < 0 ? -1 : sequence_after(base_sequence, static_cast<std::uint32_t>(last_offset_delta));
  batch.base_offset = base_offset;
  batch.last_offset = last_offset();
  batch.timestamp_ms = max_timestamp;
  batch.transactional = transactional;
  // A batch without a sequence, as group coordinators write, has nothing to remember but its epoch.
  batch.marker = control || base_sequence < 0;
  return batch;
}

bool batch_checksum_matches(Bytes batch) {
  ENSURE(batch.size() >= batch_header_bytes);
  return crc32c(batch.subspan(at_attributes)) == load_be<std::uint32_t>(batch.data() + at_checksum);
}

Result<BatchHeader> read_batch_header(const protocol::BatchView& batch) { return read_batch_header(batch.bytes().bytes()); }

}  // namespace faultline
