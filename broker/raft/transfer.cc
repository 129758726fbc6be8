// Handing leadership over: thesis 3.10. The target gets the rest of the log while nothing new is accepted, then it is told to stand for
// election at once. If it has not led within an election timeout, the leader goes on.
#include "base/check.h"
#include "broker/raft/core.h"

namespace faultline::raft {

void Core::on(const TransferLeadership& transfer) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return outcome(Refusal::not_leader);
  if (leader->transfer) return outcome(Refusal::transferring);
  const std::optional<ReplicaKey> target = transfer.target ? transfer.target : most_caught_up(*leader);
  if (!target || *target == self_ || !voters().contains(*target)) return outcome(Refusal::not_a_voter);
  leader->transfer = Transfer{.target = *target, .told = false, .deadline = after(now_, config_.election_timeout)};
  outcome(Refusal::none);
  drive_transfer(*leader);
}

void Core::drive_transfer(Leader& leader) {
  if (!leader.transfer || leader.transfer->told || !leader.peers.contains(leader.transfer->target)) return;
  if (leader.peers.at(leader.transfer->target).match < log_.last().index) return;
  leader.transfer->told = true;
  send(leader.transfer->target, TimeoutNow());
}

/// The voter, other than this one, with the most of the log.
std::optional<ReplicaKey> Core::most_caught_up(const Leader& leader) const {
  std::optional<ReplicaKey> best;
  for (const Voter& voter : voters()) {
    if (voter.key == self_) continue;
    if (!best || leader.peers.at(voter.key).match > leader.peers.at(*best).match) best = voter.key;
  }
  return best;
}

void Core::on(const ReplicaKey& from, const TimeoutNow&) {
  if (!may_lead() || leader() != from) return;
  begin_election();
}

}  // namespace faultline::raft
