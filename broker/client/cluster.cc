#include "broker/client/cluster.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline::client {
namespace {

using protocol::ErrorCode;

// A broker that asks for a longer pause than this is not taken at its word.
constexpr Duration throttle_max = 30s;

}  // namespace

Cluster::Cluster(const Env& env, ClusterConfig config, std::string_view name)
    : env_(env),
      clock_(env.clock),
      config_(std::move(config)),
      retry_(config_.retry, env.random.child(name).stream("client.retry")),
      reconnect_(config_.reconnect, env.random.child(name).stream("client.reconnect")),
      tasks_(env.tasks) {
  ENSURE(config_.validate().has_value());
  RandomStream first = env.random.child(name).stream("client.bootstrap");
  next_candidate_ = static_cast<std::uint32_t>(first.below(config_.bootstrap.size()));
}

// ---- metadata ----

bool Cluster::is_fresh(const TopicMetadata& topic) const {
  return !topic.is_stale && topic.error == ErrorCode::none && clock_.now() < after(topic.fetched_at, config_.metadata_age_max);
}

std::optional<Leader> Cluster::known_leader(const TopicPartition& partition) const {
  const TopicMetadata* topic = metadata_.topic(partition.topic);
  if (topic == nullptr || !is_fresh(*topic)) return std::nullopt;
  const auto found = topic->partitions.find(partition.partition);
  if (found == topic->partitions.end() || found->second.leader < 0 || !metadata_.brokers.contains(found->second.leader))
    return std::nullopt;
  return Leader{found->second.leader, found->second.leader_epoch, topic->id};
}

ClientResult<Leader> Cluster::leader(const TopicPartition& partition, Time deadline) {
  return retrying(deadline, [&]() -> ClientResult<Leader> {
    if (const std::optional<Leader> known = known_leader(partition)) return *known;
    mark_stale(partition.topic);
    TRY(refresh_if_needed(partition.topic, deadline));
    if (const std::optional<Leader> known = known_leader(partition)) return *known;
    const PartitionMetadata* found = metadata_.partition(partition);
    return ClientError(found == nullptr ? ErrorCode::unknown_topic_or_partition : ErrorCode::leader_not_available,
                       to_string(partition));
  });
}

ClientResult<std::int32_t> Cluster::partition_count(const std::string& topic, Time deadline) {
  return retrying(deadline, [&]() -> ClientResult<std::int32_t> {
    TRY(refresh_if_needed(topic, deadline));
    const TopicMetadata* found = metadata_.topic(topic);
    if (found == nullptr || found->partitions.empty()) return ClientError(ErrorCode::unknown_topic_or_partition, topic);
    return static_cast<std::int32_t>(found->partitions.size());
  });
}

void Cluster::mark_stale(std::string_view topic) {
  const auto found = metadata_.topics.find(topic);
  if (found != metadata_.topics.end()) found->second.is_stale = true;
}

ClientResult<> Cluster::refresh_if_needed(const std::string& topic, Time deadline) {
  topics_.insert(topic);
  const TopicMetadata* found = metadata_.topic(topic);
  if (found != nullptr && is_fresh(*found)) return {};
  TRY(refresh(deadline));
  found = metadata_.topic(topic);
  if (found == nullptr) return ClientError(ErrorCode::unknown_topic_or_partition, topic);
  if (found->error != ErrorCode::none) return ClientError(found->error, topic);
  return {};
}

ClientResult<> Cluster::refresh(Time deadline) {
  const std::uint64_t seen = refreshes_;
  const Mutex::Guard guard = TRY(refreshing_.lock(deadline));
  // Two further refreshes: the second began after this call and knew all of its topics.
  if (refreshes_ >= seen + 2) return {};
  protocol::MetadataRequest request;
  request.topics.emplace();
  for (const std::string& topic : topics_) request.topics->push_back({{}, topic});
  request.allow_auto_topic_creation = config_.auto_create_topics_allowed;
  const protocol::MetadataResponse answer = TRY(ask_metadata(request, deadline));
  metadata_.merge(answer, clock_.now());
  ++refreshes_;
  return {};
}

