// The signed varints inside records: zigzag, then LEB128, seven bits a byte. (Lengths in messages are unsigned: reader.h.)
#pragma once

#include <cstddef>
#include <cstdint>

namespace faultline::protocol {

inline constexpr std::size_t varint_bytes_max = 10;

constexpr std::uint64_t zigzag(std::int64_t value) {
  return (static_cast<std::uint64_t>(value) << 1) ^ static_cast<std::uint64_t>(value >> 63);
}

constexpr std::int64_t unzigzag(std::uint64_t raw) { return static_cast<std::int64_t>((raw >> 1) ^ (~(raw & 1) + 1)); }

/// Reads a varint from [at, end). Returns: where it ends, or nullptr if it is cut or longer than 64 bits.
inline const std::uint8_t* read_varint(const std::uint8_t* at, const std::uint8_t* end, std::int64_t& value) {
  std::uint64_t raw = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at == end) [[unlikely]]
      return nullptr;
    const std::uint8_t byte = *at++;
    if (shift == 63 && byte > 1) [[unlikely]]
      return nullptr;
    raw |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = unzigzag(raw);
      return at;
    }
  }
  return nullptr;
}

/// Writes `value` at `to`, which has room for varint_bytes_max. Returns: the bytes used.
inline std::size_t write_varint(std::uint8_t* to, std::int64_t value) {
  std::uint64_t raw = zigzag(value);
  std::size_t count = 0;
  while (raw >= 0x80) {
    to[count++] = static_cast<std::uint8_t>(raw | 0x80);
    raw >>= 7;
  }
  to[count++] = static_cast<std::uint8_t>(raw);
  return count;
}

constexpr std::size_t varint_bytes(std::int64_t value) {
  std::size_t count = 1;
  for (std::uint64_t raw = zigzag(value); raw >= 0x80; raw >>= 7) ++count;
  return count;
}

}  // namespace faultline::protocol
