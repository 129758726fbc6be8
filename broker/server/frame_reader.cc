#include "broker/server/frame_reader.h"

#include <algorithm>
#include <cstring>

#include "broker/protocol/api.h"
#include "broker/protocol/endian.h"
#include "broker/protocol/frame.h"

namespace faultline {
namespace {

// A follower that asks for 20,000 partitions at once needs less.
constexpr std::size_t question_bytes_max = 1 << 20;

}  // namespace

Result<bool> FrameReader::fill_at_least(std::size_t count, Time first_byte_deadline) {
  Time deadline = buffered() > 0 ? after(clock_.now(), limits_.receive_timeout) : first_byte_deadline;
  while (buffered() < count) {
    if (begin_ > 0) {
      std::memmove(buffer_.data(), buffer_.data() + begin_, buffered());
      end_ -= begin_;
      begin_ = 0;
    }
    const bool first = buffered() == 0;
    const std::size_t got = TRY(stream_.read_some(MutableBytes(buffer_).subspan(end_), deadline));
    if (got == 0) {
      if (first) return false;
      return Error(Errc::truncated, "end of stream inside the length of a request");
    }
    end_ += got;
    if (first) deadline = after(clock_.now(), limits_.receive_timeout);
  }
  return true;
}

/// The budget of the request that follows, all of `size` bytes.
Result<Semaphore*> FrameReader::memory_for(std::size_t size) {
  if (size < sizeof(std::int16_t)) return &memory_.questions;  // none of anybody's
  if (!TRY(fill_at_least(sizeof(std::int16_t), after(clock_.now(), limits_.receive_timeout))))
    return Error(Errc::truncated, "end of stream inside a request");
  const auto key = static_cast<protocol::ApiKey>(protocol::load_be<std::int16_t>(buffer_.data() + begin_));
  const bool question = key != protocol::ApiKey::produce && size <= question_bytes_max;
  return question ? &memory_.questions : &memory_.records;
}

Result<std::optional<Frame>> FrameReader::next() {
  if (!TRY(fill_at_least(protocol::frame_length_bytes, after(clock_.now(), limits_.idle_timeout)))) return std::optional<Frame>();
  const auto length = protocol::load_be<std::int32_t>(buffer_.data() + begin_);
  if (length < 0) return Error(Errc::malformed, "a request of " + std::to_string(length) + " bytes");
  if (length > limits_.frame_bytes_max) {
    return Error(Errc::too_large, "a request of " + std::to_string(length) + " bytes; socket.request.max.bytes is " +
                                      std::to_string(limits_.frame_bytes_max));
  }
  begin_ += protocol::frame_length_bytes;

  const auto size = static_cast<std::size_t>(length);
  Semaphore& budget = *TRY(memory_for(size));
  // No deadline: those who hold the memory have one, and closing this connection would punish the wrong one.
  TRY(budget.acquire(size));
  HeldPermits memory(budget, size);
  const Time deadline = after(clock_.now(), limits_.receive_timeout);
  Buffer body(size);
  const std::size_t ready = std::min(size, buffered());
  if (ready > 0) std::memcpy(body.data(), buffer_.data() + begin_, ready);
  begin_ += ready;
  if (ready < size) TRY(read_exactly(stream_, body.bytes().subspan(ready), deadline));
  return std::optional<Frame>(Frame{std::move(body).freeze(), std::move(memory)});
}

}  // namespace faultline
