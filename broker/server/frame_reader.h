// Reads length-prefixed request frames from a stream.
//
// Small frames are served from a small buffer, one read for many; the body of a large one is read straight into memory of its
// own, where it stays: record batches are not copied on their way to the disk. Memory for a body is asked for from a budget
// before the body is read, so that many large requests at once wait instead of exhausting the machine. Which budget that is, the first
// field says: the API key.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "base/slice.h"
#include "base/time.h"
#include "runtime/clock.h"
#include "runtime/network.h"
#include "runtime/sync.h"

namespace faultline {

/// Permits of a semaphore, given back when this goes away.
class HeldPermits {
 public:
  HeldPermits() = default;
  HeldPermits(Semaphore& semaphore, std::uint64_t count) : semaphore_(&semaphore), count_(count) {}
  HeldPermits(HeldPermits&& other) noexcept
      : semaphore_(std::exchange(other.semaphore_, nullptr)), count_(std::exchange(other.count_, 0)) {}
  HeldPermits& operator=(HeldPermits&& other) noexcept {
    std::swap(semaphore_, other.semaphore_);
    std::swap(count_, other.count_);
    return *this;
  }
  ~HeldPermits() {
    if (semaphore_ != nullptr) semaphore_->release(count_);
  }

  std::uint64_t count() const { return count_; }
  /// Whether others wait for what is held here.
  bool contended() const { return semaphore_ != nullptr && count_ > 0 && semaphore_->contended(); }
  /// Gives back all but `count`. Requires: count <= count().
  void shrink_to(std::uint64_t count) {
    ENSURE(count <= count_);
    if (semaphore_ != nullptr) semaphore_->release(count_ - count);
    count_ = count;
  }

 private:
  Semaphore* semaphore_ = nullptr;
  std::uint64_t count_ = 0;
};

struct Frame {
  Slice bytes;
  HeldPermits memory;
};

/// What all requests of a listener may take together, those with records and all others. Those with records wait, with what they hold, until
/// followers have fetched them: what followers ask with must not have to wait for the same memory.
struct RequestMemory {
  explicit RequestMemory(std::uint64_t bytes) : records(bytes), questions(bytes) {}

  Semaphore records;  // and whatever is too large for a question
  Semaphore questions;
};

struct FrameLimits {
  std::int32_t frame_bytes_max = 0;
  Duration idle_timeout{};     // from the end of one frame to the start of the next
  Duration receive_timeout{};  // from the first byte of a frame to its last
};

class FrameReader {
 public:
  FrameReader(Stream& stream, const Clock& clock, RequestMemory& memory, FrameLimits limits)
      : stream_(stream), clock_(clock), memory_(memory), limits_(limits) {}

  /// The next frame without its length, or nothing at the end of the stream.
  /// Errors: timed_out (idle or too slow), too_large, malformed (a negative length), truncated, connection_reset, cancelled.
  Result<std::optional<Frame>> next();

 private:
  Result<bool> fill_at_least(std::size_t count, Time first_byte_deadline);
  Result<Semaphore*> memory_for(std::size_t size);
  std::size_t buffered() const { return end_ - begin_; }

  // One read system call fetches a whole small request; a large body copies at most this much.
  static constexpr std::size_t buffer_bytes = 4096;

  Stream& stream_;
  const Clock& clock_;
  RequestMemory& memory_;
  const FrameLimits limits_;
  std::array<std::uint8_t, buffer_bytes> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace faultline
