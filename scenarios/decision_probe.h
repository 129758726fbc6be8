// Follows the controller's decisions one by one, from the committed entries of the quorum's log, and holds each to what it may do
// (checkers/decision_watch.h).
//
// The entries are read from whichever process has committed the most. When all of them have put entries that were not looked at yet into a
// snapshot, the probe goes on from the newest image: what lies between is not judged.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "broker/metadata/image.h"
#include "checkers/decision_watch.h"
#include "scenarios/commit_probe.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

/// A partition's record as the checkers have it.
checkers::PartitionView view_of(const metadata::ClusterImage& image, const std::string& topic,
                                const metadata::PartitionRecord& record);

class DecisionProbe {
 public:
  explicit DecisionProbe(TrialState& state) : state_(state), judges_(disks_keep_promises(state.scenario)) {}

  /// Does not suspend.
  std::vector<checkers::Finding> look(std::span<const RunningServer> servers);
  /// Partitions that were elected uncleanly, by name, at some time.
  const std::set<std::string>& elected_uncleanly() const { return elected_uncleanly_; }

 private:
  void follow_to(const raft::Core& furthest, std::span<const RunningServer> servers);
  void start_over(std::span<const RunningServer> servers);
  void follow(const raft::Entry& entry);
  void take(const metadata::Record& record);
  void judge(const metadata::PartitionRecord& record);
  void judge_registration(const metadata::BrokerRecord& record);
  void judge_damage(const RunningServer& server);
  void judge_beliefs(const RunningServer& server);
  void add(std::vector<checkers::Finding> findings);

  TrialState& state_;
  const bool judges_;
  metadata::ClusterImage image_;
  raft::Index last_;  // the last entry that is in it
  bool started_ = false;
  checkers::DecisionWatch watch_;
  checkers::DecisionWatch::Brokers brokers_;         // as of now
  checkers::DecisionWatch::Brokers brokers_before_;  // as of the entry's beginning
  std::vector<std::int32_t> registered_;             // in this entry
  // As it was when a broker had registered. A broker that may not know its own epoch yet is asked later for what it had reported.
  struct Registered {
    std::int64_t broker_epoch = -1;
    std::map<PartitionKey, checkers::PartitionView> partitions;
  };
  std::map<std::int32_t, Registered> to_be_asked_;
  std::map<std::pair<std::int32_t, PartitionKey>, std::int32_t> believed_;  // partition epochs that leaders have been held to
  std::set<std::string> elected_uncleanly_;
  std::vector<checkers::Finding> findings_;
};

}  // namespace faultline::scenarios
