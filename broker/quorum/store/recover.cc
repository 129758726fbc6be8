// Opening: what the files say, made durable once more, or a refusal.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "broker/quorum/store/store.h"

namespace faultline::quorum {

namespace {

constexpr std::string_view snapshot_prefix = "snapshot-";
constexpr std::size_t index_digits = 20;
constexpr std::size_t term_digits = 10;

std::optional<raft::Position> position_in(std::string_view name) {
  if (name.size() != snapshot_prefix.size() + index_digits + 1 + term_digits || !name.starts_with(snapshot_prefix))
    return std::nullopt;
  name.remove_prefix(snapshot_prefix.size());
  std::int64_t index = 0;
  std::int32_t term = 0;
  const std::string_view index_text = name.substr(0, index_digits);
  const std::string_view term_text = name.substr(index_digits + 1);
  const auto index_end = std::from_chars(index_text.begin(), index_text.end(), index);
  const auto term_end = std::from_chars(term_text.begin(), term_text.end(), term);
  const bool whole = index_end.ptr == index_text.end() && term_end.ptr == term_text.end();
  if (!whole || name[index_digits] != '-') return std::nullopt;
  return raft::Position{raft::Term(term), raft::Index(index)};
}

}  // namespace

Result<> Store::format(Env& env, const StoreOptions& options, const raft::Recovered& first) {
  const Time deadline = after(env.clock.now(), options.io_timeout);
  TRY(create_directories(env.disk, options.directory, deadline));
  Slice log;
  if (!first.entries.empty()) log = encode_record(options.self, first.entries.back().at.term, {{}, first.entries, {}});
  // The vote first: a directory with a vote of term 0 and no log was left in the middle of this, and can be formatted again.
  TRY(replace_file(env.disk, options.directory + "/vote", encode_vote(first.hard_state), deadline));
  return replace_file(env.disk, options.directory + "/log", log, deadline);
}

Result<Store::Opened> Store::open(Env& env, const StoreOptions& options) {
  Opened opened;
  opened.store.reset(new Store(env, options));
  opened.recovered = TRY(opened.store->recover());
  return opened;
}

Result<std::vector<raft::Position>> Store::list_snapshots() {
  std::vector<raft::Position> snapshots;
  for (const DirectoryEntry& entry : TRY(env_.disk.list(options_.directory, deadline()))) {
    if (const auto position = position_in(entry.name)) snapshots.push_back(*position);
  }
  std::ranges::sort(snapshots, {}, &raft::Position::index);
  return snapshots;
}

/// What a crash has left half-written.
Result<> Store::remove_unfinished() {
  for (const DirectoryEntry& entry : TRY(env_.disk.list(options_.directory, deadline()))) {
    if (entry.name.ends_with(".tmp")) TRY(env_.disk.remove(path(entry.name), deadline()));
  }
  return {};
}

Result<raft::Recovered> Store::recover() {
  raft::Recovered recovered;
  const Result<Slice> vote = read_whole(env_.disk, path("vote"), options_.file_bytes_max, deadline());
  if (!vote) {
    const bool lost = vote.error() == Errc::not_found && env_.disk.open(path("log"), OpenMode::read, deadline()).has_value();
    return lost ? Error(Errc::corrupt, "the quorum's vote is gone") : vote.error();
  }
  TRY(remove_unfinished());
  recovered.hard_state = TRY(decode_vote(vote->bytes()));
  term_ = recovered.hard_state.term;
  const std::vector<raft::Position> snapshots = TRY(list_snapshots());
  if (!snapshots.empty()) {
    const Slice file = TRY(read_whole(env_.disk, snapshot_path(snapshots.back()), options_.file_bytes_max, deadline()));
    recovered.snapshot = TRY(decode_snapshot(file));
    if (recovered.snapshot.last != snapshots.back()) return Error(Errc::corrupt, "a snapshot under the name of another");
    TRY(replace_file(env_.disk, snapshot_path(snapshots.back()), file, deadline()));
  }
  TRY(recover_log(recovered));
  TRY(replace_file(env_.disk, path("vote"), encode_vote(recovered.hard_state), deadline()));
  return recovered;
}

Result<> Store::recover_log(raft::Recovered& recovered) {
  const Result<Slice> file = read_whole(env_.disk, path("log"), options_.file_bytes_max, deadline());
  if (!file) {
    const bool unfinished = recovered.hard_state == raft::HardState() && recovered.snapshot == raft::SnapshotMeta();
    if (file.error() == Errc::not_found && !unfinished) return Error(Errc::corrupt, "the quorum's log is gone");
    return file.error();
  }
  DecodedLog log = TRY(decode_log(*file, recovered.snapshot.last.index));
  TRY(replace_log(file->part(0, log.end_bytes)));
  records_ = std::move(log.records);
  log_end_ = log.entries.empty() ? recovered.snapshot.last : log.entries.back().at;
  // A log that ends before the snapshot, or contradicts it, is reset by the core's first writes.
  durable_ = log_end_.index;
  term_ = std::max(term_, log_end_.term);
  recovered.entries = std::move(log.entries);
  return {};
}

}  // namespace faultline::quorum
