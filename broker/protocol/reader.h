// Reader: takes a frame apart from front to back.
//
// Nothing here trusts the bytes: each read checks what is left, and the first failure sticks. Reads return false instead of a
// Result, because a message is hundreds of reads and each is on the produce path; the one Error is made at the end, with the
// path of the field that did not parse ("topic_data.partition_data.records"), which is collected only while a failure unwinds.
//
// Memory is bounded too. An array's count must fit the bytes that are left, and one message may hold at most
// `max_array_elements` in all its arrays: a decoded element can be fifty times as large as its bytes, and without that limit
// a 100 MiB frame of empty strings would become gigabytes.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/endian.h"

namespace faultline::protocol {

inline constexpr std::size_t max_array_elements = 1u << 20;

class Reader {
 public:
  explicit Reader(Slice bytes) : bytes_(std::move(bytes)), at_(bytes_.data()), end_(at_ + bytes_.size()) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;

  std::size_t remaining() const { return static_cast<std::size_t>(end_ - at_); }

  template <std::integral T>
  bool integer(T& value) {
    if (remaining() < sizeof(T)) [[unlikely]]
      return fail(Errc::truncated);
    value = load_be<T>(at_);
    at_ += sizeof(T);
    return true;
  }

  /// LEB128 of at most 32 bits: 5 bytes, the last at most 0x0f.
  bool uvarint(std::uint32_t& value) {
    if (at_ != end_ && *at_ < 0x80) [[likely]] {
      value = *at_++;
      return true;
    }
    return long_uvarint(value);
  }

  /// A view of the next `count` bytes.
  bool view(std::size_t count, Bytes& value) {
    if (remaining() < count) [[unlikely]]
      return fail(Errc::truncated);
    value = Bytes(at_, count);
    at_ += count;
    return true;
  }

  /// The next `count` bytes as a part of the frame.
  bool slice(std::size_t count, Slice& value) {
    if (remaining() < count) [[unlikely]]
      return fail(Errc::truncated);
    value = bytes_.part(static_cast<std::size_t>(at_ - bytes_.data()), count);
    at_ += count;
    return true;
  }

  bool skip(std::size_t count) {
    Bytes ignored;
    return view(count, ignored);
  }

  /// Tagged fields that nobody here knows: a count, then tag, size and bytes of each.
  bool skip_tagged_fields();

  /// Everything from here on.
  Slice rest() const { return bytes_.part(static_cast<std::size_t>(at_ - bytes_.data()), remaining()); }

  /// Charges `count` elements of at least `element_bytes_min` bytes each to this message.
  bool begin_array(std::size_t count, std::size_t element_bytes_min);

  /// Until end_scope, the end of the input lies `count` bytes ahead.
  struct Scope {
    const std::uint8_t* outer_end = nullptr;
  };
  bool begin_scope(std::size_t count, Scope& scope);
  /// Requires what lies inside to have been read to its end.
  bool end_scope(Scope scope);

  /// Records a failure and returns false. The first one counts.
  bool fail(Errc code, std::string_view what = {});
  /// Called on the way out of a failure: it happened inside `field`.
  void failed_inside(std::string_view field);
  bool failed() const { return code_ != Errc::none; }

  /// The failure. Requires: failed().
  Error error() const;

 private:
  bool long_uvarint(std::uint32_t& value);

  Slice bytes_;
  const std::uint8_t* at_;
  const std::uint8_t* end_;
  std::size_t elements_left_ = max_array_elements;
  Errc code_ = Errc::none;
  std::string what_;
  std::string path_;
};

}  // namespace faultline::protocol
