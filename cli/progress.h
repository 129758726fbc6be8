// How far a campaign is, on stderr: a bar if that is a terminal, a line now and then if it is not.
#pragma once

#include <chrono>
#include <cstdint>

namespace faultline::cli {

class Progress {
 public:
  explicit Progress(std::uint64_t total);
  /// Takes the bar away again.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t done, std::uint64_t violations);
  double seconds() const;

 private:
  const std::uint64_t total_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace faultline::cli
