#include "cli/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <string>

namespace faultline::cli {
namespace {

constexpr auto terminal_interval = std::chrono::milliseconds(100);
constexpr auto line_interval = std::chrono::seconds(10);
constexpr std::uint64_t bar_width = 30;

}  // namespace

Progress::Progress(std::uint64_t total)
    : total_(total), terminal_(::isatty(STDERR_FILENO) == 1), started_(std::chrono::steady_clock::now()) {
  next_ = started_ + (terminal_ ? std::chrono::steady_clock::duration(terminal_interval) : line_interval);
}

Progress::~Progress() {
  if (terminal_) std::fputs("\r\033[K", stderr);
}

double Progress::seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count(); }

void Progress::show(std::uint64_t done, std::uint64_t violations) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_) return;
  next_ = now + (terminal_ ? std::chrono::steady_clock::duration(terminal_interval) : line_interval);
  const std::string figures = fmt::format("{} of {} seeds, {:.1f}/s, {} violation{}", done, total_,
                                          static_cast<double>(done) / seconds(), violations, violations == 1 ? "" : "s");
  if (!terminal_) {
    std::fprintf(stderr, "%s\n", figures.c_str());
    return;
  }
  const std::uint64_t filled = done * bar_width / total_;
  const std::string bar = std::string(filled, '=') + std::string(bar_width - filled, ' ');
  std::fprintf(stderr, "\r[%s] %s\033[K", bar.c_str(), figures.c_str());
  std::fflush(stderr);
}

}  // namespace faultline::cli
