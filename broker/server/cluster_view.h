// What clients are told of the cluster: the committed metadata, in the words of the protocol.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "broker/metadata/image.h"
#include "broker/node/broker.h"
#include "broker/protocol/outcome.h"

namespace faultline {

/// Where clients reach a broker; nullptr if it has not said.
const metadata::Endpoint* client_endpoint(const metadata::BrokerRecord& broker);

/// Whether clients are told of it: it is registered and not fenced.
bool is_alive(const metadata::ClusterImage& image, metadata::BrokerId id);

/// Whom clients may take for the controller. Every broker passes their requests on to it; the node that leads the quorum saves a step, if
/// it is a broker. -1 if nobody is alive.
metadata::BrokerId controller_for_clients(Broker& broker);

/// The committed state of a partition, or nullptr.
const metadata::PartitionRecord* find_partition(const metadata::ClusterImage& image, std::string_view topic, std::int32_t index);

/// Whether a client that gets this error should ask another broker.
constexpr bool is_elsewhere(ErrorCode code) {
  return code == ErrorCode::not_leader_or_follower || code == ErrorCode::fenced_leader_epoch;
}

/// Tells a client which broker leads a partition now, and where that broker is, so that it need not ask for metadata first (KIP-951).
/// `answer` is for the partition; `response` is what it is a part of.
template <class Response, class PartitionAnswer>
void hint_leader(const metadata::ClusterImage& image, const metadata::PartitionRecord* partition, PartitionAnswer& answer,
                 Response& response) {
  if (partition == nullptr || !is_alive(image, partition->leader)) return;
  answer.current_leader = {partition->leader, partition->leader_epoch};
  for (const auto& known : response.node_endpoints) {
    if (known.node_id == partition->leader) return;
  }
  const metadata::BrokerRecord& leader = *image.broker(partition->leader);
  const metadata::Endpoint& endpoint = *client_endpoint(leader);
  response.node_endpoints.push_back({leader.broker_id, endpoint.host, endpoint.port, leader.rack});
}

}  // namespace faultline
