// Administration: topics, partitions, configurations, offsets, the cluster itself.
//
// Each call finds the broker that can answer (the controller, a leader, the broker in question, any) and tries again after what
// passes by itself, until its deadline. A request that changes something may have been carried out although its answer was lost;
// the error of the retry then speaks of the second attempt (TOPIC_ALREADY_EXISTS), which is why `definite` is false there.
//
// Every call suspends until it is answered or its deadline has passed. Errors: the broker's; transport; cancelled.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "broker/client/cluster.h"
#include "broker/client/offsets.h"
#include "broker/protocol/elect_leaders.h"
#include "broker/protocol/update_features.h"

namespace faultline::client {

struct NewTopic {
  std::string name;
  std::int32_t partitions = -1;          // -1: the broker's num.partitions
  std::int16_t replication_factor = -1;  // -1: the broker's default.replication.factor
  std::map<std::string, std::string> configs;
};

/// Resources that have a configuration, by their numbers on the wire.
enum class ResourceType : std::int8_t { topic = 2, broker = 4, broker_logger = 8 };

struct ConfigResource {
  ResourceType type = ResourceType::topic;
  std::string name;  // a topic, or a broker's id in digits

  auto operator<=>(const ConfigResource&) const = default;
};

struct ConfigEntry {
  std::string name;
  std::optional<std::string> value;
  bool read_only = false;
  bool sensitive = false;
  bool is_default = false;
};

struct ConfigChange {
  enum class Operation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };
  Operation operation = Operation::set;
  std::string name;
  std::optional<std::string> value;  // absent with remove
};

struct BrokerDescription {
  Endpoint endpoint;
  std::optional<std::string> rack;
  bool is_fenced = false;  // registered, but not heard from
};

struct ClusterDescription {
  std::string cluster_id;
  std::int32_t controller = -1;
  std::map<std::int32_t, BrokerDescription> brokers;
};

struct ReplicaSize {
  TopicPartition partition;
  std::int64_t bytes = 0;
  std::int64_t offset_lag = 0;
};

struct LogDirDescription {
  std::string path;
  protocol::ErrorCode error = protocol::ErrorCode::none;
  std::int64_t total_bytes = -1;   // -1: not told
  std::int64_t usable_bytes = -1;  // -1: not told
  std::vector<ReplicaSize> replicas;
};

/// More than metadata says of a partition: who may lead it when the in-sync set is empty (KIP-966).
struct PartitionDescription {
  protocol::ErrorCode error = protocol::ErrorCode::none;
  std::int32_t leader = -1;
  std::int32_t leader_epoch = -1;
  std::vector<std::int32_t> replicas;
  std::vector<std::int32_t> isr;
  std::vector<std::int32_t> eligible_leaders;
  std::vector<std::int32_t> last_known_eligible_leaders;
  std::vector<std::int32_t> offline;
};

struct TopicDescription {
  protocol::ErrorCode error = protocol::ErrorCode::none;
  protocol::Uuid id;
  bool is_internal = false;
  std::map<std::int32_t, PartitionDescription> partitions;
};

/// What became of each partition of a request about several.
using PartitionOutcomes = std::map<TopicPartition, ClientResult<>>;

struct Reassignment {
  std::vector<std::int32_t> replicas;  // those on their way in and out among them
  std::vector<std::int32_t> adding;
  std::vector<std::int32_t> removing;
};

struct QuorumReplica {
  std::int32_t id = -1;
  protocol::Uuid directory;
  std::int64_t log_end_offset = -1;     // -1: not known
  std::int64_t last_fetch_ms = -1;      // since 1970 by the leader's clock; -1: not known
  std::int64_t last_caught_up_ms = -1;  // the same
};

struct QuorumDescription {
  std::int32_t leader = -1;
  std::int32_t leader_epoch = -1;
  std::int64_t high_watermark = -1;
  std::vector<QuorumReplica> voters;
  std::vector<QuorumReplica> observers;
  std::map<std::int32_t, Endpoint> endpoints;  // of voters
};

struct QuorumVoter {
  std::int32_t id = -1;
  protocol::Uuid directory;
  Endpoint endpoint;  // of its controller listener
};

struct FeatureChange {
  std::int16_t level = 0;  // 0: switched off
  protocol::FeatureUpgradeType type = protocol::FeatureUpgradeType::upgrade;
};

class Admin {
 public:
  /// Requires: config.validate() succeeds; `env` outlives this.
  Admin(const Env& env, ClusterConfig config, std::string_view name = "admin") : cluster_(env, std::move(config), name) {}

