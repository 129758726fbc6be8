#include "scenarios/trial_state.h"

#include <algorithm>
#include <utility>

#include "scenarios/cluster_plan.h"

namespace faultline::scenarios {

namespace {

// Kafka clients wait up to a second between attempts; a trial of some seconds has no use for that.
constexpr client::BackoffConfig quick_backoff{10ms, 200ms};

// How often a trial looks whether what it waits for has come.
constexpr Duration wait_step = 20ms;

}  // namespace

checkers::PartitionId TrialState::history_partition(const client::TopicPartition& partition) {
  const auto [entry, added] = partition_ids.try_emplace(partition);
  if (added) entry->second = recorder.partition(to_string(partition));
  return entry->second;
}

sim::NodeId TrialState::add_stopped(const std::string& name, sim::Program program) {
  return world.add_node(name, {name}, std::move(program), {.disk = world.options().disk, .clock = {}, .start = false});
}

bool TrialState::wait_until(const std::function<bool()>& condition, Time deadline) {
  while (!condition()) {
    if (world.now() >= deadline) return false;
    world.run_for(wait_step);
  }
  return true;
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

// The value of a topic's setting, as text: the topic's own, the cluster's, or `standard`.
std::string TrialState::topic_setting(const std::string& topic, const std::string& key, const std::string& broker_key,
                                      const std::string& standard) const {
  for (const Topic& candidate : scenario.topics) {
    if (candidate.name != topic) continue;
    if (const auto own = candidate.config.find(key); own != candidate.config.end()) return own->second.text;
  }
  const auto common = scenario.cluster.config.find(broker_key);
  return common == scenario.cluster.config.end() ? standard : common->second.text;
}

bool TrialState::syncs(const std::string& topic) const {
  return topic_setting(topic, "flush.messages", "log.flush.interval.messages", "1") == "1";
}

std::int32_t TrialState::min_insync_replicas(const std::string& topic) const {
  return std::stoi(topic_setting(topic, "min.insync.replicas", "min.insync.replicas", "1"));
}

bool TrialState::allows_unclean_election(const std::string& topic) const {
  return topic_setting(topic, "unclean.leader.election.enable", "unclean.leader.election.enable", "false") == "true";
}

std::vector<checkers::RecordDigest> TrialState::acknowledged_in(const client::TopicPartition& partition) const {
  std::vector<checkers::RecordDigest> records;
  const auto found = acknowledged.find(partition);
  if (found == acknowledged.end()) return records;
  for (const auto& [offset, number] : found->second) records.push_back({offset, static_cast<std::uint64_t>(number)});
  return records;
}

}  // namespace faultline::scenarios
