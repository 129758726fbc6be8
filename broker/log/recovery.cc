#include "broker/log/recovery.h"

#include <fmt/format.h>

#include <algorithm>

#include "broker/log/resync.h"

namespace faultline {

namespace {

class Recovery {
 public:
  Recovery(const LogContext& context, std::string_view directory, LogOpen mode, const LogConfig& config, RecoveryReport& report)
      : context_(context),
        directory_(directory),
        mode_(mode),
        config_(config),
        patience_{context.clock, config.io_timeout()},
        report_(report) {}

  Result<RecoveredLog> run();

 private:
  struct Found {
    std::int64_t base_offset;
    std::uint64_t bytes;
  };

  Result<> read_checkpoints();
  Result<> read_producers();
  Result<> list_directory();
  Result<> walk_all();
  Result<bool> walk_segment(Segment& segment, std::uint64_t file_bytes, std::int64_t must_end_at);
  Result<> check_batch(const BatchHeader& header, std::int64_t expected) const;
  void note_producer(const BatchHeader& header);
  Result<> look_behind(File& file, std::uint64_t from, std::uint64_t to);
  Result<> note_damage();
  Result<> cut(std::size_t first_removed);
  Result<> drop_all();
  Result<> make_durable();
  /// Below the log start nothing is promised any more.
  bool promises() const { return log_.checkpoint.recovery_point > log_.checkpoint.log_start; }
  Error corrupt(std::string detail);
  std::shared_ptr<Segment> make_segment(std::int64_t base_offset) const {
    const auto interval = static_cast<std::uint64_t>(config_.index_interval_bytes);
    return std::make_shared<Segment>(directory_, base_offset, interval, context_.clock.now());
  }
  std::string path_of(std::string_view name) const { return fmt::format("{}/{}", directory_, name); }

