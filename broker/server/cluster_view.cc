#include "broker/server/cluster_view.h"

namespace faultline {

using metadata::BrokerId;
using metadata::BrokerRecord;
using metadata::ClusterImage;

const metadata::Endpoint* client_endpoint(const BrokerRecord& broker) {
  return broker.endpoints.empty() ? nullptr : &broker.endpoints.front();
}

bool is_alive(const ClusterImage& image, BrokerId id) {
  const BrokerRecord* broker = image.broker(id);
  return broker != nullptr && !broker->fenced && client_endpoint(*broker) != nullptr;
}

BrokerId controller_for_clients(Broker& broker) {
  const ClusterImage& image = broker.image();
  const std::optional<raft::ReplicaKey> leader = broker.quorum().core().leader();
  if (leader && is_alive(image, leader->node.value())) return leader->node.value();
  if (is_alive(image, broker.node_id())) return broker.node_id();
  for (const auto& [id, record] : image.brokers()) {
    if (is_alive(image, id)) return id;
  }
  return metadata::no_broker;
}

const metadata::PartitionRecord* find_partition(const ClusterImage& image, std::string_view topic, std::int32_t index) {
  const metadata::TopicImage* found = image.topic(topic);
  return found == nullptr ? nullptr : image.partition(found->id, index);
}

}  // namespace faultline
