// PartitionLog: one partition's log on a disk that may fail at any moment.
//
// An append is a decision and does not wait: it stamps offset and epoch into the received bytes, puts them into the tail cache and
// into the queue, and is done. One fiber writes what is queued, in one gathered write; another syncs what is written (group
// commit). So a batch is received once, never copied, and as many batches share a sync as arrive while the previous one runs.
//
//   log_end      what has been appended; queued, maybe lost again if the disk is full
//   written_end  what has been written                                              written_end <= log_end
//   durable_end  what a sync has covered that was issued after its write completed   durable_end <= written_end
//   stable_end   what an acknowledgement waits for and a consumer may see: durable_end, or written_end if flush.messages > 1
//
// Failures. A full disk takes back appends: on a write, those that are not written; on a sync, those that are not durable (but in
// the page-cache mode, where they were acknowledged). They fail with no_space, the file is cut back and the cut synced (cut.cc),
// and the log goes on. Anything else that fails or times out while writing or syncing *fences* the log:
// no append is accepted any more, durable_end stands still, waiters get io_error, what is stable can still be read
// (KAFKA-10778 and the fsync trap: after a failed sync nobody knows what the disk holds). Only opening it again lifts the fence.
//
// Formats: docs/formats/segment.md, docs/formats/checkpoint.md. Decision: docs/decisions/ on the durable end.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/log/config.h"
#include "broker/log/context.h"
#include "broker/log/epoch_checkpoint.h"
#include "broker/log/producer_checkpoint.h"
#include "broker/log/recovery.h"
#include "broker/log/segment.h"
#include "broker/log/tail_cache.h"
#include "broker/log/tickets.h"
#include "broker/protocol/record_batch.h"
#include "runtime/sync.h"
#include "runtime/tasks.h"

namespace faultline {

/// What an append decided. Whether it lasts is known when wait_stable(ticket) returns.
struct AppendInfo {
  std::int64_t base_offset = 0;
  std::int64_t last_offset = 0;
  AppendTicket ticket;
};

/// A place in the log that was asked for by time.
struct TimestampPlace {
  std::int64_t batch_offset = 0;  // base offset of the batch to look into
  Slice batch;                    // that batch; verified
};

class PartitionLog {
 public:
  /// Opens, and repairs, the log in `directory`; see recovery.h. `report` tells what was found, also on an error.
  /// Suspends: as long as recovery takes.
  /// Errors: corrupt (the partition must stay offline: repairing it would drop acknowledged data); else as the disk.
  static Result<std::unique_ptr<PartitionLog>> open(const LogContext& context, std::string directory, LogOpen mode,
                                                    const LogConfig& config, RecoveryReport& report);
  /// Cancels what is under way, without a sync: call close() first. May suspend.
  ~PartitionLog();
  PartitionLog(const PartitionLog&) = delete;
  PartitionLog& operator=(const PartitionLog&) = delete;

  // --- writing ---

  /// Appends a batch at log_end() as the leader of `leader_epoch`: writes both into the batch. Does not suspend.
  /// Requires: checked by the caller (records, checksum, timestamps); nobody else reads its bytes yet; leader_epoch >= 0 and never
  ///           below one that is in the log.
  /// Errors: io_error (fenced), closed, no_space (an earlier append is still being taken back), too_large (the stored batch is larger than max.message.bytes), malformed.
  Result<AppendInfo> append(const protocol::BatchView& batch, std::int32_t leader_epoch);

  /// Appends batches as a leader wrote them: their offsets must go on at log_end(), their epochs must not fall. The first
  /// batch of an empty log may begin before its start. All or nothing.
  /// Errors: io_error (fenced), closed, no_space, malformed, corrupt (a checksum).
  Result<AppendInfo> append_as_follower(const Slice& batches);

  /// A ticket for what is in the log below `end_offset` now. Requires: end_offset <= log_end().
  AppendTicket ticket_up_to(std::int64_t end_offset) const { return {end_offset, taken_back_.generation()}; }

  /// Why the append has failed, or will not become durable any more, if that is known.
  std::optional<Error> failure_of(const AppendTicket& ticket) const;

