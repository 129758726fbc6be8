// FieldReader: fills a struct from a table of the file, by the description in fields.h.
//
// Reading never stops at the first problem: a file is shown with all that is wrong in it. Positions are noted by path, so that
// what is checked afterwards (scenario_checks.cc) can point at a place too.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/document.h"
#include "scenarios/enum_names.h"
#include "scenarios/fields.h"

namespace faultline::scenarios {

class Reading {
 public:
  void complain(const std::string& path, Position at, std::string message) { problems.push_back({at, path, std::move(message)}); }
  void expected(const std::string& path, const Node& node, const std::string& what);

  std::vector<Problem> problems;
  std::map<std::string, Position> positions;
};

void read_value(Reading& reading, const Node& node, const std::string& path, std::string& value, const Limits& limits);
void read_value(Reading& reading, const Node& node, const std::string& path, bool& value, const Limits& limits);
void read_value(Reading& reading, const Node& node, const std::string& path, std::int64_t& value, const Limits& limits);
void read_value(Reading& reading, const Node& node, const std::string& path, std::uint64_t& value, const Limits& limits);
void read_value(Reading& reading, const Node& node, const std::string& path, Duration& value, const Limits& limits);
void read_value(Reading& reading, const Node& node, const std::string& path, Ratio& value, const Limits& limits);
void read_value(Reading& reading, const Node& node, const std::string& path, ConfigText& value, const Limits& limits);
void read_value(Reading& reading, const Node& node, const std::string& path, Knob& value, const Limits& limits);
/// "unknown key 'x'; did you mean 'y'?"
std::string unknown_word(std::string_view what, std::string_view word, const std::vector<std::string_view>& known);

template <class Enum>
  requires std::is_enum_v<Enum>
void read_value(Reading& reading, const Node& node, const std::string& path, Enum& value, const Limits&) {
  std::vector<std::string_view> known;
  for (const auto& [candidate, name] : names_of(Enum{})) {
    known.push_back(name);
    if (node.kind == Node::Kind::text && node.text == name) {
      value = candidate;
      return;
    }
  }
  if (node.kind == Node::Kind::text) {
    reading.complain(path, node.at, unknown_word("value", node.text, known));
  } else {
    std::string list;
    for (const std::string_view name : known) list += (list.empty() ? "" : ", ") + quote_text(name);
    reading.expected(path, node, "one of " + list);
  }
}

template <class T>
void read_value(Reading& reading, const Node& node, const std::string& path, Range<T>& value, const Limits& limits) {
  if (node.kind != Node::Kind::array) {
    read_value(reading, node, path, value.low, limits);
    value.high = value.low;
    return;
  }
  if (node.items.size() != 2) {
    reading.complain(path, node.at, "expected one value, or two: [lowest, highest]");
    return;
  }
  const std::size_t problems = reading.problems.size();
  read_value(reading, node.items[0], path + "[0]", value.low, limits);
  read_value(reading, node.items[1], path + "[1]", value.high, limits);
  if (reading.problems.size() == problems && value.low > value.high) {
    reading.complain(path, node.at, "expected [lowest, highest], got the higher one first");
  }
}

template <class T>
void read_value(Reading& reading, const Node& node, const std::string& path, std::optional<T>& value, const Limits& limits) {
  read_value(reading, node, path, value.emplace(), limits);
}

template <class T>
void read_value(Reading& reading, const Node& node, const std::string& path, std::vector<T>& value, const Limits& limits) {
  if (node.kind != Node::Kind::array) return reading.expected(path, node, "an array");
  value.clear();
  for (std::size_t i = 0; i < node.items.size(); ++i) {
    const std::string item_path = path + "[" + std::to_string(i) + "]";
    reading.positions[item_path] = node.items[i].at;
    read_value(reading, node.items[i], item_path, value.emplace_back(), limits);
  }
}

template <class T>
void read_value(Reading& reading, const Node& node, const std::string& path, std::map<std::string, T>& value,
                const Limits& limits) {
  if (node.kind != Node::Kind::table) return reading.expected(path, node, "a table");
  value.clear();
  for (const auto& [key, entry] : node.entries) {
    const std::string entry_path = path + "." + quote_key(key);
    reading.positions[entry_path] = entry.at;
    read_value(reading, entry, entry_path, value[key], limits);
  }
}

/// Visits the description of S and fills `object` from `table`.
template <class S>
class FieldReader {
 public:
  FieldReader(Reading& reading, const Node& table, const std::string& path, S& object)
      : reading_(reading), table_(table), path_(path), object_(object) {}

  template <class Owner, class T>
  void operator()(std::string_view key, T Owner::* member, const Limits& limits = {}) {
    known_.push_back(key);
    const std::string path = path_of(key);
    if (const Node* node = table_.find(key)) {
      reading_.positions[path] = node->at;
      read_value(reading_, *node, path, object_.*member, limits);
    } else if (limits.required) {
      reading_.complain(path, table_.at, "missing");
    }
  }

  /// All keys that are not described by themselves are entries of this map.
  template <class T>
  void rest(std::map<std::string, T> S::* member) {
    for (const auto& [key, node] : table_.entries) {
      if (is_known(key)) continue;
      reading_.positions[path_of(key)] = node.at;
      read_value(reading_, node, path_of(key), (object_.*member)[key], Limits{});
    }
    all_known_ = true;
  }

  void refuse_unknown() {
    if (all_known_) return;
    for (const auto& [key, node] : table_.entries) {
      if (!is_known(key)) reading_.complain(path_.empty() ? "" : path_, node.at, unknown_word("key", key, known_));
    }
  }

 private:
  std::string path_of(std::string_view key) const { return (path_.empty() ? "" : path_ + ".") + quote_key(key); }
  bool is_known(std::string_view key) const { return std::find(known_.begin(), known_.end(), key) != known_.end(); }

  Reading& reading_;
  const Node& table_;
  const std::string& path_;
  S& object_;
  std::vector<std::string_view> known_;
  bool all_known_ = false;
};

template <Described S>
void read_value(Reading& reading, const Node& node, const std::string& path, S& value, const Limits&) {
  if (node.kind != Node::Kind::table) return reading.expected(path, node, "a table");
  FieldReader<S> reader(reading, node, path, value);
  describe(reader, std::type_identity<S>{});
  reader.refuse_unknown();
}

}  // namespace faultline::scenarios