ClientResult<protocol::MetadataResponse> Cluster::ask_metadata(const protocol::MetadataRequest& request, Time deadline) {
  protocol::MetadataResponse answer = TRY(call_any(request, {.deadline = deadline}));
  if (answer.brokers.empty()) return ClientError(ErrorCode::broker_not_available, "the broker knows of no broker");
  return answer;
}

ClientResult<Metadata> Cluster::describe(std::optional<std::vector<std::string>> topics, Time deadline) {
  protocol::MetadataRequest request;
  request.allow_auto_topic_creation = false;
  if (topics.has_value()) {
    request.topics.emplace();
    for (std::string& topic : *topics) request.topics->push_back({{}, std::move(topic)});
  }
  const protocol::MetadataResponse answer = TRY(retrying(deadline, [&] { return ask_metadata(request, deadline); }));
  Metadata fresh;
  fresh.merge(answer, clock_.now());
  metadata_.brokers = fresh.brokers;
  metadata_.controller = fresh.controller;
  return fresh;
}

// ---- connections ----

ClientResult<Endpoint> Cluster::endpoint_of(std::int32_t id) const {
  if (id < 0) {
    const auto index = static_cast<std::size_t>(-1 - id);
    ENSURE(index < config_.bootstrap.size());
    return config_.bootstrap[index];
  }
  const auto found = metadata_.brokers.find(id);
  if (found == metadata_.brokers.end())
    return ClientError(ErrorCode::broker_not_available, fmt::format("broker {} is not known", id));
  return found->second;
}

ClientResult<std::shared_ptr<Connection>> Cluster::connection(std::int32_t id, Lane lane, Time deadline) {
  return connections_[{id, lane}].get({env_, tasks_, config_.connection, reconnect_}, [&] { return endpoint_of(id); }, deadline);
}

std::vector<std::int32_t> Cluster::candidates(std::int32_t avoided) const {
  std::vector<std::int32_t> ids;
  for (const auto& [id, endpoint] : metadata_.brokers) ids.push_back(id);
  for (std::size_t i = 0; i < config_.bootstrap.size(); ++i) ids.push_back(-1 - static_cast<std::int32_t>(i));
  const auto found = metadata_.brokers.find(avoided);
  if (found == metadata_.brokers.end()) return ids;
  std::vector<std::int32_t> others = ids;
  std::erase_if(others, [&](std::int32_t id) { return *endpoint_of(id) == found->second; });
  return others.empty() ? ids : others;
}

ClientResult<std::int32_t> Cluster::any_broker(Time deadline, std::int32_t avoided) {
  const std::vector<std::int32_t> candidates = this->candidates(avoided);
  for (const std::int32_t id : candidates) {
    const auto found = connections_.find({id, Lane::normal});
    if (found != connections_.end() && found->second.usable()) return id;
  }
  // Where to begin changes from attempt to attempt: a broker that swallows connections must not be the only one ever tried.
  ClientError last;
  const std::size_t start = next_candidate_++;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const std::int32_t id = candidates[(start + i) % candidates.size()];
    ClientResult<std::shared_ptr<Connection>> opened = connection(id, Lane::normal, deadline);
    if (opened) return id;
    last = std::move(opened).error();
    if (last.is_cancelled()) break;
  }
  return last;
}

ClientResult<std::int32_t> Cluster::controller(Time deadline) {
  const bool is_known = metadata_.controller >= 0 && metadata_.brokers.contains(metadata_.controller);
  if (!is_known || metadata_.controller == avoided_controller_) TRY(refresh(deadline));
  if (metadata_.controller != avoided_controller_ && metadata_.brokers.contains(metadata_.controller))
    return metadata_.controller;
  return any_broker(deadline, avoided_controller_);
}

void Cluster::note_throttle(std::int32_t id, std::int32_t throttle_time_ms) {
  if (throttle_time_ms <= 0) return;
  const Time until = after(clock_.now(), std::min<Duration>(std::chrono::milliseconds(throttle_time_ms), throttle_max));
  for (const Lane lane : {Lane::normal, Lane::fetch}) connections_[{id, lane}].pause_until(until);
}

}  // namespace faultline::client