  /// Waits until the append is stable. Suspends.
  /// Errors: no_space (it was taken back); closed (cut off by truncate_to, or the log was closed); io_error (fenced: unknown);
  ///         timed_out (still under way), cancelled.
  Result<> wait_stable(const AppendTicket& ticket, Time deadline);
  /// The same up to written_end(), and up to durable_end().
  Result<> wait_written(const AppendTicket& ticket, Time deadline);
  Result<> wait_durable(const AppendTicket& ticket, Time deadline);

  /// Called whenever stable_end(), durable_end() or log_start() moved and when the log is fenced; must not suspend. One listener.
  void on_progress(std::function<void()> listener) { listener_ = std::move(listener); }
  /// Called whenever written_end() moved up; must not suspend. One listener.
  void on_written(std::function<void()> listener) { written_listener_ = std::move(listener); }

  // --- reading ---

  /// Whole batches from the one that holds `offset` on, below min(upper_bound, stable_end or, for a replica, written_end).
  /// Suspends: only if the batches are no longer in memory.
  /// Returns: nothing when offset >= upper_bound. Errors: invalid_argument (offset outside [log_start, log_end]);
  ///          corrupt (the disk does not hold what was written: nothing of it is given); else as File::read_at.
  Result<ReadResult> read(std::int64_t offset, const ReadLimits& limits);

  /// Somebody else has been given what is below `end`, durable here or not: it cannot be taken back any more, as its offsets must not be
  /// given to other batches of the same leader epoch. If the disk turns out to be full, the log is fenced instead.
  void shared_up_to(std::int64_t end) { shared_end_ = std::max(shared_end_, end); }

  /// About how many bytes a read at `offset` finds below stable_end(): exact while they are in memory, else from the sparse
  /// index. Zero only if there is nothing.
  std::uint64_t bytes_from(std::int64_t offset) const { return bytes_between(offset, stable_end()); }
  /// The same below `end`.
  std::uint64_t bytes_between(std::int64_t offset, std::int64_t end) const;

  /// The first batch below `upper_bound`, and not wholly below `from`, that may hold a record of at least `timestamp`: where the log starts
  /// inside of it, that record may be one that was deleted. Suspends. Errors: as read.
  Result<std::optional<TimestampPlace>> find_timestamp(std::int64_t timestamp, std::int64_t upper_bound, std::int64_t from = 0);
  /// The same with the greatest timestamp of all. Suspends. Errors: as read.
  Result<std::optional<TimestampPlace>> find_max_timestamp(std::int64_t upper_bound, std::int64_t from = 0);

  std::int64_t log_start() const { return log_start_; }
  std::int64_t log_end() const { return log_end_; }
  std::int64_t written_end() const { return written_end_; }
  std::int64_t durable_end() const { return durable_end_; }
  std::int64_t stable_end() const { return config_.group_commit() ? durable_end_ : written_end_; }

  // --- epochs ---

  /// A new leader enters its epoch at log_end(), durably, before it serves. Suspends.
  /// Errors: corrupt (the log holds a later epoch: nobody has led it there); as the disk; io_error.
  Result<> begin_epoch(std::int32_t epoch);
  std::optional<std::int32_t> latest_epoch() const { return epochs_.latest(); }
  EpochEnd end_offset_for_epoch(std::int32_t epoch) const { return epochs_.end_offset_for(epoch, log_end_); }
  const std::vector<EpochStart>& epoch_starts() const { return epochs_.entries(); }
  const EpochCache& epochs() const { return epochs_; }

  // --- producers ---

  /// What is known of idempotent producers as of log_end(). An append of a client's batch is judged by it first.
  const ProducerStates& producers() const { return producers_; }
  /// Forgets producers that have been idle for `age`.
  void expire_producers(Duration age) { producers_.expire(context_.clock.now(), age); }

  // --- trimming ---

