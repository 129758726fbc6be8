// DescribeQuorum: how far everybody is, as the leader of the quorum knows it. Kafka counts offsets from 0 and names the one behind the last;
// the quorum's indexes start at 1, so the same number is the last index plus one.
#include "broker/protocol/describe_quorum.h"

#include <string_view>
#include <variant>

#include "broker/control/decisions.h"
#include "broker/quorum/wire/convert.h"

namespace faultline::control {

namespace {

using protocol::DescribeQuorumRequest;
using protocol::DescribeQuorumResponse;
using Partition = DescribeQuorumResponse::Topic::Partition;

constexpr std::string_view metadata_topic = "__cluster_metadata";

std::int64_t end_offset(raft::Index last) { return raft::next_after(last).value(); }

DescribeQuorumResponse::ReplicaState named(const raft::ReplicaKey& key) {
  DescribeQuorumResponse::ReplicaState state;
  state.replica_id = key.node.value();
  state.replica_directory_id = quorum::wire::uuid_of(key.directory);
  return state;
}

Partition describe(const raft::Core& core, const raft::Leader& leader, Clock& clock) {
  const std::int64_t now_ms = to_unix_ms(clock.wall_now());
  const raft::Index end = core.log().last().index;
  const auto describe_peer = [&](const raft::ReplicaKey& key, const raft::Progress& peer) {
    DescribeQuorumResponse::ReplicaState state = named(key);
    state.log_end_offset = end_offset(peer.match);
    const auto silence = std::chrono::duration_cast<std::chrono::milliseconds>(clock.now() - peer.heard);
    state.last_fetch_timestamp = now_ms - silence.count();
    if (peer.match == end) state.last_caught_up_timestamp = state.last_fetch_timestamp;
    return state;
  };
  Partition described;
  described.leader_id = core.self().node.value();
  described.leader_epoch = core.term().value();
  described.high_watermark = end_offset(core.commit_index());
  for (const raft::Voter& voter : core.voters()) {
    const auto peer = leader.peers.find(voter.key);
    if (voter.key == core.self()) {
      DescribeQuorumResponse::ReplicaState self = named(voter.key);
      self.log_end_offset = end_offset(end);
      self.last_fetch_timestamp = now_ms;
      self.last_caught_up_timestamp = now_ms;
      described.current_voters.push_back(self);
    } else if (peer != leader.peers.end()) {
      described.current_voters.push_back(describe_peer(peer->first, peer->second));
    } else {
      described.current_voters.push_back(named(voter.key));
    }
  }
  for (const auto& [key, peer] : leader.peers) {
    if (!core.voters().contains(key)) described.observers.push_back(describe_peer(key, peer));
  }
  return described;
}

}  // namespace

DescribeQuorumResponse ControllerService::handle(const DescribeQuorumRequest& request) {
  DescribeQuorumResponse response;
  const raft::Core& core = node_.core();
  const auto* leader = std::get_if<raft::Leader>(&core.role());
  if (leader == nullptr) {
    set_outcome(response, Outcome<>(Refusal(ErrorCode::not_controller, "this node does not lead the quorum")));
    return response;
  }
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic_name = topic.topic_name;
    for (const auto& partition : topic.partitions) {
      const bool known = topic.topic_name == metadata_topic && partition.partition_index == 0;
      Partition answer = known ? describe(core, *leader, env_.clock) : Partition();
      answer.partition_index = partition.partition_index;
      if (!known) answer.error_code = ErrorCode::unknown_topic_or_partition;
      answers.partitions.push_back(std::move(answer));
    }
  }
  for (const raft::Voter& voter : core.voters()) {
    if (const std::optional<Endpoint> at = node_.endpoint_of(voter.key.node)) {
      response.nodes.push_back({voter.key.node.value(), {{"CONTROLLER", at->host, at->port}}});
    }
  }
  return response;
}

}  // namespace faultline::control
