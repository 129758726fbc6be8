#include "broker/metadata/topic_name.h"

#include <algorithm>
#include <cstddef>
#include <string>

namespace faultline::metadata {

Outcome<> check_topic_name(std::string_view name) {
  constexpr std::size_t name_max = 249;
  const auto legal = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
  };
  if (name.empty()) return Refusal(ErrorCode::invalid_topic_exception, "a topic name cannot be empty");
  if (name == "." || name == "..") return Refusal(ErrorCode::invalid_topic_exception, "a topic name cannot be '.' or '..'");
  if (name.size() > name_max) {
    return Refusal(ErrorCode::invalid_topic_exception,
                   "a topic name cannot be longer than " + std::to_string(name_max) + " characters");
  }
  if (!std::ranges::all_of(name, legal)) {
    return Refusal(ErrorCode::invalid_topic_exception, "a topic name can only hold letters, digits, '.', '_' and '-'");
  }
  return {};
}

}  // namespace faultline::metadata
