#include "runtime/asio/real_trace.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

#include "runtime/asio/posix_error.h"
#include "runtime/asio/real_clock.h"

namespace faultline {
namespace {

constexpr mode_t file_permissions = 0644;

std::string_view name_of(TraceLevel level) {
  switch (level) {
    case TraceLevel::debug: return "debug";
    case TraceLevel::info: return "info";
    case TraceLevel::warning: return "warning";
    case TraceLevel::error: return "error";
  }
  return "unknown";
}

// Bare if it reads as one word, else in quotes; a line stays a line whatever a client put into a name.
void append_text(std::string& line, std::string_view text) {
  const auto plain = [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\' && c != '='; };
  bool word = true;
  for (const char c : text) word = word && plain(c);
  if (word) {
    line += text;
    return;
  }
  line += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') {
      constexpr std::string_view digits = "0123456789abcdef";
      const auto byte = static_cast<unsigned char>(c);
      line += "\\x";
      line += digits[byte / 16];
      line += digits[byte % 16];
    } else {
      line += c;
    }
  }
  line += '"';
}

}  // namespace

std::string trace_line(WallTime time, const TracePoint& point, std::initializer_list<TraceField> fields) {
  using namespace std::chrono;
  const auto since_epoch = time.time_since_epoch();
  const auto day = floor<days>(since_epoch);
  const year_month_day date{sys_days(day)};
  const hh_mm_ss clock(floor<microseconds>(since_epoch - day));
  std::array<char, sizeof("-9223372036854775808-12-31T23:59:59.999999Z ")> stamp{};
  std::snprintf(stamp.data(), stamp.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%06dZ ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                static_cast<int>(clock.subseconds().count()));
  std::string line(stamp.data());
  line += name_of(point.level);
  line += ' ';
  line += point.name;
  for (const TraceField& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    if (field.text.empty()) {
      line += std::to_string(field.number);
    } else {
      append_text(line, field.text);
    }
  }
  line += '\n';
  return line;
}

Result<std::unique_ptr<RealTrace>> RealTrace::open(const std::string& path, TraceLevel level) {
  if (path.empty()) return std::unique_ptr<RealTrace>(new RealTrace(STDERR_FILENO, false, level));
  const int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, file_permissions);
  if (descriptor < 0) return file_error(errno, "open", path);
  return std::unique_ptr<RealTrace>(new RealTrace(descriptor, true, level));
}

RealTrace::~RealTrace() {
  if (owned_) ::close(descriptor_);
}

void RealTrace::record(const TracePoint& point, std::initializer_list<TraceField> fields) {
  const std::string line = trace_line(RealClock().wall_now(), point, fields);
  // A trace that cannot be written is not worth stopping a broker for.
  [[maybe_unused]] const ssize_t written = ::write(descriptor_, line.data(), line.size());
}

}  // namespace faultline
