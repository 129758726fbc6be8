// Big-endian integers at any address, as everything on Kafka's wire and in its batches is written.
#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace faultline::protocol {

static_assert(std::endian::native == std::endian::little, "the byte swaps below assume a little-endian machine");

template <std::unsigned_integral U>
constexpr U byte_swapped(U value) {
  if constexpr (sizeof(U) == 1) {
    return value;
  } else if constexpr (sizeof(U) == 2) {
    return __builtin_bswap16(value);
  } else if constexpr (sizeof(U) == 4) {
    return __builtin_bswap32(value);
  } else {
    static_assert(sizeof(U) == 8);
    return __builtin_bswap64(value);
  }
}

/// Reads a T from the sizeof(T) bytes at `from`.
template <std::integral T>
T load_be(const std::uint8_t* from) {
  std::make_unsigned_t<T> raw;
  std::memcpy(&raw, from, sizeof raw);
  return static_cast<T>(byte_swapped(raw));
}

/// Writes `value` to the sizeof(T) bytes at `to`.
template <std::integral T>
void store_be(std::uint8_t* to, T value) {
  const auto raw = byte_swapped(static_cast<std::make_unsigned_t<T>>(value));
  std::memcpy(to, &raw, sizeof raw);
}

}  // namespace faultline::protocol
