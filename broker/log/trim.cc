// Making a log shorter at the front: retention and DeleteRecords. The new log start is on the disk before a file goes, so that
// after a crash a missing first segment is either explained by the log start or is corruption.
#include <algorithm>

#include "broker/log/partition_log.h"
#include "broker/log/trace_points.h"

namespace faultline {

Result<> PartitionLog::delete_records_before(std::int64_t offset, std::int64_t high_watermark) {
  TRY(check_open());
  if (offset > std::min(high_watermark, written_end_)) {
    return Error(Errc::invalid_argument, "offset " + std::to_string(offset) + " is above the high watermark");
  }
  if (offset <= log_start_) return {};
  if (offset > durable_end_) TRY(flush());
  const Mutex::Guard guard = TRY(trim_lock_.lock());
  if (offset > durable_end_) return Error(Errc::invalid_argument, "the log was cut meanwhile");
  TRY(raise_log_start(offset));
  // Asked and answered: the records are gone. That files are still there is retention's business.
  if (const Result<std::uint32_t> removed = remove_below_start(); !removed) {
    context_.trace.emit(trace_log_remove_failed, {{"log", directory_}, {"cause", to_string(removed.error().code)}});
  }
  return {};
}

Result<> PartitionLog::raise_log_start(std::int64_t offset) {
  if (offset <= log_start_) return {};
  TRY(save_checkpoint(Closing::no, offset));
  epochs_.drop_before(log_start_);
  context_.trace.emit(trace_log_start_raised, {{"log", directory_}, {"log_start", log_start_}});
  tell_progress();
  return {};
}

// Requires: trim_lock_ is held.
Result<std::uint32_t> PartitionLog::remove_below_start() {
  std::uint32_t removed = 0;
  while (segments_.size() > 1 && segments_[1]->base_offset <= log_start_) {
    const SegmentPtr segment = segments_.front();
    const std::string doomed = segment->path + std::string(deleted_suffix);
    const Result<> renamed = context_.disk.rename(segment->path, doomed, patience().deadline());
    // Not there: an earlier attempt that reported a failure after all.
    if (!renamed && !(renamed.error() == Errc::not_found)) return renamed.error();
    segments_.erase(segments_.begin());
    doomed_.push_back({doomed, after(context_.clock.now(), std::chrono::milliseconds(config_.file_delete_delay_ms))});
    ++removed;
  }
  start_reaper();
  return removed;
}

void PartitionLog::start_reaper() {
  if (reaper_runs_ || doomed_.empty()) return;
  reaper_runs_ = true;
  tasks_.spawn("log.reaper", [this] { reap(); });
}

// Removing a large file can block for long, so nobody waits for it. What a stop leaves behind is removed at the next opening.
void PartitionLog::reap() {
  while (!doomed_.empty()) {
    const Doomed next = doomed_.front();
    if (const Result<> closing = closing_.wait(next.due); closing.has_value() || !(closing.error() == Errc::timed_out)) break;
    doomed_.pop_front();
    const Result<> removed = context_.disk.remove(next.path, patience().deadline());
    if (removed.has_value() || removed.error() == Errc::not_found) continue;
    if (removed.error() == Errc::cancelled) break;
    context_.trace.emit(trace_log_remove_failed, {{"log", next.path}, {"cause", to_string(removed.error().code)}});
  }
  reaper_runs_ = false;
}

Result<std::uint32_t> PartitionLog::apply_retention(std::int64_t high_watermark) {
  TRY(check_open());
  // What only the page cache has does not go, and flush.messages may be more than ever comes: what does not grow any more is synced now.
  const bool closed_unsynced = !config_.group_commit() && segments_.back()->base_offset > durable_end_;
  if (closed_unsynced) TRY(flush());
  const Mutex::Guard guard = TRY(trim_lock_.lock());
  const Segment& active = *segments_.back();
  const bool at_rest = log_end_ == durable_end_ && log_end_ <= high_watermark && !cut_to_.has_value();
  if (active.written_bytes != 0 && at_rest && too_old(active)) add_segment(log_end_);
  TRY(raise_log_start(retention_start(high_watermark)));
  return remove_below_start();
}

// Where the log starts once every segment that may go is gone.
std::int64_t PartitionLog::retention_start(std::int64_t high_watermark) const {
  std::uint64_t left = size_bytes();
  std::int64_t start = log_start_;
  for (std::size_t i = 0; i + 1 < segments_.size(); ++i) {
    const Segment& segment = *segments_[i];
    const std::int64_t end = segments_[i + 1]->base_offset;
    if (end > std::min(high_watermark, durable_end_)) break;
    const bool too_many =
        config_.retention_bytes >= 0 && left - segment.written_bytes >= static_cast<std::uint64_t>(config_.retention_bytes);
    if (!too_many && !too_old(segment) && end > log_start_) break;
    left -= segment.written_bytes;
    start = std::max(start, end);
  }
  return start;
}

// Two clocks must agree. Timestamps come from producers and the wall clock may step, so a segment is also kept for a while after
// its last append, or after the log was opened, by the clock that does not step.
bool PartitionLog::too_old(const Segment& segment) const {
  if (config_.retention_ms < 0) return false;
  const std::int64_t newest = segment.index.max_timestamp();
  const bool dated = newest != SparseIndex::no_timestamp;
  const std::int64_t kept_ms = dated ? std::min(config_.retention_ms, config_.retention_grace_ms) : config_.retention_ms;
  if (context_.clock.now() - segment.last_append < std::chrono::milliseconds(kept_ms)) return false;
  return !dated || trusted_wall_ms() - newest > config_.retention_ms;
}

// A wall clock that jumps ahead must not age the data: it counts at most as much time as the monotonic clock has seen pass.
std::int64_t PartitionLog::trusted_wall_ms() const {
  const WallTime expected = opened_at_wall_ + (context_.clock.now() - opened_at_);
  return to_unix_ms(std::min(context_.clock.wall_now(), expected));
}

}  // namespace faultline
