// Holds the replicas that run to what has been committed, while the trial goes on (checkers/commit_watch.h).
//
// What is committed is known from the watermarks of the replicas and from what producers were told; who must have it, from the newest
// metadata that any process has applied and from what leaders have learned beyond them.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "broker/node/broker.h"
#include "checkers/commit_watch.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

/// A process of the cluster that runs at this moment.
struct RunningServer {
  std::string name;
  std::uint64_t incarnation = 0;
  Broker* broker = nullptr;
};

using PartitionKey = std::pair<protocol::Uuid, std::int32_t>;

/// What the controller has decided, as far as it was seen.
struct DecidedViews {
  std::map<PartitionKey, checkers::PartitionView> partitions;
  std::map<std::int32_t, std::int64_t> broker_epochs;
  std::set<std::int32_t> fenced;
  std::set<std::string> elected_uncleanly;  // partitions that have been, at some time
};

/// Whether no fault takes away what a disk has promised, so that what is committed stays so. A wiped broker of a cluster is a newcomer, which
/// the others know; a sole broker has nobody who knows.
bool disks_keep_promises(const Scenario& scenario);

class CommitProbe {
 public:
  explicit CommitProbe(const TrialState& state);

  /// Does not suspend.
  std::vector<checkers::Finding> look(std::span<const RunningServer> servers, const DecidedViews& decided);

 private:
  struct RunningReplica {
    const RunningServer* server = nullptr;
    std::shared_ptr<Partition> partition;
  };

  static std::map<PartitionKey, std::vector<RunningReplica>> replicas_of(std::span<const RunningServer> servers);
  std::vector<checkers::Finding> look_at(const checkers::PartitionView& decided, const client::TopicPartition& name,
                                         std::span<const RunningReplica> running,
                                         const std::map<std::int32_t, std::int64_t>& broker_epochs);
  std::int64_t acknowledged_end(const client::TopicPartition& partition) const;

  const TrialState& state_;
  const bool judges_;
  checkers::CommitWatch watch_;
  std::uint64_t looks_ = 0;
};

}  // namespace faultline::scenarios
