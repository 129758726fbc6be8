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

/// The rare part of read_varint: three bytes and more, or cut.
const std::uint8_t* read_long_varint(const std::uint8_t* at, const std::uint8_t* end, std::int64_t& value);

/// Reads a varint from [at, end). Returns: where it ends, or nullptr if it is cut or longer than 64 bits.
///
/// A broker reads seven of these per record that it accepts, almost all of them of one or two bytes.
inline const std::uint8_t* read_varint(const std::uint8_t* at, const std::uint8_t* end, std::int64_t& value) {
  if (end - at >= 2) [[likely]] {
    if (at[0] < 0x80) {
      value = unzigzag(at[0]);
      return at + 1;
    }
    if (at[1] < 0x80) {
      value = unzigzag(static_cast<std::uint64_t>(at[0] & 0x7f) | static_cast<std::uint64_t>(at[1]) << 7);
      return at + 2;
    }
  }
  return read_long_varint(at, end, value);
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
