// The leader epoch cache: which leader epoch starts at which offset (KIP-101, KIP-279).
//
// Epochs and their starts both grow. A leader enters (epoch, log end) before it serves anything; after that the batches themselves
// carry the epoch, so what was lost of its file (broker/log/epoch_checkpoint.h) can be read back from the log.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace faultline::replication {

struct EpochStart {
  std::int32_t epoch = 0;
  std::int64_t start_offset = 0;

  bool operator==(const EpochStart&) const = default;
};

/// The answer to OffsetForLeaderEpoch; (-1, -1) is "unknown".
struct EpochEnd {
  std::int32_t epoch = -1;
  std::int64_t end_offset = -1;

  bool operator==(const EpochEnd&) const = default;
};

class EpochCache {
 public:
  /// Enters `epoch` at `start_offset` unless it is known or older than the newest. Returns: whether anything changed.
  /// An epoch that was entered at or after `start_offset` without a batch of its own does not hide the later one.
  bool assign(std::int32_t epoch, std::int64_t start_offset);

  /// After a cut of the log: forgets epochs that start at or after `end_offset`.
  void truncate_from(std::int64_t end_offset);
  /// After appends were taken back: an epoch that started behind `end_offset` starts there, without a batch so far.
  void clamp_to(std::int64_t end_offset);
  /// After the log start moved: forgets epochs that end at or before it; the first that is left starts there.
  void drop_before(std::int64_t log_start);

  /// Takes in what `noted` says of epochs without a batch, where this cache has been read back from the batches of a log that ends at
  /// `log_end`. The batches are right: an epoch that is said to start below the end, where a batch of a lower epoch lies, is left
  /// from a time before that batch was there, and would claim it.
  void merge_noted(const EpochCache& noted, std::int64_t log_end);

  std::optional<std::int32_t> latest() const;
  /// The epoch that a batch at `offset` was written in; nothing if the cache does not reach back so far.
  std::optional<std::int32_t> epoch_at(std::int64_t offset) const;
  /// The last offset + 1 of the largest known epoch that is at most `asked`. `log_end` ends the newest one.
  EpochEnd end_offset_for(std::int32_t asked, std::int64_t log_end) const;
  const std::vector<EpochStart>& entries() const { return entries_; }

 private:
  std::vector<EpochStart> entries_;
};

}  // namespace faultline::replication
