// Takes frames off a stream. Small answers are served from a buffer, several to one read; the body of a large one is read straight
// into the memory that its records will share.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <string>

#include "base/result.h"
#include "base/slice.h"
#include "broker/protocol/endian.h"
#include "broker/protocol/frame.h"
#include "runtime/network.h"

namespace faultline::client {

class FrameReader {
 public:
  FrameReader(Stream& stream, std::size_t frame_bytes_max) : stream_(stream), frame_bytes_max_(frame_bytes_max) {}

  /// The next frame, without its length. Suspends until all of it has arrived.
  /// Errors: as Stream::read_some; closed at the end of the stream; truncated inside a frame; malformed or too_large length.
  Result<Slice> next() {
    while (held() < protocol::frame_length_bytes) {
      const std::size_t count = TRY(fill());
      if (count == 0) {
        return held() == 0 ? Error(Errc::closed, "the broker closed the connection")
                           : Error(Errc::truncated, "the broker closed the connection inside a frame");
      }
    }
    const auto length = protocol::load_be<std::int32_t>(buffer_.data() + begin_);
    if (length < 0) return Error(Errc::malformed, "a frame of negative length");
    const auto size = static_cast<std::size_t>(length);
    if (size > frame_bytes_max_) return Error(Errc::too_large, "a frame of " + std::to_string(size) + " bytes");
    begin_ += protocol::frame_length_bytes;

    Buffer frame(size);
    const std::size_t copied = std::min(size, held());
    if (copied > 0) std::memcpy(frame.data(), buffer_.data() + begin_, copied);
    begin_ += copied;
    if (copied < size) TRY(read_exactly(stream_, frame.bytes().subspan(copied), no_deadline));
    return std::move(frame).freeze();
  }

 private:
  std::size_t held() const { return end_ - begin_; }

  Result<std::size_t> fill() {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, held());
      end_ -= begin_;
      begin_ = 0;
    }
    const std::size_t count = TRY(stream_.read_some(MutableBytes(buffer_).subspan(end_), no_deadline));
    end_ += count;
    return count;
  }

  Stream& stream_;
  const std::size_t frame_bytes_max_;
  std::array<std::uint8_t, 2048> buffer_;
  std::size_t begin_ = 0;  // of what was read and not handed out
  std::size_t end_ = 0;
};

}  // namespace faultline::client
