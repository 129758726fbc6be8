#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>
#include <climits>

namespace faultline {

std::uint32_t crc32c(Bytes bytes, std::uint32_t previous) {
  // crc32_iscsi neither inverts its start value nor its result, takes its input as non-const and its length as an int.
  std::uint32_t crc = ~previous;
  while (!bytes.empty()) {
    const std::size_t count = std::min<std::size_t>(bytes.size(), INT_MAX);
    crc = crc32_iscsi(const_cast<std::uint8_t*>(bytes.data()), static_cast<int>(count), crc);
    bytes = bytes.subspan(count);
  }
  return ~crc;
}

}  // namespace faultline
