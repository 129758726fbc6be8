// Small things that the models share: hashes of a few numbers, and values as words.
#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "base/random.h"
#include "checkers/linearizability/models.h"

namespace faultline::linearizability {

/// A hash of a few numbers.
template <std::integral... Numbers>
std::uint64_t mixed(Numbers... numbers) {
  std::uint64_t hash = 0x9e3779b97f4a7c15u;
  ((hash = mix64(hash ^ static_cast<std::uint64_t>(numbers), 0xd6e8feb86659fd93u)), ...);
  return hash;
}

inline std::uint64_t mixed_all(std::span<const Value> values) {
  std::uint64_t hash = values.size();
  for (const Value value : values) hash = mix64(hash ^ static_cast<std::uint64_t>(value), 0xa0761d6478bd642fu) + 1;
  return hash;
}

/// "3", "nil".
std::string value_text(Value value);
/// "[1 2 3]"; the middle of a long list is left out.
std::string values_text(std::span<const Value> values);
/// `text` in quotes; the middle of a long one is left out.
std::string shortened(std::string_view text);

}  // namespace faultline::linearizability
