// LocalCluster: nodes of a cluster on this machine, each a process of its own, and the directory that they live in.
//
// What a node is started with is written down before it is started, and what was started is written down before anything else happens,
// so that `down` finds everything that any earlier command has left running, however that command ended.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "broker/raft/types.h"
#include "cli/cluster_state.h"
#include "cli/cluster_view.h"

namespace faultline::cli {

struct ClusterPlan {
  std::int32_t brokers = 3;
  std::int32_t controllers = 0;  // processes that are nothing else; 0: brokers take the role
  std::uint16_t first_port = 0;
  std::vector<std::string> settings;
};

class LocalCluster {
 public:
  /// Writes down a new cluster; nothing runs yet. Errors: already_exists; locked; invalid_argument (a setting); io_error.
  static Result<std::unique_ptr<LocalCluster>> create(const std::string& directory, const ClusterPlan& plan);
  /// Errors: not_found; locked; corrupt; io_error.
  static Result<std::unique_ptr<LocalCluster>> open(const std::string& directory);
  /// Only to look at: while another command works on it, too. Errors: not_found; corrupt.
  static Result<std::unique_ptr<const LocalCluster>> peek(const std::string& directory);

  const ClusterState& state() const { return state_; }
  /// Errors: invalid_argument: there is no such node.
  Result<const ClusterNode*> node(std::int32_t id) const;
  /// Listeners of the brokers that run and are not paused.
  std::vector<Endpoint> addresses() const;
  std::string log_of(std::int32_t id) const { return path_of(id) + "/log"; }

  /// A further node, not started yet. Errors: io_error.
  Result<std::int32_t> add_node(bool is_controller);
  /// Requires: it does not run. Its files stay.
  Result<> forget_node(std::int32_t id);

  /// Starts those of `ids` that do not run. Errors: io_error; invalid_argument.
  Result<> start(const std::vector<std::int32_t>& ids);
  /// Waits until those of `ids` that were started here have said that they are ready, and the brokers among them serve. Errors: timed_out; closed: one has ended, with what it printed last.
  Result<> wait_ready(const std::vector<std::int32_t>& ids, std::int64_t timeout_ms);
  /// Has all of them end by themselves, at the same time. `progress` is told of each that has.
  /// Returns: those that had to be killed, since they had not by then.
  Result<std::vector<std::int32_t>> stop(const std::vector<std::int32_t>& ids, std::int64_t timeout_ms,
                                         const std::function<void(std::int32_t)>& progress);
  /// Errors: not_found: it does not run.
  Result<> kill(std::int32_t id);
  Result<> pause(std::int32_t id);
  Result<> resume(std::int32_t id);

 private:
  LocalCluster(std::string directory, std::unique_ptr<ClusterLock> lock)
      : directory_(std::move(directory)), lock_(std::move(lock)) {}

  std::string path_of(std::int32_t id) const { return directory_ + "/node-" + std::to_string(id); }
  Result<std::int32_t> make_node(bool is_controller);
  std::string properties_of(const ClusterNode& node) const;
  Result<> check_settings() const;
  Result<> start_one(ClusterNode& node);
  bool has_said_ready(std::int32_t id) const;
  Result<> format_once(ClusterNode& node);
  Result<raft::VoterSet> first_voters() const;
  Result<> save() const { return state_.save(directory_); }

  const std::string directory_;
  const std::unique_ptr<ClusterLock> lock_;
  ClusterState state_;
  std::map<std::int32_t, std::uintmax_t> log_begins_;  // of nodes that were started here: how long their log was before
};

}  // namespace faultline::cli
