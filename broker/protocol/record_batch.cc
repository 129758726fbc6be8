#include "broker/protocol/record_batch.h"

#include <string>

#include "base/crc32c.h"
#include "base/sequence.h"

namespace faultline::protocol {
namespace {

constexpr std::size_t magic_at = 16;
constexpr std::size_t crc_at = 17;
constexpr std::size_t attributes_at = 21;  // where the checksum starts
constexpr std::size_t max_timestamp_at = 35;
constexpr std::uint8_t magic_v2 = 2;
constexpr std::uint16_t log_append_time_bit = 8;

}  // namespace

Result<std::size_t> claimed_batch_size(Bytes bytes) {
  if (bytes.size() < batch_prefix_bytes) return Error(Errc::truncated, "batch: cut before its length");
  const auto length = load_be<std::int32_t>(bytes.data() + 8);
  // Older batches are shorter; they are refused by their version, which must be there to be read.
  if (length < static_cast<std::int32_t>(magic_at + 1 - batch_prefix_bytes)) {
    return Error(Errc::malformed, "batch: length " + std::to_string(length));
  }
  return batch_prefix_bytes + static_cast<std::size_t>(length);
}

Result<BatchView> BatchView::parse(const Slice& bytes) {
  const std::size_t size = TRY(claimed_batch_size(bytes));
  if (bytes.size() > magic_at && bytes[magic_at] != magic_v2) {
    return Error(Errc::unsupported, "batch: magic " + std::to_string(bytes[magic_at]));
  }
  if (size < batch_header_bytes)
    return Error(Errc::malformed, "batch: " + std::to_string(size) + " bytes are less than a header");
  if (bytes.size() < size)
    return Error(Errc::truncated, "batch: " + std::to_string(bytes.size()) + " of " + std::to_string(size) + " bytes");
  return BatchView(bytes.part(0, size));
}

std::int32_t BatchView::last_sequence() const {
  return sequence_after(base_sequence(), static_cast<std::uint32_t>(last_offset_delta()));
}

std::uint32_t BatchView::computed_crc() const { return crc32c(bytes_.bytes().subspan(attributes_at)); }

void BatchView::stamp(std::int64_t base_offset, std::int32_t leader_epoch) const {
  std::uint8_t* header = bytes_.writable().data();
  store_be(header, base_offset);
  store_be(header + batch_prefix_bytes, leader_epoch);
}

void BatchView::set_timestamps(TimestampType type, std::int64_t max_timestamp) const {
  const std::uint16_t old = attributes();
  const auto wanted =
      static_cast<std::uint16_t>(type == TimestampType::log_append_time ? old | log_append_time_bit : old & ~log_append_time_bit);
  if (wanted == old && max_timestamp == this->max_timestamp()) return;
  std::uint8_t* header = bytes_.writable().data();
  store_be(header + attributes_at, wanted);
  store_be(header + max_timestamp_at, max_timestamp);
  store_be(header + crc_at, computed_crc());
}

Result<std::optional<BatchView>> BatchIterator::next() {
  if (rest_.empty()) return std::optional<BatchView>();
  Result<BatchView> batch = BatchView::parse(rest_);
  if (batch.has_error()) {
    if (batch.error() == Errc::truncated) return std::optional<BatchView>();
    return batch.error();
  }
  rest_ = rest_.from(batch->size());
  return std::optional<BatchView>(std::move(*batch));
}

}  // namespace faultline::protocol
