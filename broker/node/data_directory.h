// DataDirectory: who owns the directory, and which partition's log lies where in it.
//
//   meta.properties            cluster id, node id and directory id, written once (format.h)
//   quorum/                    the metadata quorum's: not looked at here
//   TOPIC-INDEX/               one partition's log
//     partition.metadata       whose it is: the topic's id. Written, durably, before anything else in there
//   deleted.ID/                a log on its way out
//
// Which partitions there should be, the metadata say; this only finds what is there. A directory without partition.metadata is one that a
// crash has left half made, and never held a record. A directory that goes is renamed first, durably, so that nothing of it can come back
// under the name of a topic that is made again. Format: docs/formats/partition.md.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/log/partition_log.h"
#include "broker/node/partition_id.h"
#include "broker/protocol/uuid.h"
#include "runtime/env.h"

namespace faultline {

class DataDirectory {
 public:
  /// Takes the directory.
  /// Errors: not_found (it was never formatted), locked (another process runs on it), invalid_argument (it belongs to another node id),
  /// corrupt, io_error, cancelled.
  static Result<std::unique_ptr<DataDirectory>> open(Env& env, std::int32_t node_id, Duration disk_timeout);

  /// The log of a partition that was here before.
  struct FoundLog {
    PartitionId id;
    protocol::Uuid topic_id;
    std::unique_ptr<PartitionLog> log;  // none: it cannot be opened
    bool refused = false;               // because of what is in it, not for a passing reason
    bool damaged = false;               // it may lack what it acknowledged
  };
  /// Every partition's directory. What a crash has left of others is removed. Suspends. Errors: as the disk.
  struct FoundDirectory {
    PartitionId id;
    protocol::Uuid topic_id;
  };
  Result<std::vector<FoundDirectory>> find_logs();
  /// Recovers a log that is here. Suspends. A log that cannot be opened is no error, but `log` is none then. Errors: cancelled.
  Result<FoundLog> open_log(const FoundDirectory& found, const LogConfig& config);
  /// An empty log, durably there. Requires: no log of that name is in use. A leftover of that name is put out of the way first.
  Result<std::unique_ptr<PartitionLog>> create_log(const PartitionId& id, const protocol::Uuid& topic_id,
                                                   const LogConfig& config);
  /// Takes the name away, durably, and removes the files in the background; who reads from them can go on.
  Result<> delete_log(const PartitionId& id);

  const std::string& cluster_id() const { return cluster_id_; }
  const protocol::Uuid& directory_id() const { return directory_id_; }

 private:
  DataDirectory(Env& env, Duration disk_timeout, std::unique_ptr<DirectoryLock> lock);

  Result<> load_identity(std::int32_t node_id);
  Result<> remove_leftover(const std::string& directory);
  Result<> remove_half_made(const std::string& directory);
  Result<bool> was_never_finished(const std::string& directory);
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
