// Looks into a broker's logs from the inside and holds them to the white-box invariants (checkers/log_invariants.h).
//
// Two looks: a cheap one at the marks (log start, watermark, ends), taken many times a second, and a whole one at every batch,
// taken when a broker has recovered, also after one last power loss at the end. The whole look also asks what matters most after a power loss: is every
// acknowledged record of a topic that syncs before it acknowledges still there, with the content that was acknowledged?
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "broker/node/broker.h"
#include "checkers/finding_list.h"
#include "checkers/log_checker.h"
#include "checkers/log_invariants.h"
#include "checkers/producer_invariants.h"
#include "scenarios/trial_state.h"
#include "sim/trace_log.h"

namespace faultline::scenarios {

class LogProbe {
 public:
  explicit LogProbe(TrialState& state)
      : state_(state), findings_(state.scenario.checks.tolerate, checkers::LogRules{}.findings_per_anomaly) {}

  /// Looks at the marks. Does not suspend.
  void look(const std::string& node, std::uint64_t incarnation, Broker& broker);
  /// Looks at everything. Suspends: reads all logs.
  /// Requires: called on a fiber of the broker's node, before it serves: nothing is appended meanwhile.
  void look_at_all(const std::string& node, std::uint64_t incarnation, Broker& broker);

  /// Looks at what logs remember of their producers. Suspends: reads all logs.
  /// Requires: called on a fiber of the broker's node; nothing is appended meanwhile.
  void look_at_producers(const std::string& node, Broker& broker);
  /// Looks into a refusal that the broker has just noted (partition.out_of_order). Does not suspend.
  void look_at_refusal(const std::string& node, Broker& broker, const sim::News& news);

  /// Gives away what was found: all of it counted, the first few of each kind spelled out.
  checkers::Verdict take_findings();
  std::uint64_t looks() const { return looks_; }
  /// What a replica held when it was last recovered, in full: by topic, partition and node id.
  struct Recovered {
    std::int64_t log_start = 0;
    std::vector<checkers::RecordDigest> records;
  };
  using RecoveredLogs = std::map<protocol::Uuid, std::map<std::int32_t, std::map<std::int32_t, Recovered>>>;
  const RecoveredLogs& recovered() const { return recovered_; }

  /// Acknowledged records that were looked up in a log.
  std::uint64_t records_looked_up() const { return records_looked_up_; }

 private:
  struct Contents {
    std::vector<checkers::BatchSnapshot> batches;
    std::vector<checkers::RecordDigest> records;
    std::vector<checkers::NumberedBatch> numbered;
    bool whole = false;  // nothing stood in the way of reading
  };

  void add(std::vector<checkers::Finding> findings);
  void forget_taken_away(const std::string& node, std::int32_t id);
  void compare(checkers::PartitionSnapshot snapshot);
  static Contents read(Partition& partition);
  void compare_producers(const std::string& node, const Partition& partition, Contents& contents);
  void judge_acknowledged(const Partition& partition, const checkers::PartitionSnapshot& now,
                          const std::vector<checkers::RecordDigest>& records);

  TrialState& state_;
  struct Marks {
    std::weak_ptr<Partition> replica;  // a replica that is taken away and put back is another one
    checkers::PartitionSnapshot snapshot;
  };
  std::map<std::pair<std::string, std::string>, Marks> last_marks_;  // by node and partition
  std::map<std::pair<std::string, std::string>, checkers::PartitionSnapshot> last_whole_;
  RecoveredLogs recovered_;
  checkers::FindingList findings_;
  std::uint64_t looks_ = 0;
  std::uint64_t records_looked_up_ = 0;
};

}  // namespace faultline::scenarios
