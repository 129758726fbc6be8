// What must hold in any state of one log, whatever of it is under way. What must hold between two states of a log, or between two replicas,
// is the business of whoever sees them all: the invariants of a simulated run.
//
// Most mistakes in here cost nothing for a long time: an epoch that outlived a cut, a checkpoint that claims too much, a file whose name
// was never synced are only missed after a crash at the wrong moment. This says so at once.
#include <fmt/format.h>

#include "broker/log/partition_log.h"

namespace faultline {

std::optional<std::string> PartitionLog::check_invariants() const {
  if (fence_.has_value() || closed_) return std::nullopt;  // it stopped half-way: recovery judges what there is
  if (log_start_ > durable_end_ || durable_end_ > written_end_ || written_end_ > log_end_) {
    return fmt::format("start {}, durable end {}, written end {} and end {} are out of order", log_start_, durable_end_,
                       written_end_, log_end_);
  }
  if (auto broken = check_caches()) return broken;
  if (auto broken = check_checkpoints()) return broken;
  if (cut_to_.has_value()) return std::nullopt;  // the files are still to follow
  return check_segments();
}

std::optional<std::string> PartitionLog::check_caches() const {
  const EpochStart* before = nullptr;
  for (const EpochStart& entry : epochs_.entries()) {
    if (entry.start_offset > log_end_) {
      return fmt::format("epoch {} starts at {}, behind the end {}", entry.epoch, entry.start_offset, log_end_);
    }
    const bool grows = before == nullptr || (entry.epoch > before->epoch && entry.start_offset >= before->start_offset);
    if (!grows) return fmt::format("epoch {} at {} does not go on from {}", entry.epoch, entry.start_offset, before->epoch);
    before = &entry;
  }
  for (const auto& [id, entry] : producers_.entries()) {
    if (entry.last_offset >= log_end_) {
      return fmt::format("producer {} is known to have written {}, and the log ends at {}", id, entry.last_offset, log_end_);
    }
  }
  if (const std::optional<std::int64_t> end = tail_.end(); end.value_or(log_end_) != log_end_) {
    return fmt::format("the newest batch in memory ends at {}, the log at {}", *end, log_end_);
  }
  return std::nullopt;
}

// A crash now leaves no more than what is durable; whatever the checkpoints claim beyond it would be taken for damage, or worse, be believed.
std::optional<std::string> PartitionLog::check_checkpoints() const {
  if (checkpoint_.recovery_point > durable_end_) {
    return fmt::format("the recovery point {} is beyond the durable end {}", checkpoint_.recovery_point, durable_end_);
  }
  if (has_checkpoint_ && checkpoint_.log_start != log_start_) {
    return fmt::format("the log starts at {}, and at {} by the checkpoint", log_start_, checkpoint_.log_start);
  }
  if (saved_producers_.end_offset > durable_end_) {
    return fmt::format("the producers are saved as of {}, beyond the durable end {}", saved_producers_.end_offset, durable_end_);
  }
  return std::nullopt;
}

std::optional<std::string> PartitionLog::check_segments() const {
  std::int64_t written = std::max(segments_.front()->base_offset, log_start_);
  for (std::size_t i = 0; i < segments_.size(); ++i) {
    const Segment& segment = *segments_[i];
    if (segment.synced_bytes > segment.written_bytes || segment.written_bytes > segment.assigned_bytes) {
      return fmt::format("{}: {} bytes synced, {} written, {} assigned", segment.path, segment.synced_bytes,
                         segment.written_bytes, segment.assigned_bytes);
    }
    if (!segment.knows_its_bytes()) return segment.path + ": batches are looked for behind its end, or out of order";
    const bool whole = segment.written_bytes == segment.assigned_bytes;
    if (i + 1 < segments_.size() && whole && segment.next_offset != segments_[i + 1]->base_offset) {
      return fmt::format("{} ends at {}, the next begins at {}", segment.path, segment.next_offset,
                         segments_[i + 1]->base_offset);
    }
    if (segment.written_bytes == 0) continue;
    written = segment.next_offset;
    const bool synced = segment.synced_bytes == segment.written_bytes && segment.name_durable;
    if (segment.next_offset <= durable_end_ && !synced) {
      return fmt::format("{} counts as durable to its end {}, and was never synced", segment.path, segment.next_offset);
    }
  }
  if (written != written_end_) return fmt::format("the segments end at {}, the log says {}", written, written_end_);
  return std::nullopt;
}

}  // namespace faultline
