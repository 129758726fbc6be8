#include "broker/protocol/uuid.h"

#include <string_view>

namespace faultline::protocol {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t text_length = 22;  // 16 bytes are 21 letters of 6 bits and one that holds the last 2

}  // namespace

Uuid Uuid::of(std::uint64_t high, std::uint64_t low) {
  Uuid id;
  for (std::size_t i = 0; i < 8; ++i) {
    id.bytes[i] = static_cast<std::uint8_t>(high >> (56 - 8 * i));
    id.bytes[8 + i] = static_cast<std::uint8_t>(low >> (56 - 8 * i));
  }
  return id;
}

std::string to_string(const Uuid& id) {
  std::string text;
  std::uint32_t bits = 0;
  unsigned held = 0;
  for (const std::uint8_t byte : id.bytes) {
    bits = (bits << 8) | byte;
    held += 8;
    while (held >= 6) {
      held -= 6;
      text += alphabet[(bits >> held) & 63];
    }
  }
  text += alphabet[(bits << (6 - held)) & 63];
  return text;
}

Result<Uuid> parse_uuid(std::string_view text) {
  if (text.size() != text_length) return Error(Errc::malformed, "expected 22 letters for an id, got '" + std::string(text) + "'");
  Uuid id;
  std::uint32_t bits = 0;
  unsigned held = 0;
  std::size_t filled = 0;
  for (const char letter : text) {
    const std::size_t value = alphabet.find(letter);
    if (value == std::string_view::npos) return Error(Errc::malformed, "'" + std::string(1, letter) + "' in an id");
    bits = (bits << 6) | static_cast<std::uint32_t>(value);
    held += 6;
    if (held < 8) continue;
    held -= 8;
    id.bytes[filled++] = static_cast<std::uint8_t>(bits >> held);
  }
  if ((bits & ((1u << held) - 1)) != 0) return Error(Errc::malformed, "bits beyond the last byte of an id");
  return id;
}

}  // namespace faultline::protocol
