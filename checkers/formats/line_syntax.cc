#include "checkers/formats/line_syntax.h"

#include <array>
#include <charconv>

#include "checkers/formats/event.h"

namespace faultline::formats {

namespace {

constexpr std::string_view blanks = " \t\r";

void skip_blanks(std::string_view& text) {
  const std::size_t first = text.find_first_not_of(blanks);
  text.remove_prefix(first == std::string_view::npos ? text.size() : first);
}

bool take(std::string_view& text, char c) {
  skip_blanks(text);
  if (!text.starts_with(c)) return false;
  text.remove_prefix(1);
  return true;
}

bool take(std::string_view& text, std::int64_t& number) {
  skip_blanks(text);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool is_blank(char c) { return blanks.find(c) != std::string_view::npos; }

// Whether ":invoke" and the like stand at `at`, as a word.
bool type_at(std::string_view line, std::size_t at) {
  for (const EventType type : {EventType::invoke, EventType::ok, EventType::fail, EventType::info}) {
    const std::string_view name = to_string(type);
    if (line.substr(at + 1, name.size()) != name) continue;
    const std::size_t end = at + 1 + name.size();
    if (end < line.size() && is_blank(line[end])) return true;
  }
  return false;
}

bool is_process(std::string_view word) {
  if (word.starts_with(':')) return word.size() > 1 && word != ":type";  // which is an event in EDN
  if (word.starts_with('-')) word.remove_prefix(1);
  return !word.empty() && word.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

Result<std::optional<Line>> next_line(TextInput& input) {
  std::size_t searched = 0;
  for (;;) {
    const std::string_view window = input.window();
    const std::size_t end = window.find('\n', searched);
    if (end != std::string_view::npos) return std::optional(Line{window.substr(0, end), end + 1});
    if (input.complete()) {
      if (window.empty()) return std::optional<Line>();
      return std::optional(Line{window, window.size()});
    }
    searched = window.size();
    TRY(input.grow());
  }
}

std::optional<SessionOperation> parse_session_line(std::string_view line) {
  SessionOperation result;
  skip_blanks(line);
  if (!line.starts_with('r') && !line.starts_with('w')) return std::nullopt;
  result.write = line.front() == 'w';
  line.remove_prefix(1);
  if (!take(line, '(') || !take(line, result.key)) return std::nullopt;
  for (std::int64_t* number : {&result.value, &result.session, &result.transaction}) {
    if (!take(line, ',') || !take(line, *number)) return std::nullopt;
  }
  if (!take(line, ')')) return std::nullopt;
  skip_blanks(line);
  return line.empty() ? std::optional(result) : std::nullopt;
}

std::optional<std::size_t> jepsen_event_at(std::string_view line) {
  for (std::size_t colon = line.find(':'); colon != std::string_view::npos; colon = line.find(':', colon + 1)) {
    if (colon < 2 || !is_blank(line[colon - 1]) || !type_at(line, colon)) continue;
    const std::size_t last = line.find_last_not_of(blanks, colon - 1);
    if (last == std::string_view::npos) continue;
    const std::size_t before = line.find_last_of(blanks, last);
    const std::size_t first = before == std::string_view::npos ? 0 : before + 1;
    if (is_process(line.substr(first, last + 1 - first))) return first;
  }
  return std::nullopt;
}

}  // namespace faultline::formats
