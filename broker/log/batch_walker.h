// BatchWalker: from batch to batch through a file, by headers alone or with every checksum.
//
// Reads in runs, so that small batches cost no call each, and jumps over the bodies of large ones when only headers are wanted.
// The file is outside data: the walker believes nothing but what fits between where it stands and the end it was given.
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "broker/log/batch_header.h"
#include "runtime/clock.h"
#include "runtime/disk.h"

namespace faultline {

/// How to wait for the disk: every call gets the same time.
struct DiskPatience {
  Clock& clock;
  Duration timeout;

  Time deadline() const { return after(clock.now(), timeout); }
};

class BatchWalker {
 public:
  enum class Depth : std::uint8_t { headers, checksums };

  /// Walks [position, end) of `file`.
  BatchWalker(File& file, DiskPatience patience, std::uint64_t position, std::uint64_t end)
      : file_(file), patience_(patience), position_(position), end_(end) {}

  /// The batch at position(), over which it then steps; nothing at the end.
  /// Suspends: a read now and then.
  /// Errors: corrupt (no whole, right batch here; position() stays on it); else as File::read_at.
  Result<std::optional<BatchHeader>> next(Depth depth);

  /// Where the next batch starts.
  std::uint64_t position() const { return position_; }
  /// The bytes of the batch that next() gave, after a walk with checksums. Shared.
  Slice batch() const { return batch_; }
  /// Goes on from elsewhere. Requires: position <= end.
  void seek(std::uint64_t position) { position_ = position; }

 private:
  Result<> fill(std::size_t count);

  File& file_;
  const DiskPatience patience_;
  std::uint64_t position_;
  const std::uint64_t end_;
  Slice run_;  // bytes of the file from run_position_ on
  std::uint64_t run_position_ = 0;
  Slice batch_;
};

}  // namespace faultline