  /// Cuts the log to `offset`, which is a batch's start, durably. What was appended behind it fails with `closed`.
  /// Suspends. Requires: log_start() <= offset. Errors: invalid_argument; else fence_reason(): the log is fenced.
  Result<> truncate_to(std::int64_t offset);
  /// Drops everything; the log is empty and starts at `offset`, durably. What was appended fails with `closed`.
  /// Suspends. Errors: fence_reason(): the log is fenced.
  Result<> start_over_at(std::int64_t offset);
  /// Moves the log start up to `offset`, durably, then removes segments below it. Never beyond `high_watermark`.
  /// Suspends. Errors: invalid_argument (offset above the watermark); else as the disk: the start has not moved.
  Result<> delete_records_before(std::int64_t offset, std::int64_t high_watermark);
  /// Removes segments that are too old or too many, none that reaches beyond `high_watermark`. Suspends.
  /// Returns: how many were removed. Errors: as the disk.
  Result<std::uint32_t> apply_retention(std::int64_t high_watermark);

  // --- watermark and damage ---

  /// What the checkpoint says of the high watermark, or what was noted since. At most log_end().
  std::int64_t noted_high_watermark() const { return std::min(high_watermark_, log_end_); }
  /// For the next checkpoint. Never above what this replica knows to be committed.
  void note_high_watermark(std::int64_t offset) { high_watermark_ = offset; }
  /// Notes on the disk, if it can, that this log may lack something that it acknowledged: the next opening reports it as damaged. Suspends.
  Result<> note_damage();
  /// The cluster knows: it is not to be reported again. Suspends. Errors: as the disk.
  Result<> forget_damage();

  // --- life ---

  /// Brings everything to the disk and notes that nothing is missing. No append is accepted from now on. Suspends.
  /// Errors: io_error; the log must then be recovered. Closing twice is fine.
  Result<> close();
  /// Ends all work of a log that is about to be deleted, without bringing anything to the disk: when this returns, nothing of it
  /// touches its files any more, so that another log can take its name. Who waits for an append gets `closed`. Suspends.
  /// Requires: no other call that changes the log is under way.
  void abandon();
  /// Notes on the disk how far the log is durable, so that less must be checked after a crash. Suspends.
  Result<> write_checkpoint();

  /// Changes the settings of a live log. From the page cache to group commit it syncs first, so that stable_end() never goes back.
  /// Suspends: then only. Errors: invalid_argument; io_error. Nothing has changed then.
  Result<> configure(const LogConfig& config);

  bool fenced() const { return fence_.has_value(); }
  /// What fenced it: io_error; corrupt, if it was damage met where the log was to be cut. Every later call fails with the same.
  /// Requires: fenced().
  const Error& fence_reason() const { return *fence_; }
  /// Bytes of all segments, written or on their way.
  std::uint64_t size_bytes() const;
  std::size_t segment_count() const { return segments_.size(); }
  const std::string& directory() const { return directory_; }
  const LogConfig& config() const { return config_; }

  /// Nothing, or what is wrong with a state that must be impossible. To be asked at any time but while truncate_to() or start_over_at() is
  /// under way, in tests and in simulated runs. Does not suspend.
  std::optional<std::string> check_invariants() const;

 private:
  struct Queued {
    std::shared_ptr<Segment> segment;
    BatchHeader header;
    Slice batch;
  };
  using SegmentPtr = std::shared_ptr<Segment>;

  PartitionLog(const LogContext& context, std::string directory, const LogConfig& config, RecoveredLog&& recovered);

  // partition_log.cc
  DiskPatience patience() const { return {context_.clock, config_.io_timeout()}; }
  Result<> check_open() const;
  void fence(const Error& cause);
  void tell_progress();
  SegmentPtr segment_of(std::int64_t offset) const;
  Result<> check_epochs(const ReadResult& result) const;
  Result<std::optional<TimestampPlace>> batch_below(std::int64_t batch_offset, std::int64_t upper_bound);

  // append.cc
  void note_producer_early(const protocol::BatchView& batch);
  std::int64_t first_offset_of(const Slice& batches) const;
  void begin_inside(std::int64_t base_offset);
  void enqueue(const BatchHeader& header, Slice batch);
  bool must_roll(const BatchHeader& header) const;
  void add_segment(std::int64_t base_offset);

