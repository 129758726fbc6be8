// The little of POSIX that a benchmark needs: descriptors that close themselves, whole reads and writes, processor clocks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/result.h"

namespace faultline::bench {

/// An error of the system call that just failed.
Error system_error(const std::string& what);

class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int number) : number_(number) {}
  OwnedFd(OwnedFd&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~OwnedFd();

  int number() const { return number_; }

 private:
  int number_ = -1;
};

/// Errors: closed at the end of the stream; io_error.
Result<> receive_all(int socket, MutableBytes bytes);
Result<> send_all(int socket, Bytes bytes);

/// A blocking connection to a port of this machine.
Result<OwnedFd> connect_to(std::uint16_t port);
/// Listens on a port that the system chooses. Returns: the socket and the port.
Result<std::pair<OwnedFd, std::uint16_t>> listen_anywhere();

/// Processor seconds that a process and its threads have used; `pid` 0 is this one.
Result<double> processor_seconds(pid_t pid);
/// Seconds of a clock that only goes forward.
double now_seconds();

/// Keeps this process, and those it starts, on one core: the last that it may use.
Result<> pin_to_one_core();

/// A directory that goes away with its content.
class TemporaryDirectory {
 public:
  static Result<TemporaryDirectory> make();
  TemporaryDirectory(TemporaryDirectory&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  TemporaryDirectory& operator=(TemporaryDirectory&&) = delete;
  ~TemporaryDirectory();

  const std::string& path() const { return path_; }

 private:
  explicit TemporaryDirectory(std::string path) : path_(std::move(path)) {}

  std::string path_;
};

}  // namespace faultline::bench
