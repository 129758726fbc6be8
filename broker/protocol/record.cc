#include "broker/protocol/record.h"

#include <string>

#include "broker/protocol/varint.h"

namespace faultline::protocol {
namespace {

/// Reads the varints and byte strings of one record. After a call that returned false, no other makes sense.
class Cursor {
 public:
  explicit Cursor(Bytes bytes) : at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

  bool integer(std::int64_t& value) {
    const std::uint8_t* next = read_varint(at_, end_, value);
    if (next == nullptr) [[unlikely]]
      return false;
    at_ = next;
    return true;
  }
  bool small_integer(std::int32_t& value) {
    std::int64_t wide = 0;
    if (!integer(wide)) return false;
    value = static_cast<std::int32_t>(wide);
    return value == wide;
  }
  bool take(std::int64_t count, Bytes& bytes) {
    if (count < 0 || count > end_ - at_) [[unlikely]]
      return false;
    bytes = Bytes(at_, static_cast<std::size_t>(count));
    at_ += count;
    return true;
  }
  /// A length, -1 for null, and so many bytes.
  bool nullable(std::optional<Bytes>& value) {
    std::int64_t length = 0;
    if (!integer(length)) return false;
    if (length == -1) {
      value.reset();
      return true;
    }
    return take(length, value.emplace());
  }
  bool skip_byte() {
    if (at_ == end_) return false;
    ++at_;
    return true;
  }
  Bytes rest() const { return Bytes(at_, static_cast<std::size_t>(end_ - at_)); }

 private:
  const std::uint8_t* at_;
  const std::uint8_t* end_;
};

constexpr std::size_t header_bytes_min = 2;  // an empty key, and no value

}  // namespace

bool read_raw_record(Bytes& bytes, RawRecord& record) {
  Cursor outer(bytes);
  std::int64_t length = 0;
  Bytes body;
  if (!outer.integer(length)) return false;
  if (!outer.take(length, body)) return false;
  bytes = outer.rest();

  Cursor cursor(body);
  const bool whole = cursor.skip_byte() &&  // attributes, of which none is defined
                     cursor.integer(record.timestamp_delta) && cursor.small_integer(record.offset_delta) &&
                     cursor.nullable(record.key) && cursor.nullable(record.value) && cursor.small_integer(record.header_count);
  if (!whole || record.header_count < 0) return false;
  record.headers = cursor.rest();
  return static_cast<std::size_t>(record.header_count) <= record.headers.size() / header_bytes_min &&
         (record.header_count > 0 || record.headers.empty());
}

bool read_raw_header(Bytes& bytes, RawHeader& header) {
  Cursor cursor(bytes);
  std::int64_t length = 0;
  if (!cursor.integer(length)) return false;
  if (!cursor.take(length, header.key)) return false;
  if (!cursor.nullable(header.value)) return false;
  bytes = cursor.rest();
  return true;
}

Result<RecordIterator> RecordIterator::open(const BatchView& batch, std::size_t decompressed_bytes_max) {
  if (batch.codec() == Codec::none) return RecordIterator(batch, batch.records());
  return RecordIterator(batch, TRY(decompress(batch.codec(), batch.records(), decompressed_bytes_max)));
}

Result<std::optional<Record>> RecordIterator::next() {
  if (returned_ >= batch_.count()) {
    if (!rest_.empty()) return Error(Errc::malformed, "batch: bytes after the last record");
    return std::optional<Record>();
  }
  const auto malformed = [this] { return Error(Errc::malformed, "record " + std::to_string(returned_)); };
  RawRecord raw;
  if (!read_raw_record(rest_, raw)) return malformed();
  Record record;
  record.offset = wrapping_sum(batch_.base_offset(), raw.offset_delta);
  record.timestamp = batch_.timestamp_type() == TimestampType::log_append_time
                         ? batch_.max_timestamp()
                         : wrapping_sum(batch_.base_timestamp(), raw.timestamp_delta);
  if (raw.key.has_value()) record.key = share(*raw.key);
  if (raw.value.has_value()) record.value = share(*raw.value);
  for (std::int32_t i = 0; i < raw.header_count; ++i) {
    RawHeader header;
    if (!read_raw_header(raw.headers, header)) return malformed();
    record.headers.push_back({std::string(as_text(header.key)), std::nullopt});
    if (header.value.has_value()) record.headers.back().value = share(*header.value);
  }
  if (!raw.headers.empty()) return malformed();
  ++returned_;
  return std::optional<Record>(std::move(record));
}

Result<std::vector<Record>> read_records(const BatchView& batch, std::size_t decompressed_bytes_max) {
  RecordIterator records = TRY(RecordIterator::open(batch, decompressed_bytes_max));
  std::vector<Record> result;
  while (std::optional<Record> record = TRY(records.next())) result.push_back(std::move(*record));
  return result;
}

}  // namespace faultline::protocol
