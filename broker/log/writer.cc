// The writer: one fiber that brings what is queued to the file, as many batches in a call as there are. It runs while there is
// something to do. One writer, so that batches reach the file in the order of their offsets.
#include "broker/log/partition_log.h"
#include "broker/log/trace_points.h"

namespace faultline {

namespace {
// Gathered writes take at most 1024 pieces (IOV_MAX); fewer bytes, so that the first waiters are not kept for long.
constexpr std::size_t group_batches_max = 512;
constexpr std::size_t group_bytes_max = 8 << 20;
}  // namespace

void PartitionLog::start_writer() {
  if (writer_runs_ || queue_.empty()) return;
  writer_runs_ = true;
  tasks_.spawn("log.writer", [this] { write_queued(); });
}

void PartitionLog::write_queued() {
  while (!queue_.empty()) {
    const Result<Mutex::Guard> guard = write_lock_.lock();
    if (!guard) break;  // cancelled: the log is going away
    if (queue_.empty()) break;
    std::vector<Queued> group = next_group();
    if (const Result<> written = write_group(group); !written && written.error() == Errc::cancelled) break;
  }
  writer_runs_ = false;
}

std::vector<PartitionLog::Queued> PartitionLog::next_group() {
  std::vector<Queued> group;
  std::size_t bytes = 0;
  while (!queue_.empty() && group.size() < group_batches_max) {
    const Queued& next = queue_.front();
    if (!group.empty() && (next.segment != group.front().segment || bytes + next.header.bytes > group_bytes_max)) break;
    bytes += next.header.bytes;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
  }
  return group;
}

// A failure has been dealt with when this returns.
Result<> PartitionLog::write_group(std::vector<Queued>& group) {
  const SegmentPtr segment = group.front().segment;
  std::vector<Slice> pieces;
  pieces.reserve(group.size());
  for (const Queued& queued : group) pieces.push_back(queued.batch);

  const auto write = [&]() -> Result<> {
    if (segment->written_bytes == 0 && !segment->is_open()) TRY(segment->create(context_.disk, patience()));
    const std::shared_ptr<File> file = TRY(segment->file(context_.disk, patience()));
    return file->write_at(segment->written_bytes, pieces, patience().deadline());
  };
  const Result<> written = write();
  if (!written) return take_back(segment, written.error());
  if (fence_.has_value()) return *fence_;  // by the flusher, meanwhile: these appends have failed already

  for (const Queued& queued : group) {
    segment->add(queued.header);
    bytes_since_checkpoint_ += queued.header.bytes;
  }
  written_end_ = segment->next_offset;
  if (must_flush()) start_flusher();
  if (config_.group_commit()) {
    written_progress_.notify_all();
  } else {
    tell_progress();
  }
  return {};
}

// After a write that failed any part of it may be in the file. With the disk full it can be cut off again; the cut is synced
// before anything is written behind it, so that it cannot be undone under newer batches.
Result<> PartitionLog::take_back(const SegmentPtr& segment, const Error& cause) {
  if (cause == Errc::cancelled) return cause;
  if (!(cause == Errc::no_space)) {
    fence(cause);
    return cause;
  }
  context_.trace.emit(trace_log_no_space, {{"log", directory_}, {"written_end", written_end_}, {"log_end", log_end_}});
  forget_after_written(Errc::no_space);
  tell_progress();
  if (!segment->is_open()) return cause;  // there is no file yet
  const auto cut = [&]() -> Result<> {
    const std::shared_ptr<File> file = TRY(segment->file(context_.disk, patience()));
    TRY(file->truncate(segment->written_bytes, patience().deadline()));
    return file->sync(patience().deadline());
  };
  const Result<> done = cut();
  if (!done && !(done.error() == Errc::cancelled)) fence(done.error());
  return done.has_value() ? Result<>(cause) : done;
}

// Takes back every append that is not written. Its offsets will be given again.
void PartitionLog::forget_after_written(Errc why) {
  queue_.clear();
  taken_back_.add(written_end_, why);
  log_end_ = written_end_;
  tail_.truncate_from(written_end_);
  epochs_.clamp_to(written_end_);
  while (segments_.size() > 1 && segments_.back()->base_offset > written_end_) segments_.pop_back();
  segments_.back()->assigned_bytes = segments_.back()->written_bytes;
}

}  // namespace faultline
