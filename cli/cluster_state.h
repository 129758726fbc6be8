// The file DIR/cluster.json, in which `faultline cluster` keeps which processes it has started, and how to start them again.
//
//   DIR/cluster.json                this
//   DIR/lock                        held by the command that works on the cluster
//   DIR/node-N/server.properties    what node N is started with, written anew before each start
//   DIR/node-N/data/                its data directory
//   DIR/node-N/log                  what it printed
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/process.h"
#include "runtime/network.h"

namespace faultline::cli {

struct ClusterNode {
  std::int32_t id = 0;
  bool is_broker = true;
  bool is_controller = true;
  bool votes_first = true;  // one of the voters that the quorum begins with
  std::string directory_id;
  Endpoint listener;             // of clients
  Endpoint controller_listener;  // port 0 unless it is a controller
  Process process;               // the last one that was started
  bool is_formatted = false;     // once: a voter whose files are lost must not come back as the one that it was
  bool is_meant_to_run = false;
};

struct ClusterState {
  std::string cluster_id;
  std::int32_t next_id = 1;      // ids are not used twice
  std::uint16_t first_port = 0;  // of node 1, then upwards; 0: any that are free
  std::vector<std::string> settings;
  std::map<std::int32_t, ClusterNode> nodes;

  /// Errors: not_found; corrupt; io_error.
  static Result<ClusterState> load(const std::string& directory);
  /// Replaces the file as a whole. Errors: io_error.
  Result<> save(const std::string& directory) const;
};

/// Keeps other commands away from the cluster while it exists.
class ClusterLock {
 public:
  /// Errors: locked; io_error.
  static Result<std::unique_ptr<ClusterLock>> take(const std::string& directory);
  ~ClusterLock();
  ClusterLock(const ClusterLock&) = delete;
  ClusterLock& operator=(const ClusterLock&) = delete;

 private:
  explicit ClusterLock(int file) : file_(file) {}
  const int file_;
};

}  // namespace faultline::cli
