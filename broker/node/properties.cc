#include "broker/node/properties.h"

#include <string>

namespace faultline {
namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view blanks = " \t\r\f";
  const std::size_t first = text.find_first_not_of(blanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(blanks) - first + 1);
}

}  // namespace

Result<> parse_properties(std::string_view file_name, std::string_view text, const PropertyVisitor& visit) {
  std::size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const std::size_t end = text.find('\n');
    const std::string_view line = trim(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
    if (line.empty() || line.front() == '#' || line.front() == '!') continue;
    const std::size_t equals = line.find('=');
    const Result<> visited = equals == std::string_view::npos
                                 ? Error(Errc::malformed, "expected key=value, got '" + std::string(line) + "'")
                                 : visit(trim(line.substr(0, equals)), trim(line.substr(equals + 1)));
    if (visited) continue;
    return Error(Errc::invalid_argument,
                 std::string(file_name) + ":" + std::to_string(line_number) + ": " + visited.error().detail);
  }
  return {};
}

}  // namespace faultline
