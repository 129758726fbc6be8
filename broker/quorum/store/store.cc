#include "broker/quorum/store/store.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "base/crc32c.h"

namespace faultline::quorum {

std::string Store::snapshot_path(const raft::Position& last) const {
  return path(fmt::format("snapshot-{:020}-{:010}", last.index.value(), last.term.value()));
}

void Store::begin(raft::Writes writes) {
  if (failed_) return;
  queue_.push_back(std::move(writes));
  if (writer_runs_) return;
  writer_runs_ = true;
  tasks_.spawn("quorum store", [this] { write_queued(); });
}

void Store::write_queued() {
  const auto write_all = [this]() -> Result<> {
    while (!queue_.empty()) {
      std::uint64_t sequence = 0;
      raft::Index end;
      std::deque<raft::Writes> group;
      group.swap(queue_);
      for (const raft::Writes& writes : group) {
        TRY(make(writes));
        sequence = std::max(sequence, writes.sequence);
      }
      end = log_end_.index;
      TRY(log_->sync(deadline()));
      durable_ = end;
      for (const raft::Writes& writes : group) {
        if (writes.discard_to) TRY(discard_to(*writes.discard_to));
      }
      if (sequence != 0 && on_durable_) on_durable_(sequence);
    }
    return {};
  };
  const Result<> written = write_all();
  writer_runs_ = false;
  if (written) return;
  failed_ = true;
  queue_.clear();
  if (on_failed_) on_failed_(written.error());
}

Result<> Store::make(const raft::Writes& writes) {
  if (writes.hard_state) {
    TRY(replace_file(env_.disk, path("vote"), encode_vote(*writes.hard_state), deadline()));
    term_ = writes.hard_state->term;
  }
  if (writes.chunk) TRY(write_chunk(*writes.chunk));
  if (writes.install) TRY(install(*writes.install));
  if (writes.reset_log) {
    TRY(replace_log(Slice()));
    records_.clear();
    log_end_ = *writes.reset_log;
    durable_ = log_end_.index;
  }
  if (writes.truncate_to) TRY(truncate_to(*writes.truncate_to));
  if (!writes.append.empty()) TRY(append(writes));
  return {};
}

Result<> Store::append(const raft::Writes& writes) {
  ENSURE(writes.append.front().at.index == raft::next_after(log_end_.index));
  const std::vector<Slice> pieces{encode_record(options_.self, term_, {log_end_, writes.append, durable_})};
  TRY(log_->write_at(log_bytes_, pieces, deadline()));
  log_end_ = writes.append.back().at;
  records_.emplace_back(log_bytes_, log_end_.index);
  log_bytes_ += pieces[0].size();
  return {};
}

/// Old and new log change places at once. A file cut in place may come back from a power cut at any length, with zeros in the middle:
/// then a truncation could not be told from damage.
Result<> Store::truncate_to(raft::Index index) {
  const auto cut = std::ranges::find_if(records_, [&](const auto& record) { return record.second > index; });
  if (cut == records_.end()) return {};
  const std::size_t at = cut->first;
  const Slice bytes = TRY(log_->read_at(0, log_bytes_, deadline()));
  if (bytes.size() != log_bytes_) return Error(Errc::io_error, "the quorum's log is shorter than what was written");
  LogRecord record = TRY(decode_record(bytes.from(at)))
  .record;
  records_.erase(cut, records_.end());
  log_end_ = record.previous;
  durable_ = std::min(durable_, index);
  std::vector<Slice> pieces{bytes.part(0, at)};
  // Of a record that is cut, the part that stays was promised too.
  std::erase_if(record.entries, [&](const raft::Entry& entry) { return entry.at.index > index; });
  if (!record.entries.empty()) {
    pieces.push_back(encode_record(options_.self, term_, record));
    log_end_ = record.entries.back().at;
    records_.emplace_back(at, log_end_.index);
  }
  return replace_log(concatenate(pieces));
}

Result<> Store::discard_to(raft::Index index) {
  const auto first = std::ranges::find_if(records_, [&](const auto& record) { return record.second > index; });
  const std::size_t gone = first == records_.end() ? log_bytes_ : first->first;
  if (gone == 0) return {};
  const Slice rest = gone == log_bytes_ ? Slice() : TRY(log_->read_at(gone, log_bytes_ - gone, deadline()));
  if (rest.size() != log_bytes_ - gone) return Error(Errc::io_error, "the quorum's log is shorter than what was written");
  TRY(replace_log(rest));
  records_.erase(records_.begin(), first);
  for (auto& record : records_) record.first -= gone;
  return {};
}

Result<> Store::replace_log(const Slice& content) {
  log_.reset();
  TRY(replace_file(env_.disk, path("log"), content, deadline()));
  log_ = TRY(env_.disk.open(path("log"), OpenMode::write, deadline()));
  log_bytes_ = content.size();
  return {};
}

Result<> Store::write_chunk(const raft::ChunkWrite& chunk) {
  if (chunk.offset == 0) {
    incoming_ = TRY(env_.disk.open(path("incoming"), OpenMode::create, deadline()));
    TRY(incoming_->truncate(0, deadline()));
    incoming_crc_ = 0;
  }
  ENSURE(incoming_ != nullptr);
  if (chunk.data.empty()) return {};
  const std::vector<Slice> pieces{chunk.data};
  TRY(incoming_->write_at(chunk.offset, pieces, deadline()));
  incoming_crc_ = crc32c(chunk.data.bytes(), incoming_crc_);
  return {};
}

Result<> Store::install(const raft::SnapshotMeta& snapshot) {
  ENSURE(incoming_ != nullptr);
  const std::vector<Slice> pieces{encode_snapshot_end(options_.self, snapshot, incoming_crc_)};
  TRY(incoming_->write_at(snapshot.size_bytes, pieces, deadline()));
  TRY(incoming_->sync(deadline()));
  incoming_.reset();
  TRY(env_.disk.rename(path("incoming"), snapshot_path(snapshot.last), deadline()));
  return env_.disk.sync_dir(options_.directory, deadline());
}

Result<> Store::write_snapshot(const raft::SnapshotMeta& snapshot, const Slice& data) {
  ENSURE(data.size() == snapshot.size_bytes);
  const std::vector<Slice> pieces{data, encode_snapshot_end(options_.self, snapshot, crc32c(data.bytes()))};
  return replace_file(env_.disk, snapshot_path(snapshot.last), concatenate(pieces), deadline());
}

Result<Slice> Store::read_snapshot(const raft::SnapshotMeta& snapshot, std::uint64_t offset, std::size_t count) {
  ENSURE(offset <= snapshot.size_bytes);
  const std::unique_ptr<File> file = TRY(env_.disk.open(snapshot_path(snapshot.last), OpenMode::read, deadline()));
  const std::size_t rest = static_cast<std::size_t>(snapshot.size_bytes - offset);
  return file->read_at(offset, std::min(count, rest), deadline());
}

Result<> Store::remove_snapshots_but(std::span<const raft::Position> keep) {
  const std::vector<raft::Position> snapshots = TRY(list_snapshots());
  for (const raft::Position& last : snapshots) {
    const bool kept = last == snapshots.back() || std::ranges::find(keep, last) != keep.end();
    if (!kept) TRY(env_.disk.remove(snapshot_path(last), deadline()));
  }
  return {};
}

}  // namespace faultline::quorum
