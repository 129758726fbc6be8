#include "broker/protocol/encoder.h"

#include <algorithm>

#include "base/check.h"

namespace faultline::protocol {

void Encoder::grow(std::size_t count) {
  Buffer bigger(std::max(buffer_.size() * 2, used_ + count));
  if (used_ != 0) std::memcpy(bigger.data(), buffer_.data(), used_);
  buffer_ = std::move(bigger);
}

void Encoder::splice(const Slice& value) {
  if (value.size() < splice_bytes_min) return bytes(value);
  splices_.push_back({used_, value});
  spliced_ += value.size();
}

void Encoder::insert_length(std::size_t mark) {
  ENSURE(splices_.empty() || splices_.back().at <= mark);
  const std::size_t length = used_ - mark;
  Encoder prefix(5);
  prefix.uvarint(static_cast<std::uint32_t>(length));
  extend(prefix.used_);
  std::uint8_t* start = buffer_.data() + mark;
  std::memmove(start + prefix.used_, start, length);
  std::memcpy(start, prefix.buffer_.data(), prefix.used_);
}

std::vector<Slice> Encoder::finish() && {
  std::vector<Slice> result;
  result.reserve(2 * splices_.size() + 1);
  const Slice own = std::move(buffer_).freeze(used_);
  std::size_t from = 0;
  for (Splice& splice : splices_) {
    if (splice.at != from) result.push_back(own.part(from, splice.at - from));
    from = splice.at;
    result.push_back(std::move(splice.bytes));
  }
  if (used_ != from) result.push_back(own.part(from, used_ - from));
  return result;
}

}  // namespace faultline::protocol
