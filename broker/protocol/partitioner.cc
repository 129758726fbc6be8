#include "broker/protocol/partitioner.h"

#include <cstring>

#include "base/check.h"

namespace faultline::protocol {

std::uint32_t murmur2(Bytes bytes) {
  constexpr std::uint32_t seed = 0x9747b28c;
  constexpr std::uint32_t multiplier = 0x5bd1e995;
  std::uint32_t hash = seed ^ static_cast<std::uint32_t>(bytes.size());
  while (bytes.size() >= 4) {
    std::uint32_t word = 0;  // little-endian, as this machine (endian.h)
    std::memcpy(&word, bytes.data(), 4);
    word *= multiplier;
    word ^= word >> 24;
    hash = (hash * multiplier) ^ (word * multiplier);
    bytes = bytes.subspan(4);
  }
  if (!bytes.empty()) {
    for (std::size_t i = bytes.size(); i > 0; --i) hash ^= std::uint32_t{bytes[i - 1]} << (8 * (i - 1));
    hash *= multiplier;
  }
  hash ^= hash >> 13;
  hash *= multiplier;
  return hash ^ (hash >> 15);
}

std::int32_t partition_of_key(Bytes key, std::int32_t partition_count) {
  ENSURE(partition_count > 0);
  return static_cast<std::int32_t>(murmur2(key) & INT32_MAX) % partition_count;
}

}  // namespace faultline::protocol
