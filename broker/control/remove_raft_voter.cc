// RemoveRaftVoter on the wire and as the quorum has it.
#include "broker/protocol/remove_raft_voter.h"

#include "broker/control/voter_changes.h"
#include "broker/quorum/wire/convert.h"

namespace faultline::control {

protocol::RemoveRaftVoterResponse ControllerService::handle(const protocol::RemoveRaftVoterRequest& request) {
  const auto remove = [&]() -> Outcome<> {
    if (request.cluster_id && *request.cluster_id != cluster_id_) {
      return Refusal(ErrorCode::inconsistent_cluster_id, "this is cluster " + cluster_id_);
    }
    const raft::ReplicaKey voter{raft::NodeId(request.voter_id), quorum::wire::directory_of(request.voter_directory_id)};
    return change_voters(deadline_in(default_timeout_ms), [&] { return node_.remove_voter(voter); });
  };
  protocol::RemoveRaftVoterResponse response;
  set_outcome(response, remove());
  return response;
}

}  // namespace faultline::control
