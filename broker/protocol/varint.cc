#include "broker/protocol/varint.h"

namespace faultline::protocol {

const std::uint8_t* read_long_varint(const std::uint8_t* at, const std::uint8_t* end, std::int64_t& value) {
  std::uint64_t raw = 0;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at == end) return nullptr;
    const std::uint8_t byte = *at++;
    if (shift == 63 && byte > 1) return nullptr;
    raw |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) {
      value = unzigzag(raw);
      return at;
    }
  }
  return nullptr;
}

}  // namespace faultline::protocol
