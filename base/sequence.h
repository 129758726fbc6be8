// Sequence numbers of Kafka's producers: a record's place in what a producer has sent to a partition. They go from 0 to INT32_MAX and begin
// again (KIP-98).
#pragma once

#include <cstdint>

namespace faultline {

/// The sequence number `count` behind `sequence`.
constexpr std::int32_t sequence_after(std::int32_t sequence, std::uint64_t count) {
  return static_cast<std::int32_t>((static_cast<std::uint64_t>(sequence) + count) & INT32_MAX);
}

}  // namespace faultline
