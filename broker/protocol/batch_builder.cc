#include "broker/protocol/batch_builder.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "base/check.h"
#include "base/crc32c.h"
#include "broker/protocol/varint.h"

namespace faultline::protocol {
namespace {

std::int64_t nullable_bytes(const std::optional<Bytes>& value) {
  if (!value.has_value()) return static_cast<std::int64_t>(varint_bytes(-1));
  const auto size = static_cast<std::int64_t>(value->size());
  return static_cast<std::int64_t>(varint_bytes(size)) + size;
}

std::optional<Bytes> bytes_of(const std::optional<Slice>& slice) {
  return slice.has_value() ? std::optional<Bytes>(slice->bytes()) : std::nullopt;
}

std::uint16_t attributes_of(const BatchOptions& options) {
  unsigned bits = static_cast<unsigned>(options.codec);
  if (options.timestamp_type == TimestampType::log_append_time) bits |= 8;
  if (options.transactional) bits |= 16;
  if (options.control) bits |= 32;
  return static_cast<std::uint16_t>(bits);
}

}  // namespace

BatchBuilder::BatchBuilder(BatchOptions options) : options_(options), encoder_(1024) {
  encoder_.bytes(std::array<std::uint8_t, batch_header_bytes>{});  // written when all is known
}

void BatchBuilder::varint(std::int64_t value) {
  std::array<std::uint8_t, varint_bytes_max> room;
  encoder_.bytes(Bytes(room.data(), write_varint(room.data(), value)));
}

void BatchBuilder::nullable(const std::optional<Bytes>& value) {
  if (!value.has_value()) return varint(-1);
  varint(static_cast<std::int64_t>(value->size()));
  encoder_.bytes(*value);
}

void BatchBuilder::append(std::int64_t timestamp, std::optional<Bytes> key, std::optional<Bytes> value,
                          std::span<const RecordHeader> headers) {
  ENSURE(count_ < INT32_MAX);
  if (count_ == 0) base_timestamp_ = timestamp;
  max_timestamp_ = count_ == 0 ? timestamp : std::max(max_timestamp_, timestamp);
  const auto timestamp_delta =
      static_cast<std::int64_t>(static_cast<std::uint64_t>(timestamp) - static_cast<std::uint64_t>(base_timestamp_));

  const auto header_count = static_cast<std::int64_t>(headers.size());
  std::int64_t length = 1 + static_cast<std::int64_t>(varint_bytes(timestamp_delta) + varint_bytes(count_)) +
                        nullable_bytes(key) + nullable_bytes(value) + static_cast<std::int64_t>(varint_bytes(header_count));
  for (const RecordHeader& header : headers)
    length += nullable_bytes(as_bytes(header.key)) + nullable_bytes(bytes_of(header.value));

  varint(length);
  encoder_.integer(std::int8_t{0});
  varint(timestamp_delta);
  varint(count_);
  nullable(key);
  nullable(value);
  varint(header_count);
  for (const RecordHeader& header : headers) {
    nullable(as_bytes(header.key));
    nullable(bytes_of(header.value));
  }
  ++count_;
}

void BatchBuilder::write_header(const Slice& batch) const {
  std::uint8_t* to = batch.writable().data();
  store_be(to, options_.base_offset);
  store_be(to + 8, static_cast<std::int32_t>(batch.size() - batch_prefix_bytes));
  store_be(to + 12, options_.leader_epoch);
  store_be(to + 16, std::int8_t{2});
  store_be(to + 21, attributes_of(options_));
  store_be(to + 23, count_ - 1);
  store_be(to + 27, base_timestamp_);
  store_be(to + 35, max_timestamp_);
  store_be(to + 43, options_.producer_id);
  store_be(to + 51, options_.producer_epoch);
  store_be(to + 53, options_.base_sequence);
  store_be(to + 57, count_);
  store_be(to + 17, crc32c(batch.bytes().subspan(21)));
}

Result<Slice> BatchBuilder::build() && {
  ENSURE(count_ > 0);
  Slice batch = concatenate(std::move(encoder_).finish());
  if (options_.codec != Codec::none) {
    const Slice compressed = TRY(compress(options_.codec, batch.bytes().subspan(batch_header_bytes)));
    Buffer buffer(batch_header_bytes + compressed.size());
    std::memcpy(buffer.data() + batch_header_bytes, compressed.data(), compressed.size());
    batch = std::move(buffer).freeze();
  }
  write_header(batch);
  return batch;
}

}  // namespace faultline::protocol
