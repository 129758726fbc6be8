// AddRaftVoter on the wire and as the quorum has it.
#include "broker/protocol/add_raft_voter.h"

#include "broker/control/voter_changes.h"
#include "broker/quorum/wire/convert.h"

namespace faultline::control {

namespace {

using protocol::AddRaftVoterRequest;
using protocol::AddRaftVoterResponse;

Outcome<raft::Voter> parse(const AddRaftVoterRequest& request, const std::string& cluster_id) {
  if (request.cluster_id && *request.cluster_id != cluster_id) {
    return Refusal(ErrorCode::inconsistent_cluster_id, "this is cluster " + cluster_id);
  }
  if (request.voter_id < 0 || request.voter_directory_id.is_zero()) {
    return Refusal(ErrorCode::invalid_request, "a voter has an id and a directory");
  }
  if (request.listeners.empty()) return Refusal(ErrorCode::invalid_request, "a voter listens somewhere");
  const auto& listener = request.listeners.front();
  return raft::Voter{{raft::NodeId(request.voter_id), quorum::wire::directory_of(request.voter_directory_id)},
                     to_string(Endpoint{listener.host, listener.port})};
}

}  // namespace

AddRaftVoterResponse ControllerService::handle(const AddRaftVoterRequest& request) {
  const auto add = [&]() -> Outcome<> {
    const raft::Voter voter = TRY(parse(request, cluster_id_));
    return change_voters(deadline_in(request.timeout_ms), [&] { return node_.add_voter(voter); });
  };
  AddRaftVoterResponse response;
  set_outcome(response, add());
  return response;
}

}  // namespace faultline::control
