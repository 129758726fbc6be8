#include "broker/protocol/reader.h"

namespace faultline::protocol {

bool Reader::long_uvarint(std::uint32_t& value) {
  std::uint32_t result = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    if (at_ == end_) return fail(Errc::truncated);
    const std::uint8_t byte = *at_++;
    if (shift == 28 && byte > 0x0f) return fail(Errc::malformed, "varint over 32 bits");
    result |= static_cast<std::uint32_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = result;
      return true;
    }
  }
  return fail(Errc::malformed, "varint over 32 bits");
}

bool Reader::skip_tagged_fields() {
  std::uint32_t count = 0;
  if (!uvarint(count)) return false;
  for (std::uint32_t i = 0; i < count; ++i) {
    std::uint32_t tag = 0;
    std::uint32_t size = 0;
    if (!uvarint(tag)) return false;
    if (!uvarint(size)) return false;
    if (!skip(size)) return false;
  }
  return true;
}

bool Reader::begin_array(std::size_t count, std::size_t element_bytes_min) {
  if (count > remaining() / element_bytes_min) return fail(Errc::truncated, "more elements than bytes");
  if (count > elements_left_) return fail(Errc::too_large, "too many array elements in one message");
  elements_left_ -= count;
  return true;
}

bool Reader::begin_scope(std::size_t count, Scope& scope) {
  if (remaining() < count) return fail(Errc::truncated);
  scope.outer_end = end_;
  end_ = at_ + count;
  return true;
}

bool Reader::end_scope(Scope scope) {
  if (at_ != end_) return fail(Errc::malformed, "tagged field longer than its value");
  end_ = scope.outer_end;
  return true;
}

bool Reader::fail(Errc code, std::string_view what) {
  if (!failed()) {
    code_ = code;
    what_ = what;
  }
  return false;
}

void Reader::failed_inside(std::string_view field) {
  path_ = path_.empty() ? std::string(field) : std::string(field) + "." + path_;
}

Error Reader::error() const {
  ENSURE(failed());
  std::string detail = path_;
  if (!what_.empty()) detail += detail.empty() ? what_ : ": " + what_;
  return Error(code_, detail);
}

}  // namespace faultline::protocol
