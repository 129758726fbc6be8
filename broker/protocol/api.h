// The APIs this build speaks, one row each. Everything else that depends on versions (headers, codecs, what ApiVersions answers)
// looks here. Which of them a listener serves, and so advertises, is its dispatcher's business.
//
// Reference: the message definitions of Apache Kafka; docs/formats/wire.md says where our ranges are narrower and why.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "broker/protocol/schema.h"

namespace faultline::protocol {

enum class ApiKey : std::int16_t {
  produce = 0,
  fetch = 1,
  list_offsets = 2,
  metadata = 3,
  find_coordinator = 10,
  api_versions = 18,
  create_topics = 19,
  delete_topics = 20,
  delete_records = 21,
  init_producer_id = 22,
  offset_for_leader_epoch = 23,
  describe_configs = 32,
  alter_configs = 33,
  describe_log_dirs = 35,
  create_partitions = 37,
  elect_leaders = 43,
  incremental_alter_configs = 44,
  alter_partition_reassignments = 45,
  list_partition_reassignments = 46,
  describe_quorum = 55,
  alter_partition = 56,
  update_features = 57,
  describe_cluster = 60,
  broker_registration = 62,
  broker_heartbeat = 63,
  unregister_broker = 64,
  allocate_producer_ids = 67,
  describe_topic_partitions = 75,
  add_raft_voter = 80,
  remove_raft_voter = 81,
};

struct ApiInfo {
  ApiKey key;
  std::string_view name;
  Version min_version;  // the lowest that can be decoded here
  Version max_version;
  Version flexible_since;  // compact lengths, tagged fields, request header 2 and response header 1
  Version advertised_min;  // what ApiVersions tells clients; below min_version only to please old feature probes

  constexpr bool has(Version version) const { return version >= min_version && version <= max_version; }
};

/// In order of key. Produce is advertised from 0, because librdkafka drops gzip, snappy and lz4 when it is not.
inline constexpr std::array<ApiInfo, 30> apis{{
    {ApiKey::produce, "Produce", 3, 12, 9, 0},
    {ApiKey::fetch, "Fetch", 4, 17, 12, 4},
    {ApiKey::list_offsets, "ListOffsets", 1, 8, 6, 1},
    {ApiKey::metadata, "Metadata", 0, 12, 9, 0},
    {ApiKey::find_coordinator, "FindCoordinator", 0, 5, 3, 0},
    {ApiKey::api_versions, "ApiVersions", 0, 4, 3, 0},
    {ApiKey::create_topics, "CreateTopics", 2, 7, 5, 2},
    {ApiKey::delete_topics, "DeleteTopics", 1, 6, 4, 1},
    {ApiKey::delete_records, "DeleteRecords", 0, 2, 2, 0},
    {ApiKey::init_producer_id, "InitProducerId", 0, 5, 2, 0},
    {ApiKey::offset_for_leader_epoch, "OffsetForLeaderEpoch", 2, 4, 4, 2},
    {ApiKey::describe_configs, "DescribeConfigs", 1, 4, 4, 1},
    {ApiKey::alter_configs, "AlterConfigs", 0, 2, 2, 0},
    {ApiKey::describe_log_dirs, "DescribeLogDirs", 1, 4, 2, 1},
    {ApiKey::create_partitions, "CreatePartitions", 0, 3, 2, 0},
    {ApiKey::elect_leaders, "ElectLeaders", 0, 2, 2, 0},
    {ApiKey::incremental_alter_configs, "IncrementalAlterConfigs", 0, 1, 1, 0},
    {ApiKey::alter_partition_reassignments, "AlterPartitionReassignments", 0, 0, 0, 0},
    {ApiKey::list_partition_reassignments, "ListPartitionReassignments", 0, 0, 0, 0},
    {ApiKey::describe_quorum, "DescribeQuorum", 0, 2, 0, 0},
    {ApiKey::alter_partition, "AlterPartition", 2, 3, 0, 2},
    {ApiKey::update_features, "UpdateFeatures", 0, 2, 0, 0},
    {ApiKey::describe_cluster, "DescribeCluster", 0, 2, 0, 0},
    {ApiKey::broker_registration, "BrokerRegistration", 0, 4, 0, 0},
    {ApiKey::broker_heartbeat, "BrokerHeartbeat", 0, 1, 0, 0},
    {ApiKey::unregister_broker, "UnregisterBroker", 0, 0, 0, 0},
    {ApiKey::allocate_producer_ids, "AllocateProducerIds", 0, 0, 0, 0},
    {ApiKey::describe_topic_partitions, "DescribeTopicPartitions", 0, 0, 0, 0},
    {ApiKey::add_raft_voter, "AddRaftVoter", 0, 0, 0, 0},
    {ApiKey::remove_raft_voter, "RemoveRaftVoter", 0, 0, 0, 0},
}};

/// The row of `key`, or nullptr.
constexpr const ApiInfo* find_api(ApiKey key) {
  for (const ApiInfo& api : apis) {
    if (api.key == key) return &api;
  }
  return nullptr;
}

/// The row of a key that is known to be in the table.
constexpr ApiInfo api_info(ApiKey key) { return *find_api(key); }

/// "Fetch", or "?" for a key that is not in the table.
constexpr std::string_view to_string(ApiKey key) {
  const ApiInfo* api = find_api(key);
  return api == nullptr ? "?" : api->name;
}

}  // namespace faultline::protocol
