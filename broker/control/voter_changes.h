// Changes of the quorum's voters. The core allows one at a time and refuses rather than to wait; here it is asked again until the request's
// time is over, if the reason may pass.
#pragma once

#include "broker/control/decisions.h"

namespace faultline::control {

/// Why the core refused, as Kafka's clients know it.
inline Refusal refusal_of(raft::Refusal refusal) {
  switch (refusal) {
    case raft::Refusal::none:
    case raft::Refusal::not_leader:
    case raft::Refusal::transferring: return {ErrorCode::not_controller, "this node does not lead the quorum"};
    case raft::Refusal::change_in_progress: return {ErrorCode::request_timed_out, "another change of voters is under way"};
    case raft::Refusal::term_not_committed: return {ErrorCode::request_timed_out, "the leader is not established yet"};
    case raft::Refusal::not_caught_up: return {ErrorCode::request_timed_out, "the node does not follow the leader closely"};
    case raft::Refusal::already_voter: return {ErrorCode::duplicate_voter, "the node is a voter already"};
    case raft::Refusal::not_a_voter: return {ErrorCode::voter_not_found, "there is no such voter"};
    case raft::Refusal::last_voter: return {ErrorCode::invalid_request, "it is the only voter"};
  }
  return {ErrorCode::unknown_server_error, std::string(raft::to_string(refusal))};
}

template <class Propose>
Outcome<> ControllerService::change_voters(Time deadline, Propose&& propose) {
  constexpr Duration pause = 100ms;
  for (;;) {
    const raft::ProposalOutcome outcome = propose();
    if (outcome.refusal == raft::Refusal::none) return wait_committed(outcome.last, deadline);
    Refusal refusal = refusal_of(outcome.refusal);
    const Time next = after(env_.clock.now(), pause);
    if (refusal.code != ErrorCode::request_timed_out || next > deadline || !sleep_until(next)) return refusal;
  }
}

}  // namespace faultline::control
