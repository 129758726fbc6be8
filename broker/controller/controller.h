// The controller: decides on brokers, topics, leaders and in-sync replicas. A state machine on the quorum's log, and pure: time comes
// in, records come out.
//
// The leader of the quorum is the active controller. Each request is judged against the image of everything that was decided so far,
// committed or not, so that decisions are one after the other though commits are under way; what is decided is at once part of that
// image, and waits in take_records(). The driver
//
//   1. calls one of the functions below, and then take_records(): proposes them as *one* entry of the quorum's log, before anything else
//      is asked of the controller (no suspension in between);
//   2. answers the request when that entry is committed and applied; if the proposal is lost, the outcome is unknown to the requester;
//   3. calls resign() when leadership is lost, which forgets everything that is not committed, and lead() with the committed image when
//      it is won and the entry of the new term is applied.
//
// A function that refuses has decided nothing. Error codes are those that Kafka's controller answers with.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/exhibit.h"
#include "base/random.h"
#include "base/time.h"
#include "broker/controller/election.h"
#include "broker/controller/requests.h"
#include "broker/controller/sessions.h"
#include "broker/metadata/features.h"
#include "broker/metadata/image.h"
#include "broker/protocol/outcome.h"

namespace faultline::controller {

struct ControllerConfig {
  std::string cluster_id;
  Duration session_timeout{9s};            // broker.session.timeout.ms
  Duration leader_balance_interval{300s};  // leader.imbalance.check.interval.seconds
  bool leader_balance = true;              // auto.leader.rebalance.enable
  std::int32_t default_partitions = 1;     // num.partitions
  std::int32_t default_replication = 1;    // default.replication.factor
  std::int32_t default_min_insync_replicas = 1;
  bool default_unclean_election = false;
  std::int64_t default_flush_messages = 1;
  std::int32_t producer_id_block = 1000;
  /// What this program knows; a new cluster begins with all of it, at the highest level.
  std::vector<metadata::FeatureRange> features = metadata::supported_features();
  Exhibits exhibits;
  /// Whether these values, all that would be set there, are legal. Errors: INVALID_CONFIG.
  std::function<Outcome<>(metadata::ConfigScope, const metadata::ConfigValues&)> check_config;
  /// Whether there is such a setting: of one that is to go back to its default, and may have been misspelt. Errors: INVALID_CONFIG.
  std::function<Outcome<>(metadata::ConfigScope, std::string_view)> check_config_key;
};

class Controller {
 public:
  /// `random` places replicas and names topics.
  Controller(ControllerConfig config, RandomStream random);

  // --- role ---

  /// Becomes the active controller on top of what is committed. Every unfenced broker gets a whole session, but for the one in whose
  /// process the last controller was: its session goes on from when that was heard. In a new cluster this is the first decision.
  void lead(Time now, ClusterImage committed, std::optional<LastController> last = std::nullopt);
  void resign();
  bool leading() const { return leading_; }
  /// Everything decided so far. Requires: leading().
  const ClusterImage& image() const { return image_; }
  /// What was decided since the last call, in order. Requires: leading().
  std::vector<metadata::Record> take_records() { return std::exchange(decided_, {}); }

  // --- brokers (registration.cc, liveness.cc) ---

  /// Errors: INCONSISTENT_CLUSTER_ID, INVALID_REGISTRATION, UNSUPPORTED_VERSION (of a feature that the cluster has on),
  ///         DUPLICATE_BROKER_REGISTRATION (a process with other directories is alive as this broker).
  Outcome<BrokerEpoch> register_broker(Time now, const Registration& request);
  /// Errors: BROKER_ID_NOT_REGISTERED; INVALID_REQUEST (it is not fenced).
  Outcome<> unregister_broker(BrokerId broker);
  /// Errors: STALE_BROKER_EPOCH.
  Outcome<HeartbeatAnswer> heartbeat(Time now, const Heartbeat& request);
  /// Errors: STALE_BROKER_EPOCH, UNKNOWN_TOPIC_ID.
  Outcome<> report_log_end(const LogEndReport& report);
  /// Fences who was silent for too long; gives preferred leaders their partitions back. To be called at next_deadline().
  void tick(Time now);
  Time next_deadline() const;

  // --- topics (topics.cc, configs.cc) ---

  /// Errors: INVALID_TOPIC_EXCEPTION, TOPIC_ALREADY_EXISTS, INVALID_PARTITIONS, INVALID_REPLICATION_FACTOR,
  ///         INVALID_REPLICA_ASSIGNMENT, INVALID_CONFIG.
  Outcome<CreatedTopic> create_topic(const NewTopic& topic, bool validate_only);
  /// Errors: UNKNOWN_TOPIC_ID.
  Outcome<> delete_topic(const Uuid& topic);
  /// `count` partitions in all. Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_PARTITIONS, INVALID_REPLICA_ASSIGNMENT,
  ///                                    INVALID_REPLICATION_FACTOR.
  Outcome<> create_partitions(std::string_view topic, std::int32_t count, const std::vector<std::vector<BrokerId>>& assignment,
                              bool validate_only);
  /// Errors: UNKNOWN_TOPIC_OR_PARTITION, BROKER_ID_NOT_REGISTERED, INVALID_CONFIG.
  Outcome<> alter_config(metadata::ConfigScope scope, const std::string& name, const std::vector<ConfigEdit>& edits,
                         bool validate_only);

