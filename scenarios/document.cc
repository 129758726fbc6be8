#include "scenarios/document.h"

#include <toml++/toml.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace faultline::scenarios {
namespace {

// A dotted key nests a table per dot, and the library recurses into each of them: the length of a line bounds the stack. (Brackets
// it bounds itself, at 256.)
constexpr std::size_t max_line_bytes = 4096;

Node convert(const toml::node& source);

Node convert_table(const toml::table& source) {
  Node node;
  for (const auto& [key, value] : source) node.entries.push_back({std::string(key.str()), convert(value)});
  return node;
}

Node convert(const toml::node& source) {
  Node node;
  if (const auto* table = source.as_table()) {
    node = convert_table(*table);
  } else if (const auto* array = source.as_array()) {
    node.kind = Node::Kind::array;
    for (const toml::node& item : *array) node.items.push_back(convert(item));
  } else if (const auto* text = source.as_string()) {
    node.kind = Node::Kind::text;
    node.text = text->get();
  } else if (const auto* integer = source.as_integer()) {
    node.kind = Node::Kind::integer;
    node.number = integer->get();
  } else if (const auto* boolean = source.as_boolean()) {
    node.kind = Node::Kind::boolean;
    node.number = boolean->get() ? 1 : 0;
  } else {
    node.kind = source.is_floating_point() ? Node::Kind::floating : Node::Kind::date;
  }
  node.at = Position{source.source().begin.line, source.source().begin.column};
  return node;
}

// The number of the first line that is too long, or 0.
std::size_t overlong_line(std::string_view text) {
  for (std::size_t line = 1; !text.empty(); ++line) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    if (end > max_line_bytes) return line;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return 0;
}

// One step of a dotted path: a key, and the index after it if there is one.
struct Step {
  std::string key;
  std::optional<std::size_t> index;
};

std::optional<std::vector<Step>> split_path(std::string_view path) {
  std::vector<Step> steps;
  while (!path.empty()) {
    Step step;
    if (path.front() == '"') {
      const std::size_t end = path.find('"', 1);
      if (end == std::string_view::npos) return std::nullopt;
      step.key = path.substr(1, end - 1);
      path.remove_prefix(end + 1);
    } else {
      const std::size_t end = std::min(path.find_first_of(".["), path.size());
      step.key = path.substr(0, end);
      path.remove_prefix(end);
    }
    if (step.key.empty()) return std::nullopt;
    if (path.starts_with('[')) {
      std::size_t index = 0;
      const auto [end, error] = std::from_chars(path.data() + 1, path.data() + path.size(), index);
      if (error != std::errc{} || end == path.data() + path.size() || *end != ']') return std::nullopt;
      step.index = index;
      path.remove_prefix(static_cast<std::size_t>(end - path.data()) + 1);
    }
    steps.push_back(std::move(step));
    if (path.empty()) return steps;
    if (path.front() != '.' || path.size() == 1) return std::nullopt;
    path.remove_prefix(1);
  }
  return std::nullopt;
}

Node& child(Node& table, const std::string& key) {
  if (Node* found = table.find(key)) return *found;
  const auto place = std::lower_bound(table.entries.begin(), table.entries.end(), key,
                                      [](const Node::Entry& entry, const std::string& wanted) { return entry.key < wanted; });
  return table.entries.insert(place, Node::Entry{key, Node()})->value;
}

void forget_positions(Node& node) {
  node.at = {};
  for (Node& item : node.items) forget_positions(item);
  for (auto& [key, value] : node.entries) forget_positions(value);
}

Result<Node> parse_setting_value(std::string_view text) {
  Result<Node> parsed = parse_toml("value = " + std::string(text));
  Node value;
  if (parsed.has_value() && parsed->entries.size() == 1) {
    value = std::move(parsed->entries.front().value);
  } else {
    value.kind = Node::Kind::text;
    value.text = text;
  }
  forget_positions(value);
  return value;
}

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (const auto& [name, value] : entries) {
    if (name == key) return &value;
  }
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

std::string_view to_string(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::text: return "a text";
    case Node::Kind::integer: return "an integer";
    case Node::Kind::boolean: return "a boolean";
    case Node::Kind::floating: return "a floating-point number";
    case Node::Kind::date: return "a date or time";
    case Node::Kind::array: return "an array";
    case Node::Kind::table: return "a table";
  }
  return "?";
}

std::string to_string(const Problem& problem, std::string_view file) {
  std::string text(file);
  if (problem.at.line != 0) text += ":" + std::to_string(problem.at.line) + ":" + std::to_string(problem.at.column);
  text += ": ";
  if (!problem.path.empty()) text += problem.path + ": ";
  return text + problem.message;
}

Result<Node> parse_toml(std::string_view text) {
  if (const std::size_t line = overlong_line(text); line != 0) {
    return Error(Errc::malformed, std::to_string(line) + ":1: line longer than " + std::to_string(max_line_bytes) + " bytes");
  }
  try {
    return convert_table(toml::parse(text));
  } catch (const toml::parse_error& error) {
    const toml::source_position where = error.source().begin;
    return Error(Errc::malformed,
                 std::to_string(where.line) + ":" + std::to_string(where.column) + ": " + std::string(error.description()));
  }
}

Result<> apply_setting(Node& root, std::string_view setting) {
  const auto bad = [&](const std::string& why) {
    return Error(Errc::invalid_argument, "--set " + std::string(setting) + ": " + why);
  };
  const std::size_t equals = setting.find('=');
  if (equals == std::string_view::npos) return bad("expected KEY=VALUE");
  const auto steps = split_path(setting.substr(0, equals));
  if (!steps) return bad("expected a key such as chaos.power_loss.every or producer[0].count");
  Node* node = &root;
  for (const Step& step : *steps) {
    if (node->kind != Node::Kind::table) return bad("'" + step.key + "' is not inside a table");
    node = &child(*node, step.key);
    if (!step.index) continue;
    if (node->kind != Node::Kind::array || *step.index >= node->items.size()) {
      return bad("there is no " + step.key + "[" + std::to_string(*step.index) + "]");
    }
    node = &node->items[*step.index];
  }
  *node = TRY(parse_setting_value(setting.substr(equals + 1)));
  return {};
}

std::string quote_text(std::string_view text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (c == '\n') {
      quoted += "\\n";
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      constexpr std::string_view digits = "0123456789abcdef";
      quoted += "\\u00";
      quoted += digits[static_cast<unsigned char>(c) >> 4];
      quoted += digits[static_cast<unsigned char>(c) & 15];
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string quote_key(std::string_view key) {
  const bool bare = !key.empty() && std::all_of(key.begin(), key.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  return bare ? std::string(key) : quote_text(key);
}

}  // namespace faultline::scenarios
