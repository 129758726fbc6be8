#include "checkers/log_invariants.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace faultline::checkers {

namespace {

// Collects the findings about one replica.
class Replica {
 public:
  explicit Replica(const PartitionSnapshot& snapshot) : snapshot_(snapshot) {}

  template <class... Args>
  void broken(std::string_view name, fmt::format_string<Args...> text, Args&&... args) {
    findings_.push_back({.anomaly = std::string(name),
                         .partition = snapshot_.partition,
                         .text = fmt::format("{} on {}: {}", snapshot_.partition, snapshot_.node,
                                             fmt::format(text, std::forward<Args>(args)...))});
  }

  std::vector<Finding> take() && { return std::move(findings_); }

 private:
  const PartitionSnapshot& snapshot_;
  std::vector<Finding> findings_;
};

void check_bounds(const PartitionSnapshot& at, Replica& replica) {
  const auto ordered = [&](const char* low_name, std::int64_t low, const char* high_name, std::int64_t high) {
    if (low <= high) return;
    replica.broken(anomaly::bounds_out_of_order, "{} {} is above {} {}", low_name, low, high_name, high);
  };
  ordered("log start", at.log_start, "high watermark", at.high_watermark);
  ordered("high watermark", at.high_watermark, "log end", at.log_end);
  ordered("durable end", at.durable_end, "log end", at.log_end);
}

void check_batches(const PartitionSnapshot& at, Replica& replica) {
  const BatchSnapshot* previous = nullptr;
  for (const BatchSnapshot& batch : at.batches) {
    if (batch.last_offset < batch.base_offset) {
      replica.broken(anomaly::offsets_not_contiguous, "the batch at {} ends at {}", batch.base_offset, batch.last_offset);
    }
    if (previous != nullptr) {
      const std::int64_t expected = previous->last_offset + 1;
      if (at.compacted ? batch.base_offset < expected : batch.base_offset != expected) {
        replica.broken(anomaly::offsets_not_contiguous, "the batch after offset {} starts at {}", previous->last_offset,
                       batch.base_offset);
      }
      if (batch.leader_epoch < previous->leader_epoch) {
        replica.broken(anomaly::epoch_went_back, "the batch at {} has leader epoch {}, the one before it {}", batch.base_offset,
                       batch.leader_epoch, previous->leader_epoch);
      }
    }
    previous = &batch;
  }
  if (at.compacted) return;
  if (at.batches.empty()) {
    if (at.log_start < at.log_end) {
      replica.broken(anomaly::offsets_not_contiguous, "there is no batch from the log start {} to the log end {}", at.log_start,
                     at.log_end);
    }
    return;
  }
  if (at.batches.front().base_offset > at.log_start) {
    replica.broken(anomaly::offsets_not_contiguous, "the first batch starts at {}, above the log start {}",
                   at.batches.front().base_offset, at.log_start);
  }
  if (at.batches.back().last_offset + 1 != at.log_end) {
    replica.broken(anomaly::offsets_not_contiguous, "the last batch ends at {}, the log end is {}", at.batches.back().last_offset,
                   at.log_end);
  }
}

}  // namespace

std::vector<Finding> check_snapshot(const PartitionSnapshot& snapshot) {
  Replica replica(snapshot);
  check_bounds(snapshot, replica);
  check_batches(snapshot, replica);
  return std::move(replica).take();
}

std::vector<Finding> check_progress(const PartitionSnapshot& before, const PartitionSnapshot& after) {
  ENSURE(before.node == after.node);
  ENSURE(before.partition == after.partition);
  Replica replica(after);
  if (before.incarnation == after.incarnation && after.high_watermark < before.high_watermark) {
    replica.broken(anomaly::watermark_went_back, "the high watermark went from {} to {}", before.high_watermark,
                   after.high_watermark);
  }
  if (after.log_start < before.log_start) {
    replica.broken(anomaly::log_start_went_back, "the log start went from {} to {}", before.log_start, after.log_start);
  }
  if (before.compacted || after.compacted) return std::move(replica).take();  // compaction rewrites batches
  auto now = after.batches.begin();
  for (const BatchSnapshot& batch : before.batches) {
    if (batch.last_offset >= before.high_watermark) break;
    now = std::find_if(now, after.batches.end(),
                       [&](const BatchSnapshot& other) { return other.base_offset >= batch.base_offset; });
    if (now == after.batches.end()) break;
    if (now->base_offset == batch.base_offset && !(*now == batch)) {
      replica.broken(anomaly::batch_changed,
                     "the batch at {} below the watermark was to {} (epoch {}, crc {:08x}), is to {} (epoch {}, crc {:08x})",
                     batch.base_offset, batch.last_offset, batch.leader_epoch, batch.crc, now->last_offset, now->leader_epoch,
                     now->crc);
    }
  }
  return std::move(replica).take();
}

std::vector<Finding> check_acknowledged(const PartitionSnapshot& snapshot, std::span<const RecordDigest> acknowledged,
                                        std::span<const RecordDigest> durable, std::size_t limit) {
  const auto by_offset = [](const RecordDigest& a, const RecordDigest& b) { return a.offset < b.offset; };
  ENSURE(std::is_sorted(acknowledged.begin(), acknowledged.end(), by_offset));
  ENSURE(std::is_sorted(durable.begin(), durable.end(), by_offset));
  Replica replica(snapshot);
  std::size_t missing = 0;
  auto held = durable.begin();
  for (const RecordDigest& record : acknowledged) {
    if (record.offset < snapshot.log_start) continue;
    held = std::lower_bound(held, durable.end(), record, by_offset);
    const bool present = held != durable.end() && held->offset == record.offset;
    if (present && held->digest == record.digest) continue;
    if (++missing >= limit) continue;
    if (present) {
      replica.broken(anomaly::acknowledged_not_durable,
                     "the record acknowledged at offset {} is another one in the durable image (digest {:x}, was {:x})",
                     record.offset, held->digest, record.digest);
    } else {
      replica.broken(anomaly::acknowledged_not_durable, "the record acknowledged at offset {} is not in the durable image",
                     record.offset);
    }
  }
  if (limit > 0 && missing >= limit) {
    replica.broken(anomaly::acknowledged_not_durable, "{} more acknowledged records are not in the durable image",
                   missing - limit + 1);
  }
  return std::move(replica).take();
}

}  // namespace faultline::checkers
