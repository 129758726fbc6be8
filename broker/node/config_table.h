// A configuration is a plain struct; a ConfigTable says which of its members go by which of Kafka's names, with type, range and
// documentation. Parsing, printing, DescribeConfigs and the refusal of unknown keys all read the same table.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/result.h"

namespace faultline {

/// Key and value, as written in a properties file or sent by a client.
using ConfigEntry = std::pair<std::string, std::string>;

template <class Config>
struct ConfigKey {
  using Member = std::variant<bool Config::*, std::int32_t Config::*, std::int64_t Config::*, std::string Config::*>;

  std::string_view name;
  Member member;
  std::string_view documentation;
  std::int64_t min = INT64_MIN;                    // for integers
  std::int64_t max = INT64_MAX;                    // for integers
  std::span<const std::string_view> allowed = {};  // for strings; empty allows any
};

namespace config_detail {
Result<bool> parse_bool(std::string_view key, std::string_view text);
Result<std::int64_t> parse_integer(std::string_view key, std::string_view text, std::int64_t min, std::int64_t max);
Result<std::string> parse_word(std::string_view key, std::string_view text, std::span<const std::string_view> allowed);
Error unknown_key(std::string_view key, std::span<const std::string_view> known);
}  // namespace config_detail

template <class Config>
class ConfigTable {
 public:
  using Key = ConfigKey<Config>;

  constexpr explicit ConfigTable(std::span<const Key> keys) : keys_(keys) {}

  std::span<const Key> keys() const { return keys_; }

  const Key* find(std::string_view name) const {
    for (const Key& key : keys_) {
      if (key.name == name) return &key;
    }
    return nullptr;
  }

  std::vector<std::string_view> names() const {
    std::vector<std::string_view> names;
    for (const Key& key : keys_) names.push_back(key.name);
    return names;
  }

  /// Sets one member. Errors: invalid_argument, with the key, what was expected, and a suggestion for an unknown key.
  Result<> set(Config& config, std::string_view name, std::string_view value) const {
    const Key* key = find(name);
    if (key == nullptr) return config_detail::unknown_key(name, names());
    if (auto* flag = std::get_if<bool Config::*>(&key->member)) {
      config.** flag = TRY(config_detail::parse_bool(name, value));
    } else if (auto* narrow = std::get_if<std::int32_t Config::*>(&key->member)) {
      const std::int64_t low = key->min < INT32_MIN ? INT32_MIN : key->min;
      const std::int64_t high = key->max > INT32_MAX ? INT32_MAX : key->max;
      config.** narrow = static_cast<std::int32_t>(TRY(config_detail::parse_integer(name, value, low, high)));
    } else if (auto* wide = std::get_if<std::int64_t Config::*>(&key->member)) {
      config.** wide = TRY(config_detail::parse_integer(name, value, key->min, key->max));
    } else {
      config.*std::get<std::string Config::*>(key->member) = TRY(config_detail::parse_word(name, value, key->allowed));
    }
    return {};
  }

  /// The present value, as text.
  std::string get(const Config& config, const Key& key) const {
    return std::visit(
        [&](auto member) -> std::string {
          const auto& value = config.*member;
          if constexpr (std::is_same_v<std::decay_t<decltype(value)>, bool>) {
            return value ? "true" : "false";
          } else if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>) {
            return value;
          } else {
            return std::to_string(value);
          }
        },
        key.member);
  }

 private:
  std::span<const Key> keys_;
};

}  // namespace faultline
