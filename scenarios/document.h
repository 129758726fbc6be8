// A TOML file as plain data with the place of every value, and the problems found in it.
//
// toml++ is named in document.cc alone. What the rest reads is this small tree: it can be patched (`--set key=value`) before it
// is read, and every complaint can point at a line and a column.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace faultline::scenarios {

/// Where a value stands: 1-based; line 0 for a value that came from the command line.
struct Position {
  std::uint32_t line = 0;
  std::uint32_t column = 0;

  auto operator<=>(const Position&) const = default;
};

struct Node {
  struct Entry;
  enum class Kind : std::uint8_t { text, integer, boolean, floating, date, array, table };

  Kind kind = Kind::table;
  Position at;
  std::string text;            // of a text
  std::int64_t number = 0;     // of an integer; of a boolean 0 or 1
  std::vector<Node> items;     // of an array
  std::vector<Entry> entries;  // of a table, sorted by key

  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
};

struct Node::Entry {
  std::string key;
  Node value;
};

/// "a text", "an integer", as in "expected an integer, got a text".
std::string_view to_string(Node::Kind kind);

/// Something wrong with a file. `path` names the value: "fault[2].restart_after".
struct Problem {
  Position at;
  std::string path;
  std::string message;
};

/// "FILE:LINE:COLUMN: path: message".
std::string to_string(const Problem& problem, std::string_view file);

/// Parses `text`. Errors: malformed, as "LINE:COLUMN: what is wrong".
Result<Node> parse_toml(std::string_view text);

/// Replaces or adds the value at a dotted path: "chaos.power_loss.every=2s", "producer[0].count=3". The value is read as TOML and,
/// if it is none, as a bare text. Errors: invalid_argument, with the whole setting.
Result<> apply_setting(Node& root, std::string_view setting);

/// `key` as it is written in TOML: bare if that is possible, else in quotes.
std::string quote_key(std::string_view key);
/// `text` as a TOML string.
std::string quote_text(std::string_view text);

}  // namespace faultline::scenarios