  // writer.cc
  void start_writer();
  void write_queued();
  Result<> write_group(std::vector<Queued>& group);
  std::vector<Queued> next_group();

  // cut.cc
  std::vector<replication::ProducerId> forget_from(std::int64_t end, Errc why);
  void take_back(std::int64_t end, const Error& cause);
  void cut_until_done();
  Result<> cut_once();
  Result<> cut_files(std::int64_t end);
  Result<> truncate_locked(std::int64_t offset);
  Result<> start_over_locked(std::int64_t offset);
  Result<> read_back_producers(const std::vector<replication::ProducerId>& lost, std::int64_t end);

  // flusher.cc
  bool must_flush() const;
  void start_flusher();
  void flush_written();
  Result<> flush();
  Result<> sync_segment(Segment& segment);
  void sync_failed(const Error& cause);
  enum class Closing : std::uint8_t { no, yes };
  /// Raises the log start to `log_start`, if that is more, together with what says so on the disk.
  Result<> save_checkpoint(Closing closing, std::int64_t log_start = 0);
  Result<> save_files(Closing closing, std::int64_t log_start);
  Result<> save_epochs();
  Result<> save_epochs_locked();
  Result<> replace(std::string_view path, const Slice& content, bool synced);
  Result<> save_producers_locked();

  // check_invariants.cc
  std::optional<std::string> check_caches() const;
  std::optional<std::string> check_checkpoints() const;
  std::optional<std::string> check_segments() const;

  // trim.cc
  Result<> raise_log_start(std::int64_t offset);
  Result<std::uint32_t> remove_below_start();
  std::int64_t retention_start(std::int64_t high_watermark) const;
  bool too_old(const Segment& segment) const;
  std::int64_t trusted_wall_ms() const;
  void start_reaper();
  void reap();

  // Constant after construction.
  const LogContext context_;
  const std::string directory_;
  const Time opened_at_;
  const WallTime opened_at_wall_;

  LogConfig config_;

  // Durable.
  std::vector<SegmentPtr> segments_;  // by base offset; at least one; only the last grows
  LogCheckpoint checkpoint_;          // as last written
  bool has_checkpoint_;
  std::vector<EpochStart> saved_epochs_;
  ProducerCheckpoint saved_producers_;

  // Volatile. Invariant: log_start_ <= durable_end_ <= written_end_ <= log_end_.
  EpochCache epochs_;
  ProducerStates producers_;  // as of log_end_
  std::int64_t log_start_ = 0;
  std::int64_t log_end_ = 0;
  std::int64_t written_end_ = 0;
  std::int64_t durable_end_ = 0;
  std::int64_t high_watermark_ = 0;  // may be above log_end_ after a cut
  std::int64_t shared_end_ = 0;
  std::uint64_t bytes_since_checkpoint_ = 0;
  std::deque<Queued> queue_;
  TailCache tail_;
  TakenBack taken_back_;
  std::optional<Error> fence_;
  std::optional<Error> no_room_;        // the last failure for want of space
  std::optional<std::int64_t> cut_to_;  // the files must be cut to here before anything else is written or synced
  bool closed_ = false;
  bool writer_runs_ = false;
  bool flusher_runs_ = false;
  bool reaper_runs_ = false;
  bool cutter_runs_ = false;
  struct Doomed {
    std::string path;
    Time due;
  };
  std::deque<Doomed> doomed_;  // renamed segments whose files are still to be removed
  std::function<void()> listener_;
  std::function<void()> written_listener_;
  Event closing_;               // close() or abandon() was called
  Condition progress_;          // the stable or the durable end moved
  Condition written_progress_;  // the written end moved

  // Held across suspensions; always taken in this order.
  Mutex trim_lock_;        // whoever removes segments
  Mutex write_lock_;       // whoever changes the end of the last file
  Mutex sync_lock_;        // whoever syncs or cuts
  Mutex checkpoint_lock_;  // whoever replaces a checkpoint file

  TaskGroup tasks_;  // last: its fibers use all of the above
};

}  // namespace faultline
