// FieldWriter: writes a struct as TOML, by the description in fields.h, leaving out what equals the default.
//
// Tables come after values, and a table's heading is written even when only its sub-tables have content, as TOML demands.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenarios/document.h"
#include "scenarios/enum_names.h"
#include "scenarios/fields.h"
#include "scenarios/text_values.h"

namespace faultline::scenarios {

std::string value_text(const std::string& value);
std::string value_text(bool value);
std::string value_text(std::int64_t value);
std::string value_text(std::uint64_t value);
std::string value_text(Duration value);
std::string value_text(Ratio value);
std::string value_text(const ConfigText& value);
std::string value_text(const Knob& value);

template <class Enum>
  requires std::is_enum_v<Enum>
std::string value_text(Enum value) {
  return quote_text(name_of(value));
}

template <class T>
std::string value_text(const Range<T>& value) {
  if (value.low == value.high) return value_text(value.low);
  return "[" + value_text(value.low) + ", " + value_text(value.high) + "]";
}

template <class T>
std::string value_text(const std::vector<T>& value) {
  std::string text;
  for (const T& item : value) text += (text.empty() ? "" : ", ") + value_text(item);
  return "[" + text + "]";
}

template <class T>
std::string value_text(const std::optional<T>& value) {
  return value_text(*value);
}

template <class S>
class FieldWriter {
 public:
  FieldWriter(std::string path, const S& object) : path_(std::move(path)), object_(object) {}

  template <class Owner, class T>
  void operator()(std::string_view key, T Owner::* member, const Limits& limits = {}) {
    const T& value = object_.*member;
    if (limits.required ? false : value == defaults_.*member) return;
    add(key, value);
  }

  template <class T>
  void rest(std::map<std::string, T> S::* member) {
    for (const auto& [key, value] : object_.*member) add(key, value);
  }

  /// "key = value" lines of this table, without a heading.
  const std::string& lines() const { return lines_; }
  /// The tables below it, each with its heading.
  const std::string& tables() const { return tables_; }

 private:
  std::string path_of(std::string_view key) const { return (path_.empty() ? "" : path_ + ".") + quote_key(key); }

  template <class T>
  void add(std::string_view key, const T& value) {
    lines_ += quote_key(key) + " = " + value_text(value) + "\n";
  }
  template <Described T>
  void add(std::string_view key, const T& value) {
    add_table("[" + path_of(key) + "]", path_of(key), value);
  }
  template <Described T>
  void add(std::string_view key, const std::vector<T>& values) {
    for (const T& value : values) add_table("[[" + path_of(key) + "]]", path_of(key), value);
  }
  template <class T>
  void add(std::string_view key, const std::map<std::string, T>& values) {
    tables_ += "\n[" + path_of(key) + "]\n";
    for (const auto& [name, value] : values) tables_ += quote_key(name) + " = " + value_text(value) + "\n";
  }
  template <class T>
  void add_table(const std::string& heading, const std::string& path, const T& value) {
    FieldWriter<T> writer(path, value);
    describe(writer, std::type_identity<T>{});
    tables_ += "\n" + heading + "\n" + writer.lines() + writer.tables();
  }

  const std::string path_;
  const S& object_;
  const S defaults_{};
  std::string lines_;
  std::string tables_;
};

}  // namespace faultline::scenarios
