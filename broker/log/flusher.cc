// The flusher: group commit. One fiber syncs while there is something written that must become durable; what is written while a
// sync runs waits for the next one, so the slower the disk, the more batches share a sync.
//
// The durable end after a flush is what was written *before its first sync was issued*. Segments are synced in order, a new
// file's name after its data, and only when all of that has succeeded does the end move.
#include <algorithm>

#include "broker/log/partition_log.h"
#include "broker/log/trace_points.h"

namespace faultline {

bool PartitionLog::must_flush() const { return written_end_ - durable_end_ >= config_.flush_messages; }

void PartitionLog::start_flusher() {
  if (flusher_runs_ || fence_.has_value() || durable_end_ == written_end_) return;
  flusher_runs_ = true;
  tasks_.spawn("log.flusher", [this] { flush_written(); });
}

void PartitionLog::flush_written() {
  Result<> flushed = flush();
  while (flushed.has_value() && must_flush()) flushed = flush();
  flusher_runs_ = false;
  if (!flushed || bytes_since_checkpoint_ < static_cast<std::uint64_t>(config_.checkpoint_bytes)) return;
  bytes_since_checkpoint_ = 0;
  // A failure costs a longer recovery, nothing else.
  (void)save_checkpoint(Closing::no);
}

Result<> PartitionLog::flush() {
  const Mutex::Guard guard = TRY(sync_lock_.lock());
  if (fence_.has_value()) return *fence_;
  if (cut_to_.has_value()) return *no_room_;
  const std::int64_t target = written_end_;
  if (target == durable_end_) return {};
  std::vector<SegmentPtr> dirty;
  for (auto segment = segments_.rbegin(); segment != segments_.rend(); ++segment) {
    if ((*segment)->written_bytes == 0) continue;  // a new one that has no file yet
    if ((*segment)->synced_bytes == (*segment)->written_bytes) break;
    dirty.push_back(*segment);
  }
  for (auto segment = dirty.rbegin(); segment != dirty.rend(); ++segment) {
    if (const Result<> synced = sync_segment(**segment); !synced) {
      sync_failed(synced.error());
      return synced;
    }
  }
  if (fence_.has_value()) return *fence_;  // by the writer, meanwhile
  durable_end_ = std::min(target, written_end_);
  // The mistake: what was written while the sync ran counts as synced.
  if (config_.exhibits.on(Exhibit::sync_credited_with_later_writes)) durable_end_ = written_end_;
  producers_.settle(durable_end_);
  context_.trace.emit(trace_log_synced, {{"log", directory_}, {"durable_end", durable_end_}});
  tell_progress();
  return {};
}

// After a failed sync nobody knows what the disk holds of the bytes above the durable end, and the next sync may claim success
// without having written them. Those bytes are never trusted again: they are cut off if that is possible, else the log is fenced.
void PartitionLog::sync_failed(const Error& cause) {
  if (cause == Errc::cancelled) return;
  if (cause == Errc::no_space && config_.group_commit() && shared_end_ <= durable_end_) {
    take_back(durable_end_, cause);
  } else if (config_.exhibits.on(Exhibit::kafka_10778)) {
    tell_progress();  // the mistake: this sync has failed, the next may do better
  } else {
    fence(cause);
  }
}

Result<> PartitionLog::sync_segment(Segment& segment) {
  const std::uint64_t covered = segment.written_bytes;
  const std::shared_ptr<File> file = TRY(segment.writable_file(context_.disk, patience()));
  Result<> synced = file->sync(patience().deadline());
  // The mistake: the second answer is believed, though the pages that the first could not write are not tried again.
  if (!synced && config_.exhibits.on(Exhibit::fsync_trap)) synced = file->sync(patience().deadline());
  TRY(synced);
  if (!segment.name_durable) {
    TRY(context_.disk.sync_dir(directory_, patience().deadline()));
    segment.name_durable = true;
  }
  segment.synced_bytes = covered;
  if (&segment != segments_.back().get() && covered == segment.assigned_bytes) segment.seal();
  return {};
}

// By a fiber of the log's own, which is not cancelled with the caller: a rename that is cancelled may still happen later, and would then
// give the next file its name while it is being written.
Result<> PartitionLog::save_checkpoint(Closing closing, std::int64_t log_start) {
  struct Saving {
    Event done;
    Result<> result;
  };
  const auto saving = std::make_shared<Saving>();
  tasks_.spawn("log.saver", [this, saving, closing, log_start] {
    saving->result = save_files(closing, log_start);
    saving->done.set();
  });
  TRY(saving->done.wait());
  return saving->result;
}

// The recovery point is read under the lock: truncate_to() lowers it, and an older, higher one must not be written after that.
Result<> PartitionLog::save_files(Closing closing, std::int64_t log_start) {
  const Mutex::Guard guard = TRY(checkpoint_lock_.lock());
  // The epochs first: whoever believes the recovery point may believe them as well.
  TRY(save_epochs_locked());
  TRY(save_producers_locked());
  const LogCheckpoint wanted{std::max(log_start, log_start_), durable_end_, noted_high_watermark(), closing == Closing::yes};
  if (!(wanted == checkpoint_ && has_checkpoint_)) {
    const std::string path = directory_ + "/" + std::string(checkpoint_file);
    TRY(replace_file(context_.disk, path, wanted.encode(), patience().deadline()));
    checkpoint_ = wanted;
    has_checkpoint_ = true;
  }
  // Still under the lock: whoever saves next must not write the old start again.
  log_start_ = std::max(log_start_, log_start);
  return {};
}

// As they are at the durable end: a batch that may still be taken back has not happened yet.
// Requires: checkpoint_lock_ is held.
Result<> PartitionLog::save_producers_locked() {
  ProducerCheckpoint wanted{durable_end_, producers_.entries_at(durable_end_)};
  const bool same = wanted.entries == saved_producers_.entries && saved_producers_.end_offset <= durable_end_;
  if (same) return {};
  const std::string path = directory_ + "/" + std::string(producer_file);
  TRY(replace_file(context_.disk, path, wanted.encode(), patience().deadline()));
  saved_producers_ = std::move(wanted);
  return {};
}

Result<> PartitionLog::save_epochs() {
  if (epochs_.entries() == saved_epochs_) return {};
  const Mutex::Guard guard = TRY(checkpoint_lock_.lock());
  return save_epochs_locked();
}

// Unsynced only by mistake: after a power cut the new name can then stand for nothing.
Result<> PartitionLog::replace(std::string_view path, const Slice& content, bool synced) {
  if (synced) return replace_file(context_.disk, path, content, patience().deadline());
  const std::string beside = std::string(path) + ".tmp";
  const std::unique_ptr<File> file = TRY(context_.disk.open(beside, OpenMode::create, patience().deadline()));
  TRY(file->truncate(0, patience().deadline()));
  TRY(file->write_at(0, std::span<const Slice>(&content, 1), patience().deadline()));
  return context_.disk.rename(beside, path, patience().deadline());
}

// Requires: checkpoint_lock_ is held.
Result<> PartitionLog::save_epochs_locked() {
  if (epochs_.entries() == saved_epochs_) return {};
  const std::vector<EpochStart> entries = epochs_.entries();
  const std::string path = directory_ + "/" + std::string(epoch_file);
  const bool synced = !config_.exhibits.on(Exhibit::kafka_16541);
  TRY(replace(path, encode_epochs(epochs_), synced));
  saved_epochs_ = entries;
  return {};
}

}  // namespace faultline
