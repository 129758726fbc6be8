#include "broker/log/text_checkpoint.h"

#include <fmt/format.h>

#include <charconv>

#include "base/crc32c.h"

namespace faultline {

namespace {

constexpr std::string_view version_line = "faultline-checkpoint 1\n";
constexpr std::string_view seal_word = "crc32c ";
constexpr std::size_t seal_bytes = seal_word.size() + 8 + 1;  // eight hexadecimal digits and a newline

std::string seal_of(std::string_view content) { return fmt::format("{}{:08x}\n", seal_word, crc32c(as_bytes(content))); }

// Numbers separated by single blanks, or nothing if any part is something else.
std::vector<std::int64_t> parse_numbers(std::string_view text) {
  std::vector<std::int64_t> numbers;
  while (!text.empty()) {
    const std::string_view word = text.substr(0, text.find(' '));
    std::int64_t number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) return {};
    numbers.push_back(number);
    text.remove_prefix(std::min(text.size(), word.size() + 1));
  }
  return numbers;
}

}  // namespace

Slice seal_checkpoint(std::string_view body) {
  std::string file = std::string(version_line) + std::string(body);
  file += seal_of(file);
  return Slice::copy_of(std::string_view(file));
}

Result<CheckpointLines> open_checkpoint(Bytes file) {
  std::string_view text = as_text(file);
  if (!text.starts_with(version_line)) return Error(Errc::corrupt, "checkpoint: unknown version");
  if (text.size() < version_line.size() + seal_bytes) return Error(Errc::corrupt, "checkpoint: too short");
  const std::string_view content = text.substr(0, text.size() - seal_bytes);
  if (text.substr(content.size()) != seal_of(content)) return Error(Errc::corrupt, "checkpoint: wrong checksum");

  CheckpointLines lines;
  for (std::string_view rest = content.substr(version_line.size()); !rest.empty();) {
    const std::size_t end = rest.find('\n');
    const std::size_t blank = rest.substr(0, end).find(' ');
    if (end == std::string_view::npos || blank == std::string_view::npos) return Error(Errc::corrupt, "checkpoint: bad line");
    const std::string_view value = rest.substr(blank + 1, end - blank - 1);
    lines.push_back({std::string(rest.substr(0, blank)), std::string(value), parse_numbers(value)});
    rest.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace faultline
