// A program that a benchmark runs beside itself: the broker, which is this very program, or somebody else's client.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "bench/posix.h"

namespace faultline::bench {

class ChildProcess {
 public:
  /// Starts `arguments[0]`, looked up in PATH. What it prints on stderr is dropped if `quiet`. It gets SIGTERM if we die.
  static Result<ChildProcess> start(const std::vector<std::string>& arguments, bool quiet = false);
  /// One that was forked without us, and has no output to read.
  static ChildProcess adopt(pid_t pid) { return ChildProcess(pid, OwnedFd()); }
  ChildProcess(ChildProcess&& other) noexcept;
  ChildProcess& operator=(ChildProcess&& other) noexcept;
  /// Kills it if it still runs.
  ~ChildProcess();

  pid_t pid() const { return pid_; }
  /// Errors: closed, when it ends before a whole line.
  Result<std::string> read_line();
  /// Anonymous and file-backed memory that is resident.
  Result<double> resident_megabytes() const;

  /// Asks it to end, and waits.
  Result<> terminate();
  /// Waits for its end. Errors: internal, unless it exits with 0; not_found, if there was no such program.
  Result<> wait();

 private:
  ChildProcess(pid_t pid, OwnedFd output) : pid_(pid), output_(std::move(output)) {}

  pid_t pid_;
  OwnedFd output_;
};

/// A broker in a directory of its own.
class BrokerProcess {
 public:
  /// Waits for its ready line. `options` go behind those that are needed to start at all.
  static Result<BrokerProcess> start(const std::vector<std::string>& options = {});

  pid_t pid() const { return child_.pid(); }
  std::uint16_t port() const { return port_; }
  /// From the fork to the ready line.
  double start_seconds() const { return start_seconds_; }
  Result<double> resident_megabytes() const { return child_.resident_megabytes(); }
  Result<> stop() { return child_.terminate(); }

 private:
  BrokerProcess(TemporaryDirectory directory, ChildProcess child, std::uint16_t port, double start_seconds)
      : directory_(std::move(directory)), child_(std::move(child)), port_(port), start_seconds_(start_seconds) {}

  TemporaryDirectory directory_;
  ChildProcess child_;
  std::uint16_t port_;
  double start_seconds_;
};

}  // namespace faultline::bench