  // Topics (admin_topics.cc).

  ClientResult<> create_topic(const NewTopic& topic, Time deadline, bool validate_only = false);
  ClientResult<> delete_topic(const std::string& topic, Time deadline);
  /// `total` partitions, not that many more.
  ClientResult<> create_partitions(const std::string& topic, std::int32_t total, Time deadline);
  /// All topics, internal ones too.
  ClientResult<std::map<std::string, TopicMetadata, std::less<>>> list_topics(Time deadline);
  ClientResult<TopicMetadata> describe_topic(const std::string& topic, Time deadline);
  /// All topics if `topics` is empty. Gathers as many pages as it takes; errors of a single topic are in its description.
  ClientResult<std::map<std::string, TopicDescription>> describe_topic_partitions(const std::vector<std::string>& topics,
                                                                                  Time deadline);
  /// Everything before `offset` (-1: before the high watermark) goes. Returns: the new beginning.
  ClientResult<std::int64_t> delete_records(const TopicPartition& partition, std::int64_t offset, Time deadline);
  /// See list_offsets() in broker/client/offsets.h.
  ClientResult<std::map<TopicPartition, ClientResult<FoundOffset>>> offsets(const std::map<TopicPartition, std::int64_t>& wanted,
                                                                            Time deadline,
                                                                            Isolation isolation = Isolation::read_uncommitted);

  // Who holds and who leads partitions (admin_partitions.cc).

  /// For all partitions if none are given; then those that need no election are left out of the outcomes.
  ClientResult<PartitionOutcomes> elect_leaders(protocol::ElectionType type,
                                                const std::optional<std::vector<TopicPartition>>& partitions, Time deadline);
  /// Begins to move partitions to other replicas; std::nullopt cancels a move. It goes on after the answer.
  ClientResult<PartitionOutcomes> alter_reassignments(
      const std::map<TopicPartition, std::optional<std::vector<std::int32_t>>>& targets, Time deadline);
  /// The moves in progress.
  ClientResult<std::map<TopicPartition, Reassignment>> list_reassignments(Time deadline);

  // The metadata quorum and the members of the cluster (admin_quorum.cc).

  ClientResult<QuorumDescription> describe_quorum(Time deadline);
  ClientResult<> add_voter(const QuorumVoter& voter, Time deadline);
  /// Requires: `directory` is the voter's; describe_quorum() tells it.
  ClientResult<> remove_voter(std::int32_t id, const protocol::Uuid& directory, Time deadline);
  /// The cluster forgets a broker that is gone for good.
  ClientResult<> unregister_broker(std::int32_t id, Time deadline);
  /// All of the changes or none.
  ClientResult<> update_features(const std::map<std::string, FeatureChange>& changes, Time deadline, bool validate_only = false);

  // The cluster and its configuration (admin_configs.cc).

  /// With the fenced brokers too, where the broker that answers can tell of them.
  ClientResult<ClusterDescription> describe_cluster(Time deadline);
  /// Errors of a single directory are in its description.
  ClientResult<std::vector<LogDirDescription>> describe_log_dirs(std::int32_t broker, Time deadline);
  ClientResult<std::vector<ConfigEntry>> describe_configs(const ConfigResource& resource, Time deadline);
  /// Replaces the whole configuration. Prefer change_configs().
  ClientResult<> alter_configs(const ConfigResource& resource, const std::map<std::string, std::string>& configs, Time deadline,
                               bool validate_only = false);
  ClientResult<> change_configs(const ConfigResource& resource, const std::vector<ConfigChange>& changes, Time deadline,
                                bool validate_only = false);

 private:
  /// Calls `attempt()` again after what passes by itself. That a topic does not exist is an answer here; producers wait for it.
  template <class Attempt>
  auto retrying(Time deadline, Attempt&& attempt) {
    const auto look_elsewhere = [&] {
      auto result = attempt();
      if (!result && result.error().code == protocol::ErrorCode::not_controller) cluster_.avoid_controller();
      return result;
    };
    return cluster_.retrying(deadline, look_elsewhere, [](const ClientError& error) {
      return error.retriable() && error.code != protocol::ErrorCode::unknown_topic_or_partition;
    });
  }
  template <class Request>
  ClientResult<Answer<Request>> call_for(const ConfigResource& resource, const Request& request, Time deadline);
  std::int32_t timeout_ms(Time deadline) const;

  Cluster cluster_;
};

}  // namespace faultline::client
