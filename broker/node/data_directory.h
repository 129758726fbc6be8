// DataDirectory: who owns the directory, and which partition's log lies where in it.
//
//   meta.properties     cluster id, node id and directory id, written once
//   topics.json         which topics exist (topic_store.h)
//   TOPIC-INDEX/        one partition's log
//   deleted.ID-INDEX/   a log on its way out
//
// A partition's directory is made, durably, before topics.json names it, and goes after topics.json has forgotten it; so what
// topics.json names must be there, and what it does not name is a leftover. A directory that goes is renamed first, durably, so that
// nothing of it can come back under the name of a topic that is made again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/log/partition_log.h"
#include "broker/protocol/uuid.h"
#include "runtime/env.h"

namespace faultline {

struct PartitionId {
  std::string topic;
  std::int32_t index = 0;

  auto operator<=>(const PartitionId&) const = default;
};

/// "orders-0", also the name of its directory.
std::string to_string(const PartitionId& id);

class DataDirectory {
 public:
  /// Takes the directory. A new one gets its ids drawn.
  /// Errors: locked (another broker runs on it), invalid_argument (it belongs to another node id), corrupt, io_error, cancelled.
  static Result<std::unique_ptr<DataDirectory>> open(Env& env, std::int32_t node_id, Duration disk_timeout);

  /// Whether any partition's directory is there.
  Result<bool> holds_logs();
  /// Removes every partition directory that is not among `known`, which topics.json names.
  Result<> remove_leftovers(const std::vector<PartitionId>& known);

  /// An empty log, durably there. A leftover of that name is put out of the way first.
  Result<std::unique_ptr<PartitionLog>> create_log(const PartitionId& id, const LogConfig& config);
  /// Recovers a log that was created before. Errors: corrupt (it must stay offline), else as the disk.
  Result<std::unique_ptr<PartitionLog>> open_log(const PartitionId& id, const LogConfig& config);
  /// Takes the name away, durably, and removes the files in the background; who reads from them can go on.
  Result<> delete_log(const PartitionId& id);

  const std::string& cluster_id() const { return cluster_id_; }
  const protocol::Uuid& directory_id() const { return directory_id_; }

 private:
  DataDirectory(Env& env, Duration disk_timeout, std::unique_ptr<DirectoryLock> lock);

  Result<> load_or_create_identity(std::int32_t node_id);
  Result<std::unique_ptr<PartitionLog>> open_at(const PartitionId& id, LogOpen mode, const LogConfig& config);
  Result<> put_away(const std::string& directory);
  protocol::Uuid draw_id();
  Time deadline() const { return after(env_.clock.now(), disk_timeout_); }

  // Constant after construction.
  Env& env_;
  const Duration disk_timeout_;
  const std::unique_ptr<DirectoryLock> lock_;
  // Constant after open().
  std::string cluster_id_;
  protocol::Uuid directory_id_;
  // Volatile.
  RandomStream ids_;
  TaskGroup removals_;
};

}  // namespace faultline