  // --- leaders and replicas (alter_partition.cc, reassignment.cc) ---

  /// Errors, in the order in which they are looked for: STALE_BROKER_EPOCH, UNKNOWN_TOPIC_ID, NOT_CONTROLLER (the leader knows of later
  /// epochs: this controller is behind), FENCED_LEADER_EPOCH, INVALID_REQUEST (not the leader), INVALID_UPDATE_VERSION,
  /// INVALID_REQUEST (an ISR that cannot be), INELIGIBLE_REPLICA (KIP-841, KIP-903).
  Outcome<PartitionRecord> alter_partition(const AlterPartition& request);
  /// As configured by now; what a leader goes by may be older. Requires: there is such a topic.
  std::int32_t min_insync_replicas(const Uuid& topic) const;
  /// Errors: UNKNOWN_TOPIC_OR_PARTITION, ELECTION_NOT_NEEDED, PREFERRED_LEADER_NOT_AVAILABLE, ELIGIBLE_LEADERS_NOT_AVAILABLE.
  Outcome<> elect_leader(const PartitionName& partition, Election election);
  /// Moves the partition to `replicas`; nothing: takes back a move under way.
  /// Errors: UNKNOWN_TOPIC_OR_PARTITION, INVALID_REPLICA_ASSIGNMENT, NO_REASSIGNMENT_IN_PROGRESS.
  Outcome<> reassign(const PartitionName& partition, const std::optional<std::vector<BrokerId>>& replicas);

  // --- the rest (configs.cc, features.cc) ---

  /// Errors: STALE_BROKER_EPOCH.
  Outcome<ProducerIdBlock> allocate_producer_ids(BrokerId broker, BrokerEpoch epoch);
  /// All of them or none. Errors: INVALID_UPDATE_VERSION (unknown, not known to every broker, or the wrong way);
  ///                              INVALID_REQUEST (named twice).
  Outcome<> update_features(const std::vector<FeatureUpdate>& updates, bool validate_only);

 private:
  void decide(metadata::Record record);
  ElectionRules rules_of(const PartitionRecord& partition) const;
  std::int64_t flush_messages(const Uuid& topic, BrokerId broker) const;
  /// Decides on the change, if it is one.
  void change(const PartitionRecord& partition, const PartitionChange& change);
  /// Defined in partition_changes.h.
  template <class Concerned, class MakeChange>
  void change_partitions(Concerned&& concerned, MakeChange&& make_change);
  Outcome<const metadata::BrokerRecord*> current_broker(BrokerId broker, BrokerEpoch epoch) const;

  // registration.cc, liveness.cc
  bool may_have_lost_data(const Registration& request, const std::optional<metadata::BrokerRecord>& before,
                          const PartitionRecord& partition) const;
  void update_broker(metadata::BrokerRecord broker);
  void fence(metadata::BrokerRecord broker);
  void unfence(metadata::BrokerRecord broker);
  void begin_shut_down(metadata::BrokerRecord broker);
  bool may_shut_down(BrokerId broker);
  std::vector<PartitionName> log_ends_wanted(BrokerId broker) const;
  void balance_leaders();

  // topics.cc
  Outcome<> check_assignment(const std::vector<std::vector<BrokerId>>& assignment) const;
  Outcome<std::vector<std::vector<BrokerId>>> replicas_of_new(const NewTopic& topic);
  void add_partition(const Uuid& topic, std::int32_t index, const std::vector<BrokerId>& replicas);
  Uuid new_topic_id();

  // features.cc
  void begin_features();
  Outcome<> check_level(const FeatureUpdate& update) const;

  // alter_partition.cc
  Outcome<std::vector<BrokerId>> eligible_isr(const AlterPartition& request, const PartitionRecord& partition) const;

  // Constant after construction.
  const ControllerConfig config_;

  // While leading.
  RandomStream random_;
  bool leading_ = false;
  ClusterImage image_;
  std::vector<metadata::Record> decided_;
  Sessions sessions_;
  std::map<BrokerId, std::int64_t> shut_downs_;  // who wants to go, once everybody has replayed up to here
  std::map<PartitionName, std::map<BrokerId, std::pair<BrokerEpoch, LogEnd>>> log_ends_;
  Time next_balance_ = no_deadline;
};

}  // namespace faultline::controller
