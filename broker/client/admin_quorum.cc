#include "broker/client/admin.h"
#include "broker/protocol/add_raft_voter.h"
#include "broker/protocol/describe_quorum.h"
#include "broker/protocol/remove_raft_voter.h"
#include "broker/protocol/unregister_broker.h"

namespace faultline::client {
namespace {

using protocol::DescribeQuorumResponse;
using protocol::ErrorCode;

// The quorum's log goes by the name of a topic with one partition (KIP-595).
constexpr std::string_view metadata_topic = "__cluster_metadata";
// Voters are reached on one listener; its name is only carried.
constexpr std::string_view controller_listener = "CONTROLLER";

/// An answer with one code for all of it. After REQUEST_TIMED_OUT it may still be carried out.
template <class Response>
ClientResult<> outcome(const Response& said, const std::string& subject) {
  if (said.error_code == ErrorCode::none) return {};
  return ClientError(said.error_code, said.error_message.has_value() ? *said.error_message : subject)
      .indefinite_if(said.error_code == ErrorCode::request_timed_out || said.error_code == ErrorCode::unknown_server_error);
}

std::vector<QuorumReplica> replicas(const std::vector<DescribeQuorumResponse::ReplicaState>& said) {
  std::vector<QuorumReplica> replicas;
  for (const auto& replica : said) {
    replicas.push_back({replica.replica_id, replica.replica_directory_id, replica.log_end_offset, replica.last_fetch_timestamp,
                        replica.last_caught_up_timestamp});
  }
  return replicas;
}

/// What is said of the quorum's one partition.
ClientResult<DescribeQuorumResponse::Topic::Partition> the_partition(const DescribeQuorumResponse& said) {
  for (const auto& topic : said.topics) {
    for (const auto& partition : topic.partitions) {
      if (topic.topic_name != metadata_topic || partition.partition_index != 0) continue;
      TRY(outcome(partition, "DescribeQuorum"));
      return partition;
    }
  }
  return ClientError(Error(Errc::malformed, "the answer leaves out the quorum"));
}

}  // namespace

ClientResult<QuorumDescription> Admin::describe_quorum(Time deadline) {
  protocol::DescribeQuorumRequest request;
  request.topics.push_back({std::string(metadata_topic), {{0}}});
  return retrying(deadline, [&]() -> ClientResult<QuorumDescription> {
    const auto said = TRY(cluster_.call_controller(request, {.deadline = deadline}));
    TRY(outcome(said, "DescribeQuorum"));
    const auto partition = TRY(the_partition(said));
    QuorumDescription quorum{partition.leader_id,           partition.leader_epoch,
                             partition.high_watermark,      replicas(partition.current_voters),
                             replicas(partition.observers), {}};
    for (const auto& node : said.nodes) {
      if (!node.listeners.empty()) quorum.endpoints[node.node_id] = {node.listeners.front().host, node.listeners.front().port};
    }
    return quorum;
  });
}

ClientResult<> Admin::add_voter(const QuorumVoter& voter, Time deadline) {
  protocol::AddRaftVoterRequest request;
  request.voter_id = voter.id;
  request.voter_directory_id = voter.directory;
  request.listeners.push_back({std::string(controller_listener), voter.endpoint.host, voter.endpoint.port});
  return retrying(deadline, [&]() -> ClientResult<> {
    request.timeout_ms = timeout_ms(deadline);
    return outcome(TRY(cluster_.call_controller(request, {.deadline = deadline})), "voter " + std::to_string(voter.id));
  });
}

ClientResult<> Admin::remove_voter(std::int32_t id, const protocol::Uuid& directory, Time deadline) {
  protocol::RemoveRaftVoterRequest request;
  request.voter_id = id;
  request.voter_directory_id = directory;
  return retrying(deadline, [&]() -> ClientResult<> {
    return outcome(TRY(cluster_.call_controller(request, {.deadline = deadline})), "voter " + std::to_string(id));
  });
}

ClientResult<> Admin::unregister_broker(std::int32_t id, Time deadline) {
  protocol::UnregisterBrokerRequest request;
  request.broker_id = id;
  return retrying(deadline, [&]() -> ClientResult<> {
    return outcome(TRY(cluster_.call_controller(request, {.deadline = deadline})), "broker " + std::to_string(id));
  });
}

ClientResult<> Admin::update_features(const std::map<std::string, FeatureChange>& changes, Time deadline, bool validate_only) {
  protocol::UpdateFeaturesRequest request;
  request.validate_only = validate_only;
  for (const auto& [name, change] : changes) {
    request.feature_updates.push_back({name, change.level, change.type != protocol::FeatureUpgradeType::upgrade, change.type});
  }
  return retrying(deadline, [&]() -> ClientResult<> {
    request.timeout_ms = timeout_ms(deadline);
    const auto said = TRY(cluster_.call_controller(request, {.deadline = deadline}));
    TRY(outcome(said, "UpdateFeatures"));
    for (const auto& result : said.results) TRY(outcome(result, result.feature));
    return {};
  });
}

}  // namespace faultline::client
