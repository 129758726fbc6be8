// Lines of stdin for a fiber: the reactor goes on while nothing is there.
//
// Asio cannot wait for a file, and stdin may be one; poll() answers for files, pipes and terminals alike. While there is nothing, the
// fiber looks again every few milliseconds, which no person at a terminal can feel.
#pragma once

#include <poll.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <optional>
#include <string>

#include "base/result.h"
#include "runtime/clock.h"
#include "runtime/sync.h"

namespace faultline::cli {

class LineInput {
 public:
  explicit LineInput(Clock& clock) : clock_(clock) {}

  /// Whether next() would have to wait: a moment to report what has been settled.
  bool is_dry() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    return buffer_.find('\n', at_) == std::string::npos && !at_end_ && ::poll(&input, 1, 0) == 0;
  }

  /// The next line without its end; nothing at the end of the input. Suspends. Errors: io_error, cancelled.
  Result<std::optional<std::string>> next() {
    for (;;) {
      const std::size_t end = buffer_.find('\n', at_);
      if (end != std::string::npos || (at_end_ && at_ < buffer_.size())) {
        std::string line = buffer_.substr(at_, end == std::string::npos ? end : end - at_);
        at_ = end == std::string::npos ? buffer_.size() : end + 1;
        return std::optional(std::move(line));
      }
      if (at_end_) return std::optional<std::string>();
      if (is_dry()) {
        TRY(sleep_until(after(clock_.now(), 5ms)));
        continue;
      }
      TRY(fill());
    }
  }

 private:
  Result<> fill() {
    buffer_.erase(0, at_);
    at_ = 0;
    std::array<char, 65536> chunk;
    const ssize_t count = ::read(STDIN_FILENO, chunk.data(), chunk.size());
    if (count < 0 && errno != EINTR && errno != EAGAIN) return Error(Errc::io_error, "cannot read stdin");
    if (count == 0) at_end_ = true;
    if (count > 0) buffer_.append(chunk.data(), static_cast<std::size_t>(count));
    return {};
  }

  Clock& clock_;
  std::string buffer_;
  std::size_t at_ = 0;
  bool at_end_ = false;
};

}  // namespace faultline::cli
