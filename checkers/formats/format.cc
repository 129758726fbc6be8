// Names of formats, and how to tell one from another.
#include <algorithm>
#include <array>

#include "checkers/formats/form_parser.h"
#include "checkers/formats/line_syntax.h"
#include "checkers/formats/readers.h"

namespace faultline::formats {

namespace {

constexpr std::array formats{Format::jsonl, Format::json, Format::edn, Format::jepsen_log, Format::porcupine, Format::sessions};

// The first object says whose it is.
std::optional<Format> detect_json(const Value& first) {
  if (!first.is_map()) return std::nullopt;
  if (first.find("format").text() == "faultline-history") return Format::jsonl;
  if (first.contains("Call") && first.contains("Return")) return Format::porcupine;
  if (first.contains("type")) return Format::json;
  return std::nullopt;
}

// The first value of `text`, out of the history's bracket if there is one; nothing if it is not in this notation.
std::optional<Value> first_value(std::string_view text, Notation notation, Arena& arena) {
  FormParser parser(notation, arena);
  std::size_t origin = 0;
  for (int step = 0; step < 2; ++step) {
    parser.start(text, true, origin);
    if (parser.skip() != FormParser::Status::done || parser.at_end()) return std::nullopt;
    const bool bracket = parser.peek() == '[' || (parser.peek() == '(' && notation == Notation::edn);
    if (step == 0 && bracket) parser.advance();
    origin = parser.position();
  }
  Value value;
  parser.start(text, true, origin);
  if (parser.parse(value) != FormParser::Status::done) return std::nullopt;
  return value;
}

}  // namespace

std::string_view to_string(EventType type) {
  switch (type) {
    case EventType::invoke: return "invoke";
    case EventType::ok: return "ok";
    case EventType::fail: return "fail";
    case EventType::info: return "info";
  }
  return "";
}

std::string_view to_string(Format format) {
  switch (format) {
    case Format::jsonl: return "jsonl";
    case Format::json: return "json";
    case Format::edn: return "edn";
    case Format::jepsen_log: return "jepsen-log";
    case Format::porcupine: return "porcupine";
    case Format::sessions: return "sessions";
  }
  return "";
}

std::span<const Format> all_formats() { return formats; }

std::optional<Format> parse_format(std::string_view name) {
  const auto found = std::ranges::find_if(formats, [&](Format format) { return to_string(format) == name; });
  return found == formats.end() ? std::nullopt : std::optional(*found);
}

std::optional<Format> detect_format(std::string_view beginning) {
  Arena arena;
  if (const auto json = first_value(beginning, Notation::json, arena)) {
    if (const auto format = detect_json(*json)) return format;
  }
  if (const auto edn = first_value(beginning, Notation::edn, arena)) {
    const Value& event = edn->kind() == Kind::tagged ? edn->items()[1] : *edn;
    if (event.contains("type")) return Format::edn;
  }
  for (std::string_view rest = beginning; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (parse_session_line(line)) return Format::sessions;
    if (jepsen_event_at(line)) return Format::jepsen_log;
  }
  return std::nullopt;
}

Result<> load_sample(TextInput& input) {
  constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";
  while (!input.complete() && input.window().size() < sample_bytes) TRY(input.grow());
  if (input.consumed() == 0 && input.window().starts_with(byte_order_mark)) input.consume(byte_order_mark.size());
  return {};
}

std::unique_ptr<EventReader> make_reader(Format format, TextInput& input) {
  switch (format) {
    case Format::jsonl: return make_map_reader(input, true, true);
    case Format::json: return make_map_reader(input, true, false);
    case Format::edn: return make_map_reader(input, false, false);
    case Format::jepsen_log: return make_jepsen_log_reader(input);
    case Format::porcupine: return make_porcupine_reader(input);
    case Format::sessions: return make_session_reader(input);
  }
  return nullptr;
}

}  // namespace faultline::formats
