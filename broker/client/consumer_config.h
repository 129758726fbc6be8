// What a consumer is configured with.
#pragma once

#include <cstddef>
#include <cstdint>

#include "broker/client/config.h"
#include "broker/client/offsets.h"

namespace faultline::client {

/// Where to go on when the position is not set, or no longer in the log.
enum class OffsetReset : std::uint8_t { latest, earliest, none };

struct ConsumerConfig {
  ClusterConfig cluster;
  OffsetReset offset_reset = OffsetReset::latest;        // auto.offset.reset
  Isolation isolation = Isolation::read_uncommitted;     // isolation.level
  std::size_t fetch_bytes_min = 1;                       // fetch.min.bytes
  std::size_t fetch_bytes_max = 50 << 20;                // fetch.max.bytes
  std::size_t partition_bytes_max = 1 << 20;             // max.partition.fetch.bytes
  Duration fetch_wait_max{500ms};                        // fetch.max.wait.ms
  std::size_t decompressed_batch_bytes_max = 256 << 20;  // a batch that unfolds to more is taken for an attack

  /// Errors: invalid_argument; the detail names the setting.
  Result<> validate() const;
};

}  // namespace faultline::client
