// How far a campaign, or any other long work, is, on stderr: a bar if that is a terminal, a line now and then if it is not.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace faultline::cli {

class Progress {
 public:
  /// `unit`: what is counted.
  explicit Progress(std::uint64_t total, std::string unit = "seeds");
  /// Takes the bar away again.
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void show(std::uint64_t done, std::uint64_t violations);
  /// With `note` after the figures.
  void show(std::uint64_t done, std::string_view note);
  double seconds() const;

 private:
  const std::uint64_t total_;
  const std::string unit_;
  const bool terminal_;
  const std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point next_;
};

}  // namespace faultline::cli
