// Opening, closing, waiting and the fence. The stages of a log's life have files of their own: append.cc, writer.cc, flusher.cc,
// cut.cc, log_read.cc, trim.cc.
#include "broker/log/partition_log.h"

#include <algorithm>
#include <utility>

#include "broker/log/trace_points.h"

namespace faultline {

PartitionLog::PartitionLog(const LogContext& context, std::string directory, const LogConfig& config, RecoveredLog&& recovered)
    : context_(context),
      directory_(std::move(directory)),
      opened_at_(context.clock.now()),
      opened_at_wall_(context.clock.wall_now()),
      config_(config),
      segments_(std::move(recovered.segments)),
      checkpoint_(recovered.checkpoint),
      has_checkpoint_(recovered.has_checkpoint),
      saved_epochs_(recovered.saved_epochs),
      saved_producers_(std::move(recovered.saved_producers)),
      epochs_(std::move(recovered.epochs)),
      log_start_(recovered.checkpoint.log_start),
      log_end_(recovered.log_end),
      written_end_(recovered.log_end),
      durable_end_(recovered.log_end),
      high_watermark_(recovered.checkpoint.high_watermark),
      tail_(static_cast<std::size_t>(config.tail_cache_bytes)),
      tasks_(context.tasks) {
  producers_.restore(std::move(recovered.producers), opened_at_);
}

PartitionLog::~PartitionLog() = default;

Result<std::unique_ptr<PartitionLog>> PartitionLog::open(const LogContext& context, std::string directory, LogOpen mode,
                                                         const LogConfig& config, RecoveryReport& report) {
  TRY(config.validate());
  const DiskPatience patience{context.clock, config.io_timeout()};
  if (mode == LogOpen::create) TRY(create_directories(context.disk, directory, patience.deadline()));
  Result<RecoveredLog> recovered = recover_log(context, directory, mode, config, report);
  context.trace.emit(report.verdict == RecoveryReport::Verdict::corrupt ? trace_log_refused : trace_log_opened,
                     {{"log", directory},
                      {"verdict", to_string(report.verdict)},
                      {"start", report.log_start},
                      {"end", report.log_end},
                      {"checked_bytes", report.checked_bytes},
                      {"cut_bytes", report.cut_bytes},
                      {"detail", report.detail}});
  if (!recovered) return recovered.error();
  std::unique_ptr<PartitionLog> log(new PartitionLog(context, std::move(directory), config, std::move(*recovered)));
  // The checkpoint's presence is what tells a new log from one that lost its files. After a repair it only saves the next opening
  // the work: a disk that is full must not keep a sound log from being served.
  if (report.verdict == RecoveryReport::Verdict::created) {
    TRY(log->save_checkpoint(Closing::no));
  } else if (report.checked_bytes + report.cut_bytes != 0) {
    (void)log->save_checkpoint(Closing::no);
  }
  return log;
}

Result<> PartitionLog::check_open() const {
  if (fence_.has_value()) return *fence_;
  if (closed_) return Error(Errc::closed, directory_);
  return {};
}

std::optional<Error> PartitionLog::failure_of(const AppendTicket& ticket) const {
  const std::optional<Errc> why = taken_back_.reason(ticket);
  if (!why.has_value()) return std::nullopt;
  if (*why == Errc::io_error) return fence_;
  return Error(*why, directory_ + ": the append was taken back");
}

Result<> PartitionLog::wait_written(const AppendTicket& ticket, Time deadline) {
  for (;;) {
    if (std::optional<Error> failure = failure_of(ticket)) return *failure;
    if (written_end_ >= ticket.end_offset) return {};
    TRY(written_progress_.wait(deadline));
  }
}

Result<> PartitionLog::wait_durable(const AppendTicket& ticket, Time deadline) {
  for (;;) {
    if (std::optional<Error> failure = failure_of(ticket)) return *failure;
    if (durable_end_ >= ticket.end_offset) return {};
    if (fence_.has_value()) return *fence_;  // written, but never synced
    start_flusher();                         // with flush.messages above 1 nobody else may ask for it for a long time
    TRY(progress_.wait(deadline));
  }
}

Result<> PartitionLog::wait_stable(const AppendTicket& ticket, Time deadline) {
  return config_.group_commit() ? wait_durable(ticket, deadline) : wait_written(ticket, deadline);
}

void PartitionLog::fence(const Error& cause) {
  if (fence_.has_value()) return;
  // Damage stays what it is: the disk did all that was asked of it, and recovery will say what is left.
  const Errc code = cause == Errc::corrupt ? Errc::corrupt : Errc::io_error;
  fence_ = Error(code, directory_ + " is fenced: " + to_string(cause), cause.injected);
  context_.trace.emit(trace_log_fenced, {{"log", directory_}, {"cause", to_string(cause.code)}, {"durable_end", durable_end_}});
  forget_from(written_end_, Errc::io_error);
  tell_progress();
}

void PartitionLog::tell_progress() {
  written_progress_.notify_all();
  progress_.notify_all();
  if (listener_) listener_();
}

Result<> PartitionLog::begin_epoch(std::int32_t epoch) {
  TRY(check_open());
  if (epochs_.latest().value_or(0) > epoch) {
    return Error(Errc::corrupt, directory_ + ": holds leader epoch " + std::to_string(*epochs_.latest()) +
                                    ", and is now to be led in " + std::to_string(epoch));
  }
  epochs_.assign(epoch, log_end_);
  // Also if it was entered before: that attempt may have failed.
  return epochs_.entries() == saved_epochs_ ? Result<>() : save_checkpoint(Closing::no);
}

Result<> PartitionLog::note_damage() {
  TRY(context_.disk.open(directory_ + "/" + std::string(damage_file), OpenMode::create, patience().deadline()));
  return context_.disk.sync_dir(directory_, patience().deadline());
}

Result<> PartitionLog::forget_damage() {
  TRY(write_checkpoint());  // which may still have the watermark that the log ended below
  const Result<> removed = context_.disk.remove(directory_ + "/" + std::string(damage_file), patience().deadline());
  if (!removed && removed.error() == Errc::not_found) return {};
  TRY(removed);
  return context_.disk.sync_dir(directory_, patience().deadline());
}

Result<> PartitionLog::write_checkpoint() {
  TRY(check_open());
  return save_checkpoint(Closing::no);
}

Result<> PartitionLog::close() {
  closed_ = true;
  closing_.set();
  TRY(written_progress_.wait_until([&] { return fence_.has_value() || (written_end_ == log_end_ && !cut_to_.has_value()); }));
  if (fence_.has_value()) return *fence_;
  TRY(flush());
  return save_checkpoint(Closing::yes);
}

// The fibers are waited for, not cancelled: a disk operation that is cancelled may still happen later, by its path.
void PartitionLog::abandon() {
  closed_ = true;
  closing_.set();
  queue_.clear();
  tasks_.join();
  forget_from(written_end_, Errc::closed);
  tell_progress();
}

Result<> PartitionLog::configure(const LogConfig& config) {
  TRY(config.validate());
  TRY(check_open());
  while (config.group_commit() && stable_end() > durable_end_) TRY(flush());
  config_ = config;
  tail_.set_limit(static_cast<std::size_t>(config.tail_cache_bytes));
  if (must_flush()) start_flusher();
  return {};
}

std::uint64_t PartitionLog::size_bytes() const {
  std::uint64_t bytes = 0;
  for (const SegmentPtr& segment : segments_) bytes += segment->assigned_bytes;
  return bytes;
}

}  // namespace faultline
