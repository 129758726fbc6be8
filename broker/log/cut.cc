// Cutting the end of the log: when the disk is full, and when a follower must forget what its leader does not have.
//
// First, at once, the decision: the appends behind the cut have failed, their offsets are free. Then the files follow: later
// segments go, newest first, the last is truncated, and all of that is synced before anything is written again, so that a power
// cut cannot bring the old bytes back behind new ones.
//
// With the disk full the cut itself can fail for want of space, since other logs share the disk. It is tried again for as long as
// a write would be waited for; appends are refused meanwhile.
#include <algorithm>

#include "base/check.h"
#include "broker/log/batch_walker.h"
#include "broker/log/partition_log.h"
#include "broker/log/trace_points.h"

namespace faultline {

namespace {
constexpr Duration retry_pause = 50ms;
}  // namespace

// Takes back every append from `end` on.
// Returns: the producers whose state must be read back from the log; none if nothing durable is taken back.
std::vector<replication::ProducerId> PartitionLog::forget_from(std::int64_t end, Errc why) {
  queue_.clear();
  taken_back_.add(end, why);
  log_end_ = end;
  written_end_ = std::min(written_end_, end);
  durable_end_ = std::min(durable_end_, end);
  shared_end_ = std::min(shared_end_, end);
  tail_.truncate_from(end);
  epochs_.clamp_to(end);
  for (const SegmentPtr& segment : segments_) segment->assigned_bytes = segment->written_bytes;
  return producers_.take_back(end);
}

// Requires: `cause` is no_space.
void PartitionLog::take_back(std::int64_t end, const Error& cause) {
  context_.trace.emit(trace_log_no_space, {{"log", directory_}, {"kept", end}, {"log_end", log_end_}});
  // What is taken back was never settled, so that nobody's state must be read back.
  ENSURE(forget_from(end, Errc::no_space).empty());
  no_room_ = Error(Errc::no_space, directory_, cause.injected);
  cut_to_ = std::min(cut_to_.value_or(end), end);
  tell_progress();
  if (cutter_runs_) return;
  cutter_runs_ = true;
  tasks_.spawn("log.cutter", [this] { cut_until_done(); });
}

void PartitionLog::cut_until_done() {
  const Time give_up = patience().deadline();
  while (cut_to_.has_value() && !fence_.has_value()) {
    const Result<> done = cut_once();
    if (done.has_value() || done.error() == Errc::cancelled) break;
    if (!(done.error() == Errc::no_space) || context_.clock.now() >= give_up) {
      fence(done.error());
    } else if (!sleep_until(after(context_.clock.now(), retry_pause))) {
      break;
    }
  }
  cutter_runs_ = false;
  written_progress_.notify_all();
  if (must_flush()) start_flusher();
}

Result<> PartitionLog::cut_once() {
  const Mutex::Guard writing = TRY(write_lock_.lock());
  const Mutex::Guard syncing = TRY(sync_lock_.lock());
  if (config_.exhibits.on(Exhibit::kafka_7866)) {
    segments_.back()->next_offset = *cut_to_;  // the mistake: the end goes back, and the bytes stay in the file
  } else {
    TRY(cut_files(*cut_to_));
  }
  cut_to_.reset();
  return {};
}

// Requires: write_lock_ and sync_lock_ are held; forget_from(end) was called; `end` is the start of a batch or the log's end.
Result<> PartitionLog::cut_files(std::int64_t end) {
  const SegmentPtr keeper = segment_of(end);
  while (segments_.back() != keeper) {
    const Result<> removed = context_.disk.remove(segments_.back()->path, patience().deadline());
    if (!removed && !(removed.error() == Errc::not_found)) return removed;
    segments_.pop_back();
  }
  const bool has_file = keeper->written_bytes != 0 || keeper->is_open();
  if (!has_file) return context_.disk.sync_dir(directory_, patience().deadline());
  if (end < keeper->next_offset) TRY(keeper->cut(context_.disk, patience(), end));
  // Also when no whole batch is to go: a write that failed may have left a part of one.
  const std::shared_ptr<File> file = TRY(keeper->writable_file(context_.disk, patience()));
  TRY(file->truncate(keeper->written_bytes, patience().deadline()));
  TRY(file->sync(patience().deadline()));
  TRY(context_.disk.sync_dir(directory_, patience().deadline()));
  keeper->name_durable = true;
  keeper->synced_bytes = keeper->assigned_bytes = keeper->written_bytes;
  return {};
}

Result<> PartitionLog::truncate_to(std::int64_t offset) {
  TRY(check_open());
  const Mutex::Guard trimming = TRY(trim_lock_.lock());
  const Mutex::Guard writing = TRY(write_lock_.lock());
  const Mutex::Guard syncing = TRY(sync_lock_.lock());
  TRY(check_open());
  // Not before the locks are there: meanwhile records can have been deleted up to a later start.
  if (offset < log_start_) return Error(Errc::invalid_argument, "below the log start");
  if (offset >= log_end_) return {};
  Result<> cut = truncate_locked(offset);
  if (!cut && !(cut.error() == Errc::cancelled)) {
    fence(cut.error());
    return *fence_;
  }
  context_.trace.emit(trace_log_truncated, {{"log", directory_}, {"log_end", log_end_}});
  tell_progress();
  return cut;
}

Result<> PartitionLog::truncate_locked(std::int64_t offset) {
  offset = std::min(offset, written_end_);  // what is only queued goes in any case
  const SegmentPtr keeper = segment_of(offset);
  if (offset < keeper->next_offset) offset = TRY(keeper->find(context_.disk, patience(), offset))
  .header.base_offset;
  const std::vector<replication::ProducerId> lost = forget_from(offset, Errc::closed);
  epochs_.truncate_from(offset);
  if (!lost.empty()) TRY(read_back_producers(lost, offset));
  high_watermark_ = std::min(high_watermark_, offset);
  // The checkpoints must not claim more than there will be; one that is just being written may.
  static_cast<void>(TRY(checkpoint_lock_.lock()));
  if (checkpoint_.recovery_point > offset || checkpoint_.high_watermark > offset || saved_producers_.end_offset > offset)
    TRY(save_checkpoint(Closing::no));
  TRY(cut_files(offset));
  durable_end_ = offset;
  return {};
}

Result<> PartitionLog::start_over_at(std::int64_t offset) {
  const Mutex::Guard trimming = TRY(trim_lock_.lock());
  const Mutex::Guard writing = TRY(write_lock_.lock());
  const Mutex::Guard syncing = TRY(sync_lock_.lock());
  TRY(check_open());
  Result<> started = start_over_locked(offset);
  if (!started && !(started.error() == Errc::cancelled)) {
    fence(started.error());
    return *fence_;
  }
  context_.trace.emit(trace_log_start_raised, {{"log", directory_}, {"log_start", log_start_}});
  tell_progress();
  return started;
}

// First nothing is promised of the files any more, then they go, newest first, then the checkpoint takes the new start. A crash in
// between finds a log at the old start, with some of its old batches or none.
Result<> PartitionLog::start_over_locked(std::int64_t offset) {
  forget_from(log_start_, Errc::closed);
  durable_end_ = written_end_ = log_start_;
  epochs_ = {};
  producers_ = {};
  high_watermark_ = 0;
  tail_.clear();
  TRY(save_checkpoint(Closing::no));
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    const Result<> removed = context_.disk.remove((*segment)->path, patience().deadline());
    if (!removed && !(removed.error() == Errc::not_found)) return removed;
  }
  TRY(context_.disk.sync_dir(directory_, patience().deadline()));
  const auto interval = static_cast<std::uint64_t>(config_.index_interval_bytes);
  segments_ = {std::make_shared<Segment>(directory_, offset, interval, context_.clock.now())};
  log_start_ = log_end_ = written_end_ = durable_end_ = offset;
  return save_checkpoint(Closing::no);
}

// From the headers of what is left, which is all of it: a cut below what was settled is rare.
Result<> PartitionLog::read_back_producers(const std::vector<replication::ProducerId>& lost, std::int64_t end) {
  ProducerStates found;
  const Time now = context_.clock.now();
  for (const SegmentPtr& segment : segments_) {
    if (segment->written_bytes == 0 || segment->base_offset >= end) continue;
    const std::shared_ptr<File> file = TRY(segment->file(context_.disk, patience()));
    BatchWalker walker(*file, patience(), 0, segment->written_bytes);
    for (;;) {
      const std::optional<BatchHeader> header = TRY(walker.next(BatchWalker::Depth::headers));
      if (!header.has_value() || header->base_offset >= end) break;
      const bool wanted = header->has_producer() && std::find(lost.begin(), lost.end(), header->producer_id) != lost.end();
      if (wanted) found.appended(header->producer(), now);
    }
  }
  for (const replication::ProducerId id : lost) {
    const auto entry = found.entries().find(id);
    if (entry != found.entries().end()) producers_.put(id, entry->second, now);
  }
  return {};
}

}  // namespace faultline
