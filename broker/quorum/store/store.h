// Store: what one node of the quorum keeps on its disk, and the driver's half of raft::Core's contract on durability.
//
//   vote                           term and vote; replaced as a whole
//   log                            records, one per step that appended; replaced as a whole when anything of it goes
//   snapshot-INDEX-TERM            data, then what it is and its checksum
//   incoming                       a snapshot that is on its way here
//
// begin() takes the writes of a step and does not wait. One fiber makes them, in order, all that have gathered while it was busy, then
// syncs the log once, then tells the last sequence number: a sync covers only what was complete before it was issued. After any failure
// nothing more is written and nothing more is reported: the node has to be opened again (the fsync trap).
//
// open() brings everything that it reads to the disk again before it lets anybody rely on it: what a killed process left in the page
// cache may never have been durable.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "broker/quorum/store/files.h"
#include "broker/raft/core.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline::quorum {

struct StoreOptions {
  std::string directory = "quorum";
  raft::ReplicaKey self;
  Duration io_timeout{10s};
  /// A log or a snapshot above this is not read. The metadata of a cluster is far smaller.
  std::size_t file_bytes_max = std::size_t{1} << 30;
};

class Store {
 public:
  /// Prepares a directory for a node that begins with `first`: Recovered::bootstrap or nothing. Suspends. Errors: as the disk.
  static Result<> format(Env& env, const StoreOptions& options, const raft::Recovered& first);

  struct Opened;
  /// Suspends. Errors: not_found (never formatted); corrupt (something that was durable is missing or damaged: the directory must not
  /// speak again under its id); else as the disk.
  static Result<Opened> open(Env& env, const StoreOptions& options);

  ~Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  /// Makes the writes of a step, some time. Does not suspend.
  void begin(raft::Writes writes);
  /// Called by the store's fiber with the sequence number up to which all is durable. Must not suspend.
  void on_durable(std::function<void(std::uint64_t)> listener) { on_durable_ = std::move(listener); }
  /// Called once, when a write or a sync has failed. Must not suspend.
  void on_failed(std::function<void(const Error&)> listener) { on_failed_ = std::move(listener); }
  bool failed() const { return failed_; }

  /// Writes a snapshot of the state machine; durable when it returns. Suspends. Requires: data.size() == snapshot.size_bytes.
  Result<> write_snapshot(const raft::SnapshotMeta& snapshot, const Slice& data);
  /// Up to `count` bytes of a snapshot's data. Suspends. Errors: not_found; as the disk.
  Result<Slice> read_snapshot(const raft::SnapshotMeta& snapshot, std::uint64_t offset, std::size_t count);
  /// Removes all snapshots but the newest and those in `keep`. Suspends.
  Result<> remove_snapshots_but(std::span<const raft::Position> keep);

 private:
  Store(Env& env, StoreOptions options) : env_(env), options_(std::move(options)), tasks_(env.tasks) {}

  Time deadline() const { return after(env_.clock.now(), options_.io_timeout); }
  std::string path(std::string_view name) const { return options_.directory + "/" + std::string(name); }
  std::string snapshot_path(const raft::Position& last) const;
  Result<std::vector<raft::Position>> list_snapshots();
  Result<> remove_unfinished();
  Result<raft::Recovered> recover();
  Result<> recover_log(raft::Recovered& recovered);
  void write_queued();
  Result<> make(const raft::Writes& writes);
  Result<> write_chunk(const raft::ChunkWrite& chunk);
  Result<> install(const raft::SnapshotMeta& snapshot);
  Result<> append(const raft::Writes& writes);
  Result<> truncate_to(raft::Index index);
  Result<> discard_to(raft::Index index);
  Result<> replace_log(const Slice& content);

  // Constant after construction.
  Env& env_;
  const StoreOptions options_;

  // Durable.
  std::unique_ptr<File> log_;
  std::vector<std::pair<std::size_t, raft::Index>> records_;  // where each begins in the log, and its last entry
  std::size_t log_bytes_ = 0;
  raft::Position log_end_;
  raft::Term term_;

  // Volatile.
  raft::Index durable_;
  std::unique_ptr<File> incoming_;
  std::uint32_t incoming_crc_ = 0;
  std::deque<raft::Writes> queue_;
  bool writer_runs_ = false;
  bool failed_ = false;
  std::function<void(std::uint64_t)> on_durable_;
  std::function<void(const Error&)> on_failed_;

  TaskGroup tasks_;  // last: its fiber uses all of the above
};

struct Store::Opened {
  std::unique_ptr<Store> store;
  raft::Recovered recovered;
};

}  // namespace faultline::quorum
