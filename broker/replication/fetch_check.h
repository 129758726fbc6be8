// What a leader checks before it reads for a fetch: the epoch that the asker believes in, the range, and whether the two logs have
// parted (KIP-320, KIP-595). In this order, each with its own answer.
#pragma once

#include <cstdint>

#include "broker/replication/epoch_cache.h"

namespace faultline::replication {

inline constexpr std::int32_t no_epoch = -1;

enum class EpochCheck : std::uint8_t {
  current,
  fenced,   // FENCED_LEADER_EPOCH: the asker is behind
  unknown,  // UNKNOWN_LEADER_EPOCH: the asker is ahead
};

/// `asked` -1 asks nothing.
EpochCheck check_epoch(std::int32_t asked, std::int32_t leader_epoch);

struct FetchCheck {
  enum class Kind : std::uint8_t { read, out_of_range, diverging };

  Kind kind = Kind::read;
  EpochEnd diverging;  // where the follower's epoch, or the one before it that we know, ends here

  bool operator==(const FetchCheck&) const = default;
};

/// `last_fetched_epoch` is the epoch of the asker's last record; -1 skips the comparison.
/// For a diverging fetch there are no records, and the follower's state is not updated: its log end is not its log end.
FetchCheck check_fetch(std::int64_t fetch_offset, std::int32_t last_fetched_epoch, const EpochCache& epochs,
                       std::int64_t log_start, std::int64_t log_end);

}  // namespace faultline::replication
