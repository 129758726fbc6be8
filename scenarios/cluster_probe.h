// Looks at a cluster from the inside, all its processes at once, and holds it to the white-box invariants of replication and of the
// quorum (checkers/cluster_invariants.h, checkers/quorum_invariants.h).
//
// Ten times a second: who leads what in which epoch, what the committed metadata say, what the quorum's nodes hold. After the last power
// loss, when every log has been read from its disk: is everything committed and everything acknowledged on all replicas that count?
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "broker/node/broker.h"
#include "checkers/cluster_invariants.h"
#include "checkers/finding_list.h"
#include "checkers/quorum_invariants.h"
#include "scenarios/commit_probe.h"
#include "scenarios/decision_probe.h"
#include "scenarios/log_probe.h"
#include "scenarios/targets.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

class ClusterProbe {
 public:
  explicit ClusterProbe(TrialState& state);

  /// Does not suspend.
  void look(std::span<const RunningServer> servers);
  /// Whether it leads the quorum, in a term that nobody was seen to lead yet.
  bool newly_elected(Broker& broker) const;

  /// Takes down what counts before the last power loss: who is in sync, and up to where is committed.
  void before_power_loss(std::span<const RunningServer> servers);
  /// Judges what the recovered logs hold by that. Requires: before_power_loss().
  void judge_recovered(const LogProbe::RecoveredLogs& recovered);

  checkers::Verdict take_findings();
  std::uint64_t records_looked_up() const { return records_looked_up_; }

 private:
  struct QuorumMark {
    checkers::QuorumSnapshot snapshot;
    std::int64_t durable_index = 0;
  };

  static void forget_volatile(QuorumMark& mark);
  void look_at_views(const metadata::ClusterImage& image);
  void note(const checkers::PartitionView& view) const;
  void note_standings(const metadata::ClusterImage& image);
  void look_at_broker(const RunningServer& server);
  void look_at_roles(Broker& broker);
  void look_at_quorum(std::span<const RunningServer> servers);
  void judge_partition(const PartitionKey& key, const LogProbe::RecoveredLogs& recovered);
  void add(std::vector<checkers::Finding> findings);

  TrialState& state_;
  DecidedViews decided_;                                                     // as last seen
  std::map<std::int32_t, std::string> standings_;                            // of brokers, as last seen
  std::int64_t applied_ = -1;                                                // by the newest image that was looked at
  std::map<PartitionKey, std::map<std::int32_t, std::int64_t>> watermarks_;  // before the power loss, by node
  std::map<std::string, QuorumMark> quorum_;                                 // as last seen, by name and directory
  CommitProbe commits_;
  DecisionProbe decisions_;
  checkers::ClusterWatch watch_;
  checkers::ElectionWatch elections_;
  checkers::FindingList findings_;
  std::uint64_t records_looked_up_ = 0;
};

/// The newest of the committed images; nullptr if nobody runs.
const metadata::ClusterImage* newest_image(std::span<const RunningServer> servers);

/// Node ids of those whom a target means now; nothing if there is nobody.
std::vector<std::int32_t> ids_of(const Target& target, std::span<const RunningServer> servers);

/// What still keeps those replicas of the partitions that count from being all in sync, in a sentence; empty if nothing does.
std::string not_converged(std::span<const client::TopicPartition> partitions, std::span<const RunningServer> servers,
                          const std::function<bool(std::int32_t broker)>& counts);

}  // namespace faultline::scenarios
