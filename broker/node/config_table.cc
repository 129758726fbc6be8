#include "broker/node/config_table.h"

#include <charconv>

#include "base/suggest.h"

namespace faultline::config_detail {
namespace {

Error bad_value(std::string_view key, std::string_view text, const std::string& expected) {
  return Error(Errc::invalid_argument, std::string(key) + ": expected " + expected + ", got '" + std::string(text) + "'");
}

}  // namespace

Result<bool> parse_bool(std::string_view key, std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return bad_value(key, text, "true or false");
}

Result<std::int64_t> parse_integer(std::string_view key, std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return bad_value(key, text, "an integer");
  if (value < min || value > max) {
    if (max == INT64_MAX) return bad_value(key, text, "at least " + std::to_string(min));
    return bad_value(key, text, "a value from " + std::to_string(min) + " to " + std::to_string(max));
  }
  return value;
}

Result<std::string> parse_word(std::string_view key, std::string_view text, std::span<const std::string_view> allowed) {
  if (allowed.empty()) return std::string(text);
  std::string list;
  for (const std::string_view word : allowed) {
    if (word == text) return std::string(text);
    list += (list.empty() ? "'" : ", '") + std::string(word) + "'";
  }
  return bad_value(key, text, (allowed.size() == 1 ? "" : "one of ") + list);
}

Error unknown_key(std::string_view key, std::span<const std::string_view> known) {
  std::string detail = "unknown configuration key '" + std::string(key) + "'";
  const std::string_view nearest = closest_word(key, known);
  if (!nearest.empty()) detail += "; did you mean '" + std::string(nearest) + "'?";
  return Error(Errc::invalid_argument, detail);
}

}  // namespace faultline::config_detail
