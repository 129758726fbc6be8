// Encoder: builds a frame as a list of Slices.
//
// Small values go into one growing buffer; big runs of records are spliced in between as shared bytes, so that a fetch answer
// never copies what the log or the page cache handed out. `finish` cuts the buffer where the splices go.
#pragma once

#include <concepts>
#include <cstdint>
#include <cstring>
#include <vector>

#include "base/slice.h"
#include "broker/protocol/endian.h"

namespace faultline::protocol {

class Encoder {
 public:
  /// Shorter pieces are copied: below about this size one more entry in a gathered write costs more than the copy.
  static constexpr std::size_t splice_bytes_min = 512;

  explicit Encoder(std::size_t capacity_hint = 256) : buffer_(capacity_hint) {}

  template <std::integral T>
  void integer(T value) {
    store_be(extend(sizeof(T)), value);
  }

  void uvarint(std::uint32_t value) {
    while (value >= 0x80) {
      *extend(1) = static_cast<std::uint8_t>(value | 0x80);
      value >>= 7;
    }
    *extend(1) = static_cast<std::uint8_t>(value);
  }

  void bytes(Bytes value) {
    if (!value.empty()) std::memcpy(extend(value.size()), value.data(), value.size());
  }

  /// `value` at this place of the result, shared if it is big.
  void splice(const Slice& value);

  /// Bytes so far, spliced ones included.
  std::size_t size() const { return used_ + spliced_; }

  /// A place in the buffer, for the two calls below.
  std::size_t mark() const { return used_; }

  /// Writes `value` over the four bytes at `mark`.
  void patch(std::size_t mark, std::int32_t value) { store_be(buffer_.data() + mark, value); }

  /// Moves what was written since `mark` to make room for its length before it. Requires: no splice since.
  void insert_length(std::size_t mark);

  /// The bytes, in order.
  std::vector<Slice> finish() &&;

 private:
  std::uint8_t* extend(std::size_t count) {
    if (buffer_.size() - used_ < count) [[unlikely]]
      grow(count);
    std::uint8_t* at = buffer_.data() + used_;
    used_ += count;
    return at;
  }
  void grow(std::size_t count);

  struct Splice {
    std::size_t at;  // in the buffer
    Slice bytes;
  };

  Buffer buffer_;
  std::size_t used_ = 0;
  std::size_t spliced_ = 0;
  std::vector<Splice> splices_;
};

}  // namespace faultline::protocol
