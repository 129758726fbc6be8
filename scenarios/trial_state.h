// What the parts of a trial share: the recorder of the history, the time, and who the brokers are.
//
// The state outlives every node: a client that is killed in the middle of an operation leaves it without a completion, which is
// what the history has to say about it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "broker/client/config.h"
#include "broker/client/error.h"
#include "broker/client/record.h"
#include "checkers/happening.h"
#include "checkers/history.h"
#include "checkers/log_invariants.h"
#include "scenarios/scenario.h"
#include "sim/world.h"

namespace faultline::scenarios {

/// An error that no fault explains: a defect of the program on trial, or of the trial.
struct Surprise {
  Time at;
  std::string node;
  std::string what;
};

struct TrialState {
  TrialState(const Scenario& drawn, std::uint64_t run_seed, sim::World& simulated)
      : scenario(drawn), seed(run_seed), world(simulated) {}

  Time now() const { return world.now(); }
  /// A node that runs when somebody starts it.
  sim::NodeId add_stopped(const std::string& name, sim::Program program);
  /// Runs the world until `condition()`. Returns: whether it held before the deadline.
  bool wait_until(const std::function<bool()>& condition, Time deadline);
  checkers::PartitionId history_partition(const client::TopicPartition& partition);
  /// A process of the history; every start of a client is a new one.
  std::int32_t new_process() { return next_process++; }
  void surprise(const std::string& node, std::string what) { surprises.push_back({now(), node, std::move(what)}); }
  /// Tells whoever follows the run.
  void note(std::string who, std::string what, std::string partition = {}) const {
    if (on_happening) on_happening({now(), std::move(who), std::move(what), std::move(partition)});
  }
  /// Takes down that such a finding was made now, if it is the first. Its causes lie in the last seconds; or anywhere, if only the audit
  /// looks at such things.
  void sighted(const std::string& anomaly) {
    sightings.try_emplace(anomaly, checkers::Sighting{auditing ? Time{} : after(now(), -sighting_background), now()});
  }
  /// Notes errors that a client must never see, whatever the faults.
  void judge_error(const std::string& node, const client::ClientError& error);
  /// All partitions of those topics (of all topics if there are none), in order.
  std::vector<client::TopicPartition> partitions_of(const std::vector<std::string>& topics) const;
  client::ClusterConfig cluster_config(const std::string& client_id, Duration request_timeout) const;
  /// Whether the topic syncs before it acknowledges.
  bool syncs(const std::string& topic) const;
  std::int32_t min_insync_replicas(const std::string& topic) const;
  bool allows_unclean_election(const std::string& topic) const;
  /// What was acknowledged of a partition, by offset.
  std::vector<checkers::RecordDigest> acknowledged_in(const client::TopicPartition& partition) const;
  RandomSource client_source(const std::string& node) const { return RandomSource(seed).child("client").child(node); }

  std::string topic_setting(const std::string& topic, const std::string& key, const std::string& broker_key,
                            const std::string& standard) const;

  // What is seen from the inside is looked for ten times a second, and the fault that led to it usually lasted some seconds.
  static constexpr Duration sighting_background = 5s;

  // Constant after construction.
  const Scenario& scenario;
  const std::uint64_t seed;
  sim::World& world;
  std::function<void(const checkers::Happening&)> on_happening;  // may be none

  // Volatile.
  checkers::HistoryRecorder recorder;
  std::vector<Surprise> surprises;
  std::map<std::string, checkers::Sighting> sightings;  // by anomaly, of the first that no operation shows
  std::map<client::TopicPartition, checkers::PartitionId> partition_ids;
  /// What was asked to be deleted: records below it are owed no more.
  std::map<client::TopicPartition, std::int64_t> deleted_below;
  /// What was answered as deleted: records below it are not to be read again.
  std::map<client::TopicPartition, std::int64_t> gone_below;
  /// Acknowledged records: offset to number.
  std::map<client::TopicPartition, std::map<std::int64_t, std::int64_t>> acknowledged;
  /// Replicas that the controller took from a broker, by partition and node id, and whether it gave them back. An entry stays until then, and until
  /// that broker's logs are read in full: it may come back with the log that it had, and drop it only after.
  std::map<std::pair<std::string, std::int32_t>, bool> taken_away;
  /// Processes of the history that send with idempotence.
  std::vector<std::int32_t> idempotent_processes;
  std::int32_t next_process = 0;
  bool stopping = false;  // clients finish what they are doing, and begin nothing new
  bool auditing = false;  // all servers have lost power for the last time
};

}  // namespace faultline::scenarios
