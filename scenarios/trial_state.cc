#include "scenarios/trial_state.h"

#include <algorithm>

namespace faultline::scenarios {

namespace {

constexpr std::uint16_t broker_port = 9092;

// Kafka clients wait up to a second between attempts; a trial of some seconds has no use for that.
constexpr client::BackoffConfig quick_backoff{10ms, 200ms};

}  // namespace

checkers::PartitionId TrialState::history_partition(const client::TopicPartition& partition) {
  const auto [entry, added] = partition_ids.try_emplace(partition);
  if (added) entry->second = recorder.partition(to_string(partition));
  return entry->second;
}

void TrialState::judge_error(const std::string& node, const client::ClientError& error) {
  const bool unforeseen = error.code == protocol::ErrorCode::unknown_server_error;
  const bool nonsense = error.is_transport() && (error.transport == Errc::malformed || error.transport == Errc::unsupported ||
                                                 error.transport == Errc::internal);
  if (unforeseen || nonsense) surprise(node, to_string(error));
}

std::vector<client::TopicPartition> TrialState::partitions_of(const std::vector<std::string>& topics) const {
  std::vector<client::TopicPartition> partitions;
  for (const Topic& topic : scenario.topics) {
    if (!topics.empty() && std::find(topics.begin(), topics.end(), topic.name) == topics.end()) continue;
    for (std::int64_t i = 0; i < topic.partitions; ++i) partitions.push_back({topic.name, static_cast<std::int32_t>(i)});
  }
  return partitions;
}

client::ClusterConfig TrialState::cluster_config(const std::string& client_id, Duration request_timeout) const {
  client::ClusterConfig config;
  for (const std::string& broker : broker_names(scenario)) config.bootstrap.push_back({broker, broker_port});
  config.connection.client_id = client_id;
  config.connection.request_timeout = request_timeout;
  config.connection.setup_timeout = request_timeout;
  config.retry = quick_backoff;
  config.reconnect = quick_backoff;
  config.auto_create_topics_allowed = false;
  return config;
}

}  // namespace faultline::scenarios