  // Constant after construction.
  const LogContext context_;
  const std::string directory_;
  const LogOpen mode_;
  const LogConfig config_;
  const DiskPatience patience_;
  // Volatile.
  RecoveryReport& report_;
  std::vector<std::string> leftovers_;
  std::vector<Found> found_;
  RecoveredLog log_;
  EpochCache saved_epochs_;              // log_.saved_epochs, to look offsets up in
  ProducerStates producers_;             // by the batches alone
  ProducerStates producers_since_save_;  // by the file, and the batches behind its end
  std::int64_t end_ = 0;                 // of the good prefix so far
  std::uint64_t tail_file_bytes_ = 0;    // size of the file that the last good batch is in
};

Error Recovery::corrupt(std::string detail) {
  report_.verdict = RecoveryReport::Verdict::corrupt;
  report_.detail = detail;
  return Error(Errc::corrupt, directory_ + ": " + std::move(detail));
}

Result<> Recovery::read_checkpoints() {
  Result<Slice> bytes = read_whole(context_.disk, path_of(checkpoint_file), checkpoint_bytes_max, patience_.deadline());
  if (bytes.has_value()) {
    const Result<LogCheckpoint> checkpoint = LogCheckpoint::decode(*bytes);
    if (!checkpoint) return corrupt(checkpoint.error().detail);
    log_.checkpoint = *checkpoint;
    log_.has_checkpoint = true;
  } else if (!(bytes.error() == Errc::not_found)) {
    return bytes.error();
  }
  report_.log_start = log_.checkpoint.log_start;
  report_.recovery_point = log_.checkpoint.recovery_point;

  bytes = read_whole(context_.disk, path_of(epoch_file), checkpoint_bytes_max, patience_.deadline());
  if (bytes.has_value()) {
    // A damaged one is not missed: the batches carry their epochs.
    if (Result<EpochCache> epochs = decode_epochs(*bytes)) {
      log_.saved_epochs = epochs->entries();
      saved_epochs_ = std::move(*epochs);
    }
  } else if (!(bytes.error() == Errc::not_found)) {
    return bytes.error();
  }
  return read_producers();
}

// A damaged file is not missed as long as the batches are there: they name their producers.
Result<> Recovery::read_producers() {
  Result<Slice> bytes = read_whole(context_.disk, path_of(producer_file), checkpoint_bytes_max, patience_.deadline());
  if (bytes.has_value()) {
    if (Result<ProducerCheckpoint> producers = ProducerCheckpoint::decode(*bytes)) log_.saved_producers = std::move(*producers);
  } else if (!(bytes.error() == Errc::not_found)) {
    return bytes.error();
  }
  producers_since_save_.restore(log_.saved_producers.entries, {});
  return {};
}

void Recovery::note_producer(const BatchHeader& header) {
  if (!header.has_producer()) return;
  producers_.appended(header.producer(), {});
  if (header.base_offset >= log_.saved_producers.end_offset) producers_since_save_.appended(header.producer(), {});
  producers_.settle(end_);
  producers_since_save_.settle(end_);
}

Result<> Recovery::list_directory() {
  const std::vector<DirectoryEntry> entries = TRY(context_.disk.list(directory_, patience_.deadline()));
  for (const DirectoryEntry& entry : entries) {
    if (entry.is_directory) continue;
    const std::int64_t base = parse_segment_file_name(entry.name);
    if (base >= 0) {
      const auto file = TRY(context_.disk.open(path_of(entry.name), OpenMode::read, patience_.deadline()));
      found_.push_back({ base, TRY(file->size()) });
    } else if (entry.name == damage_file) {
      report_.damaged = true;
    } else if (entry.name.ends_with(".tmp") || entry.name.ends_with(deleted_suffix)) {
      leftovers_.push_back(entry.name);
    }
  }
  // Removed, but the removal was undone; or about to be removed.
  const auto below_start = [&](std::size_t i) {
    return i + 1 < found_.size() && found_[i + 1].base_offset <= log_.checkpoint.log_start;
  };
  std::size_t dead = 0;
  while (below_start(dead)) leftovers_.push_back(segment_file_name(found_[dead++].base_offset));
  report_.segments_removed += static_cast<std::uint32_t>(dead);
  found_.erase(found_.begin(), found_.begin() + static_cast<std::ptrdiff_t>(dead));
  return {};
}

Result<> Recovery::check_batch(const BatchHeader& header, std::int64_t expected) const {
  if (header.base_offset != expected) {
    return Error(Errc::corrupt, fmt::format("offset {} where {} was expected", header.base_offset, expected));
  }
  const std::optional<std::int32_t> latest = log_.epochs.latest();
  if (header.leader_epoch < 0 || (latest.has_value() && header.leader_epoch < *latest)) {
    return Error(Errc::corrupt, fmt::format("leader epoch {} at offset {}", header.leader_epoch, expected));
  }
  const std::optional<std::int32_t> saved = saved_epochs_.epoch_at(expected);
  if (saved.has_value() && *saved != header.leader_epoch) {
    return Error(Errc::corrupt,
                 fmt::format("leader epoch {} at offset {}, where the epoch file has {}", header.leader_epoch, expected, *saved));
  }
  return {};
}

// Walks one segment. Returns: whether the log goes on behind it. `must_end_at` is the recovery point as far as it lies in here.
Result<bool> Recovery::walk_segment(Segment& segment, std::uint64_t file_bytes, std::int64_t must_end_at) {
  const std::shared_ptr<File> file = TRY(segment.writable_file(context_.disk, patience_));
  BatchWalker walker(*file, patience_, 0, file_bytes);
  tail_file_bytes_ = file_bytes;
  for (;;) {
    const bool durable = end_ < must_end_at;
    const std::uint64_t position = walker.position();
    const Result<std::optional<BatchHeader>> next =
        walker.next(durable ? BatchWalker::Depth::headers : BatchWalker::Depth::checksums);
    if (!next && !(next.error() == Errc::corrupt)) return next.error();
    Result<> sound = next.has_value() ? Result<>() : Result<>(next.error());
    if (next.has_value() && next->has_value()) sound = check_batch(**next, end_);
    const bool crosses = next.has_value() && next->has_value() && durable && (*next)->next_offset() > must_end_at;
    if (crosses && !promises()) {  // the log starts inside of this batch: nobody has said that it is durable
      must_end_at = end_;
      walker.seek(position);
      continue;
    }
    if (crosses) {
      sound = Error(Errc::corrupt, "a batch lies across the recovery point");
    }
    const bool at_end = next.has_value() && !next->has_value();
    if (at_end && !durable) return true;
    if (at_end) sound = Error(Errc::corrupt, "the file ends before the recovery point");
    if (!sound) {
      report_.detail = fmt::format("{} at {}: {}", segment.path, position, sound.error().detail);
      if (durable && promises()) return corrupt(report_.detail);
      TRY(look_behind(*file, position, file_bytes));
      return false;
    }
    if (!durable) {
      report_.checked_bytes += (*next)->bytes;
      const Slice batch = walker.batch();
      // See the head of recovery.h: what the page cache shows need not be on the disk.
      TRY(file->write_at(position, std::span<const Slice>(&batch, 1), patience_.deadline()));
    }
    log_.epochs.assign((*next)->leader_epoch, end_);
    segment.add(**next);
    end_ = (*next)->next_offset();
    note_producer(**next);
  }
}

// Is there a whole batch behind the bad one? It tells an interrupted write at the very end from one in the middle, or rot.
Result<> Recovery::look_behind(File& file, std::uint64_t from, std::uint64_t to) {
  report_.valid_after_cut = TRY(has_later_batch(file, patience_, from, to, end_));
  return report_.valid_after_cut ? note_damage() : Result<>();
}

// Durable before the repair: afterwards there is nothing to be seen any more, should the next crash come before the cluster was told.
Result<> Recovery::note_damage() {
  if (report_.damaged) return {};
  TRY(context_.disk.open(path_of(damage_file), OpenMode::create, patience_.deadline()));
  TRY(context_.disk.sync_dir(directory_, patience_.deadline()));
  report_.damaged = true;
  return {};
}

Result<> Recovery::walk_all() {
  const LogCheckpoint& checkpoint = log_.checkpoint;
  end_ = found_.empty() ? checkpoint.log_start : found_.front().base_offset;
  if (!found_.empty() && found_.front().base_offset > checkpoint.log_start) {
    // Nothing below the recovery point may be missing; above it the first file can be a stray of an undone truncation.
    if (checkpoint.recovery_point > checkpoint.log_start) return corrupt("the first segment is missing");
    end_ = checkpoint.log_start;
  }
  std::size_t index = 0;
  for (bool goes_on = true; goes_on && index < found_.size(); ++index) {
    const Found& found = found_[index];
    if (found.base_offset != end_) {
      if (promises() && end_ < checkpoint.recovery_point) return corrupt(fmt::format("no segment starts at {}", end_));
      break;
    }
    auto segment = make_segment(found.base_offset);
    const bool last = index + 1 == found_.size();
    const std::int64_t limit = last ? INT64_MAX : found_[index + 1].base_offset;
    goes_on = TRY(walk_segment(*segment, found.bytes, std::min(checkpoint.recovery_point, limit)));
    log_.segments.push_back(std::move(segment));
  }
  if (promises() && end_ < checkpoint.recovery_point) {
    return corrupt(fmt::format("the log ends at {}, before its recovery point", end_));
  }
  TRY(cut(index));
  return end_ < checkpoint.log_start ? drop_all() : Result<>();
}

// All that is there lies below the log start.
Result<> Recovery::drop_all() {
  for (const auto& segment : log_.segments) {
    report_.cut_bytes += segment->written_bytes;
    ++report_.segments_removed;
    TRY(context_.disk.remove(segment->path, patience_.deadline()));
  }
  log_.segments.clear();
  log_.epochs = {};
  end_ = log_.checkpoint.log_start;
  return {};
}

// Cuts the last good segment behind its last good batch and marks the files from `first_removed` on for removal.
Result<> Recovery::cut(std::size_t first_removed) {
  for (std::size_t i = found_.size(); i > first_removed; --i) {
    report_.cut_bytes += found_[i - 1].bytes;
    if (found_[i - 1].bytes != 0) {
      report_.valid_after_cut = true;
      TRY(note_damage());
    }
    ++report_.segments_removed;
    TRY(context_.disk.remove(path_of(segment_file_name(found_[i - 1].base_offset)), patience_.deadline()));
  }
  if (log_.segments.empty()) return {};
  Segment& last = *log_.segments.back();
  if (last.written_bytes == tail_file_bytes_) return {};
  report_.cut_bytes += tail_file_bytes_ - last.written_bytes;
  const std::shared_ptr<File> file = TRY(last.writable_file(context_.disk, patience_));
  return file->truncate(last.written_bytes, patience_.deadline());
}

Result<> Recovery::make_durable() {
  for (const std::string& name : leftovers_) {
    // What a process that was killed had on its way to the disk may have arrived since.
    const Result<> removed = context_.disk.remove(path_of(name), patience_.deadline());
    if (!removed && !(removed.error() == Errc::not_found)) return removed.error();
  }
  const bool untouched = report_.verdict == RecoveryReport::Verdict::clean && leftovers_.empty();
  for (const auto& segment : log_.segments) {
    const bool above_recovery_point = segment->next_offset > log_.checkpoint.recovery_point || segment == log_.segments.back();
    const bool believed = config_.exhibits.on(Exhibit::kafka_10101);  // the mistake: what could be read counts as synced
    if (!untouched && above_recovery_point && !believed) {
      const std::shared_ptr<File> file = TRY(segment->writable_file(context_.disk, patience_));
      TRY(file->sync(patience_.deadline()));
    }
    segment->synced_bytes = segment->assigned_bytes = segment->written_bytes;
    segment->name_durable = true;
    if (segment != log_.segments.back()) {
      segment->seal();
    }
  }
  if (!untouched) TRY(context_.disk.sync_dir(directory_, patience_.deadline()));
  return {};
}

Result<RecoveredLog> Recovery::run() {
  TRY(read_checkpoints());
  TRY(list_directory());
  // It is written, durably, before anything else is: without it this is no log, or one that lost data.
  if (!log_.has_checkpoint && !found_.empty()) return corrupt("segments without a checkpoint");
  if (!log_.has_checkpoint && mode_ == LogOpen::existing) return corrupt("no checkpoint");
  TRY(walk_all());

  log_.log_end = end_;
  report_.log_end = end_;
  if (end_ < log_.checkpoint.high_watermark) TRY(note_damage());
  const bool closed_here = log_.checkpoint.clean && end_ == log_.checkpoint.recovery_point;
  using Verdict = RecoveryReport::Verdict;
  report_.verdict = !log_.has_checkpoint     ? Verdict::created
                    : report_.cut_bytes != 0 ? Verdict::torn_tail
                    : closed_here            ? Verdict::clean
                                             : Verdict::recovered;
  TRY(make_durable());

  // Epochs that were entered without a batch of their own are only in the checkpoint.
  EpochCache epochs;
  for (const EpochStart& entry : log_.saved_epochs) {
    if (entry.start_offset <= end_) epochs.assign(entry.epoch, entry.start_offset);
  }
  log_.epochs.merge_noted(epochs, end_);
  log_.epochs.drop_before(log_.checkpoint.log_start);
  // A file that speaks of more than there is was written for a log that has lost something since.
  const bool file_fits = log_.saved_producers.end_offset <= end_;
  log_.producers = file_fits ? producers_since_save_.entries() : producers_.entries();
  if (log_.segments.empty()) {
    log_.segments.push_back(make_segment(end_));
  }
  return std::move(log_);
}

}  // namespace

std::string_view to_string(RecoveryReport::Verdict verdict) {
  switch (verdict) {
    case RecoveryReport::Verdict::created: return "created";
    case RecoveryReport::Verdict::clean: return "clean";
    case RecoveryReport::Verdict::recovered: return "recovered";
    case RecoveryReport::Verdict::torn_tail: return "torn_tail";
    case RecoveryReport::Verdict::corrupt: return "corrupt";
  }
  return "?";
}

Result<RecoveredLog> recover_log(const LogContext& context, std::string_view directory, LogOpen mode, const LogConfig& config,
                                 RecoveryReport& report) {
  report = RecoveryReport();
  return Recovery(context, directory, mode, config, report).run();
}

}  // namespace faultline
