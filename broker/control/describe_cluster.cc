// DescribeCluster, asked on the listener of controllers: they are the quorum's voters (KIP-919). Every node knows them, so this needs no
// active controller.
#include "broker/protocol/describe_cluster.h"

#include "broker/control/decisions.h"

namespace faultline::control {

protocol::DescribeClusterResponse ControllerService::handle(const protocol::DescribeClusterRequest& request) {
  constexpr std::int8_t brokers = 1;
  constexpr std::int8_t controllers = 2;
  protocol::DescribeClusterResponse response;
  response.endpoint_type = controllers;
  if (request.endpoint_type != controllers) {
    const bool mismatched = request.endpoint_type == brokers;
    response.error_code = mismatched ? ErrorCode::mismatched_endpoint_type : ErrorCode::unsupported_endpoint_type;
    response.error_message =
        mismatched ? "this is a listener of controllers, not of brokers" : "there is no such kind of endpoint";
    return response;
  }
  response.cluster_id = cluster_id_;
  const raft::Core& core = node_.core();
  if (const std::optional<raft::ReplicaKey> leader = core.leader()) response.controller_id = leader->node.value();
  for (const raft::Voter& voter : core.voters()) {
    const std::optional<Endpoint> at = node_.endpoint_of(voter.key.node);
    if (at) response.brokers.push_back({voter.key.node.value(), at->host, at->port, std::nullopt, false});
  }
  return response;
}

}  // namespace faultline::control
