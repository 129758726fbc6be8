// The real world: an Env over Boost.Asio's sockets, POSIX files and the machine's clocks.
//
// One thread runs the reactor and all fibers; file work goes to threads of its own (file_lane.h), so that neither a slow disk nor
// the removal of a large file holds up the network. The reactor is io_uring where the kernel has it and epoll elsewhere, chosen
// when the world is opened: docs/decisions/0004-real-backend.md.
//
// Several worlds may live in one process. This header names neither Asio nor io_uring, so that its users compile quickly.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "runtime/env.h"

namespace faultline {

enum class IoBackend : std::uint8_t {
  automatic,  // io_uring if the kernel lets us, else epoll
  uring,
  epoll,
};

struct RealOptions {
  IoBackend backend = IoBackend::automatic;
  std::string
      data_directory;  // made, with its parents, if it does not exist; if empty, every call on the disk fails with `unsupported`
  TraceLevel trace_level = TraceLevel::warning;
  std::string trace_file;  // lines are appended to it; if empty, they go to stderr
  Duration sync_delay{};   // for measurements: every sync takes this much longer, as on a slower disk
};

class RealWorld {
 public:
  /// Errors: unsupported (the backend that was asked for is not available), or what the data directory or trace file met.
  static Result<std::unique_ptr<RealWorld>> open(RealOptions options);
  ~RealWorld();
  RealWorld(const RealWorld&) = delete;
  RealWorld& operator=(const RealWorld&) = delete;

  /// For constructors. Calls that suspend work inside of run() only.
  Env& env();

  /// Runs `main` as the first fiber until it returns, then cancels all other fibers and waits for them. An exception that escapes a
  /// fiber (a failed test assertion) does the same and is rethrown here. May be called again.
  void run(std::function<void(Env&)> main);

  /// Suspends until SIGINT or SIGTERM arrives. From the first call on, these signals no longer end the process; those that arrive
  /// while nobody waits are kept.
  /// Returns: the signal's number. Errors: timed_out, cancelled.
  Result<int> wait_signal(Time deadline = no_deadline);

  /// "io_uring" or "epoll".
  std::string_view backend_name() const;

 private:
  struct Parts;
  explicit RealWorld(std::unique_ptr<Parts> parts);

  std::unique_ptr<Parts> parts_;
};

}  // namespace faultline
