// Which partition a record without a key goes to: one partition for a batch's worth of bytes, then another one at random ("sticky",
// KIP-480 and KIP-794). That fills batches better than round-robin does and gives each partition the same share in the long run.
// Records with a key: broker/protocol/partitioner.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <string>

#include "base/random.h"
#include "broker/client/metadata.h"

namespace faultline::client {

class StickyPartitioner {
 public:
  StickyPartitioner(RandomStream random, std::size_t bytes_per_turn) : random_(random), bytes_per_turn_(bytes_per_turn) {}

  /// The partition for a record of `bytes` without a key. Partitions without a leader are passed over while others have one.
  /// Requires: `topic` has partitions.
  std::int32_t next(const std::string& topic, const TopicMetadata& metadata, std::size_t bytes);

 private:
  struct Turn {
    std::int32_t partition = -1;
    std::size_t bytes = 0;
  };

  RandomStream random_;
  const std::size_t bytes_per_turn_;
  std::map<std::string, Turn, std::less<>> turns_;
};

}  // namespace faultline::client
