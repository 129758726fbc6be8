// The machine's own limit: the same work as a broker's, in a loop of system calls and nothing else.
//
// A forked process serves one connection after the other. A frame is its length, an order and a body:
//
//   write            receive the body, compute its checksum, append it to a file, answer 16 bytes
//   write and sync   the same, and fdatasync()
//   ... slowly       the same, and 2 ms of sleep before the sync
//   read             the body is where to read and how much: read that from the file, compute its checksum, send it
#pragma once

#include <cstdint>

#include "bench/child_process.h"

namespace faultline::bench {

enum class RawOrder : std::uint8_t { write, write_and_sync, write_and_sync_slowly, read };

inline constexpr std::size_t raw_answer_bytes = 16;

class RawServer {
 public:
  static Result<RawServer> start();

  pid_t pid() const { return child_.pid(); }
  std::uint16_t port() const { return port_; }

 private:
  RawServer(TemporaryDirectory directory, ChildProcess child, std::uint16_t port)
      : directory_(std::move(directory)), child_(std::move(child)), port_(port) {}

  TemporaryDirectory directory_;
  ChildProcess child_;
  std::uint16_t port_;
};

/// One connection to a raw server.
class RawClient {
 public:
  static Result<RawClient> connect(const RawServer& server);

  /// Sends `body` `count` times, `in_flight` at once.
  Result<> write(Bytes body, RawOrder order, std::size_t count, std::size_t in_flight);
  /// Reads `count` pieces of `bytes`, one behind the other from `first` on.
  Result<> read(std::uint64_t first, std::size_t bytes, std::size_t count, std::size_t in_flight);

 private:
  explicit RawClient(OwnedFd socket) : socket_(std::move(socket)) {}

  OwnedFd socket_;
};

}  // namespace faultline::bench
