// Which partition a keyed record goes to: the choice of the Java client and of everything compatible with it.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace faultline::protocol {

/// The Java client's 32-bit murmur2, with its seed.
std::uint32_t murmur2(Bytes bytes);

/// The partition of a record with this key. Requires: partition_count > 0.
std::int32_t partition_of_key(Bytes key, std::int32_t partition_count);

}  // namespace faultline::protocol
