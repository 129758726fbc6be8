// What a log remembers of its producers, as a file: so that it survives the batches it came from, which retention takes, and so that
// fewer batches must be looked at after a start. The state and its rules are replication's (broker/replication/producer_state.h).
// Grammar: docs/formats/checkpoint.md.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "base/slice.h"
#include "broker/replication/producer_state.h"

namespace faultline {

using replication::ProducerEntries;
using replication::ProducerStates;

struct ProducerCheckpoint {
  std::int64_t end_offset = 0;  // of the log that the entries speak of
  ProducerEntries entries;

  bool operator==(const ProducerCheckpoint&) const = default;

  Slice encode() const;
  /// Errors: corrupt.
  static Result<ProducerCheckpoint> decode(Bytes bytes);
};

inline constexpr std::string_view producer_file = "producer-state";

}  // namespace faultline
