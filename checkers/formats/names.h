// NameTable: numbers for values that are no numbers, and the way back.
#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "checkers/formats/value.h"

namespace faultline::formats {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>{}(text); }
};

/// A name as people write it: 17, abc (of the text "abc" and of the keyword :abc), [1 2].
inline std::string plain_text(const Value& value) { return value.is_name() ? std::string(value.text()) : to_edn(value); }

/// Numbers texts in the order in which they come.
class NameTable {
 public:
  std::uint32_t number(std::string_view name) {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    const auto number = static_cast<std::uint32_t>(names_.size());
    numbers_.emplace(std::string(name), number);
    names_.emplace_back(name);
    return number;
  }
  const std::vector<std::string>& names() const { return names_; }

 private:
  std::unordered_map<std::string, std::uint32_t, TextHash, std::equal_to<>> numbers_;
  std::vector<std::string> names_;
};

/// Values as 64-bit numbers: an integer is itself; anything else gets a number so far below zero that no test uses it.
class ValueNumbers {
 public:
  std::int64_t number(const Value& value) {
    if (value.is_integer() && value.integer() >= first_free) return value.integer();
    return first + std::int64_t{names_.number(to_edn(value))};
  }
  /// `text` with the numbers that stand for something else replaced by that.
  std::string restore(std::string text) const;

 private:
  static constexpr std::int64_t first = std::numeric_limits<std::int64_t>::min() + 1;  // the least of all is the checkers' nil
  static constexpr std::int64_t first_free = first + std::numeric_limits<std::uint32_t>::max();

  NameTable names_;
};

}  // namespace faultline::formats
