// Uuid: the 16 bytes by which topics and log directories are named on the wire. Printed as Kafka's tools print it: URL-safe
// base64 without padding.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace faultline::protocol {

struct Uuid {
  std::array<std::uint8_t, 16> bytes{};

  /// Two halves in big-endian order, most significant first.
  static Uuid of(std::uint64_t high, std::uint64_t low);

  /// The zero id stands for "no id" in every field that carries one.
  bool is_zero() const { return *this == Uuid{}; }

  auto operator<=>(const Uuid&) const = default;
};

/// 22 characters of [A-Za-z0-9_-].
std::string to_string(const Uuid& id);

/// Reads what to_string wrote. Errors: malformed.
Result<Uuid> parse_uuid(std::string_view text);

}  // namespace faultline::protocol
