#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

namespace faultline::cli {
namespace {

constexpr auto terminal_interval = std::chrono::milliseconds(100);
constexpr auto line_interval = std::chrono::seconds(10);
constexpr std::uint64_t bar_width = 30;

}  // namespace

Progress::Progress(std::uint64_t total, std::string unit)
    : total_(std::max<std::uint64_t>(total, 1)),
      unit_(std::move(unit)),
      terminal_(::isatty(STDERR_FILENO) == 1),
      started_(std::chrono::steady_clock::now()) {
  next_ = started_ + (terminal_ ? std::chrono::steady_clock::duration(terminal_interval) : line_interval);
}

Progress::~Progress() {
  if (terminal_) std::fputs("\r\033[K", stderr);
}

double Progress::seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

void Progress::show(std::uint64_t done, std::uint64_t violations) {
  show(done, fmt::format(", {} violation{}", violations, violations == 1 ? "" : "s"));
}

void Progress::show(std::uint64_t done, std::string_view note) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? std::chrono::steady_clock::duration(terminal_interval) : line_interval);
  const std::string figures =
      fmt::format("{} of {} {}, {:.1f}/s{}", done, total_, unit_, static_cast<double>(done) / seconds(), note);
  if (!terminal_) {
    std::fprintf(stderr, "%s\n", figures.c_str());
    return;
  }
  const std::uint64_t filled = std::min(done, total_) * bar_width / total_;
  const std::string bar = std::string(filled, '=') + std::string(bar_width - filled, ' ');
  std::fprintf(stderr, "\r[%s] %s\033[K", bar.c_str(), figures.c_str());
  std::fflush(stderr);
}

}  // namespace faultline::cli
