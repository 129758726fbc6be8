#include "broker/client/metadata.h"

namespace faultline::client {
namespace {

PartitionMetadata partition_of(const protocol::MetadataResponse::Topic::Partition& said) {
  return {said.leader_id, said.leader_epoch, said.replica_nodes, said.isr_nodes, said.offline_replicas, said.error_code};
}

TopicMetadata topic_of(const protocol::MetadataResponse::Topic& said, const TopicMetadata* known, Time now) {
  TopicMetadata topic;
  topic.id = said.topic_id;
  topic.is_internal = said.is_internal;
  topic.fetched_at = now;
  topic.error = said.error_code;
  for (const auto& partition : said.partitions) {
    PartitionMetadata fresh = partition_of(partition);
    if (known != nullptr && known->id == topic.id) {
      const auto before = known->partitions.find(partition.partition_index);
      if (before != known->partitions.end() && fresh.leader_epoch >= 0 && fresh.leader_epoch < before->second.leader_epoch) {
        fresh = before->second;
      }
    }
    topic.partitions[partition.partition_index] = std::move(fresh);
  }
  return topic;
}

}  // namespace

const TopicMetadata* Metadata::topic(std::string_view name) const {
  const auto found = topics.find(name);
  return found == topics.end() ? nullptr : &found->second;
}

const PartitionMetadata* Metadata::partition(const TopicPartition& partition) const {
  const TopicMetadata* found = topic(partition.topic);
  if (found == nullptr) return nullptr;
  const auto it = found->partitions.find(partition.partition);
  return it == found->partitions.end() ? nullptr : &it->second;
}

void Metadata::merge(const protocol::MetadataResponse& answer, Time now) {
  brokers.clear();
  for (const auto& broker : answer.brokers) {
    // A port outside of its range is the broker's mistake; such a broker cannot be reached.
    if (broker.port <= 0 || broker.port > UINT16_MAX) continue;
    brokers[broker.node_id] = Endpoint{broker.host, static_cast<std::uint16_t>(broker.port)};
  }
  controller = answer.controller_id;
  cluster_id = answer.cluster_id;
  for (const auto& topic : answer.topics) {
    if (!topic.name.has_value()) continue;
    TopicMetadata fresh = topic_of(topic, this->topic(*topic.name), now);
    topics[*topic.name] = std::move(fresh);
  }
}

}  // namespace faultline::client
