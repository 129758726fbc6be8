// CRC-32C (Castagnoli), the checksum of Kafka's record batches and of our own files. Computed by ISA-L.
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace faultline {

/// The CRC-32C of `bytes`; pass the result of an earlier call as `previous` to go on where it stopped.
std::uint32_t crc32c(Bytes bytes, std::uint32_t previous = 0);

}  // namespace faultline
