// What can be set per broker, under the names of Kafka's server.properties. Topic defaults are the topic keys with Kafka's "log."
// names; they fill `topic_defaults`.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/exhibit.h"
#include "base/result.h"
#include "base/time.h"
#include "broker/node/config_table.h"
#include "broker/node/topic_config.h"
#include "runtime/network.h"

namespace faultline {

struct BrokerConfig {
  std::int32_t node_id = 1;
  std::string process_roles = "broker,controller";
  std::string cluster_id;                           // empty: that of the data directory, or drawn for a cluster of one
  std::string controller_listeners;                 // HOST:PORT; needed for the role of a controller in a cluster
  std::string controller_quorum_bootstrap_servers;  // ID@HOST:PORT,...; empty: a cluster of one
  std::string listeners = "localhost:9092";         // HOST:PORT, with or without PLAINTEXT://
  std::string advertised_listeners;                 // what clients are told; empty: the listener
  std::string rack;
  std::int32_t num_partitions = 1;
  bool auto_create_topics_enable = true;
  bool delete_topic_enable = true;
  std::int32_t max_connections = 10'000;
  std::int64_t connections_max_idle_ms = 600'000;
  std::int32_t socket_request_max_bytes = 100 * 1024 * 1024;
  std::int64_t queued_max_request_bytes = 256 * 1024 * 1024;
  std::int32_t fetch_max_bytes = 55 * 1024 * 1024;
  std::int64_t log_retention_check_interval_ms = 300'000;
  std::int64_t request_receive_timeout_ms = 30'000;
  std::int64_t disk_timeout_ms = 30'000;
  std::int64_t producer_id_expiration_ms = 86'400'000;
  std::int64_t controller_quorum_fetch_timeout_ms = 2'000;
  std::int64_t controller_quorum_fetch_max_bytes = 512 * 1024;
  std::int64_t metadata_log_max_record_bytes_between_snapshots = 20 * 1024 * 1024;
  std::int64_t broker_heartbeat_interval_ms = 2'000;
  std::int64_t broker_session_timeout_ms = 9'000;
  std::int64_t controlled_shutdown_max_wait_ms = 10'000;
  std::int32_t default_replication_factor = 1;
  bool auto_leader_rebalance_enable = true;
  std::int64_t leader_imbalance_check_interval_seconds = 300;
  std::int64_t replica_lag_time_max_ms = 30'000;
  std::int64_t replica_fetch_wait_max_ms = 500;
  std::int32_t replica_fetch_response_max_bytes = 10 * 1024 * 1024;
  std::int64_t follower_replication_throttled_rate = INT64_MAX;
  TopicConfig topic_defaults;
  Exhibits exhibits;  // has no key: only a simulated run or a test sets it

  /// Everything that one value alone cannot show. Errors: invalid_argument.
  Result<> validate() const;
  bool has_broker_role() const { return process_roles != "controller"; }
  bool has_controller_role() const { return process_roles != "broker"; }
  /// Whether this process is a cluster by itself.
  bool is_alone() const { return controller_quorum_bootstrap_servers.empty(); }
  /// Errors: invalid_argument.
  Result<Endpoint> controller_listen_endpoint() const;
  /// Where the quorum's nodes can be asked, by node id. Errors: invalid_argument.
  Result<std::map<std::int32_t, Endpoint>> bootstrap_servers() const;
  /// Errors: invalid_argument.
  Result<Endpoint> listen_endpoint() const;
  Result<Endpoint> advertised_endpoint() const;
};

const ConfigTable<BrokerConfig>& broker_config_table();

/// A broker key that sets a topic default: "log.retention.hours" is "retention.ms" times 3,600,000.
struct TopicDefaultKey {
  std::string_view broker_key;
  std::string_view topic_key;
  std::int64_t scale = 1;
};
std::span<const TopicDefaultKey> topic_default_keys();

/// Sets one key, of the broker or a topic default. Errors: invalid_argument, with a suggestion for an unknown key.
Result<> set_broker_config(BrokerConfig& config, std::string_view key, std::string_view value);

/// Reads a properties file: "key=value" lines, '#' and '!' comments. Errors: invalid_argument, starting with "FILE:LINE: ".
Result<> read_properties(BrokerConfig& config, std::string_view file_name, std::string_view text);

}  // namespace faultline
