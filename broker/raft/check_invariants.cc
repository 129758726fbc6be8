// What must hold in any state of one core, after every step. What must hold between two nodes, or between two states of one, is the
// business of whoever sees them all: the model test, and the invariants of a simulated run.
#include <fmt/format.h>

#include <algorithm>

#include "broker/raft/core.h"

namespace faultline::raft {

std::optional<std::string> Core::check_invariants() const {
  if (auto broken = check_log()) return broken;
  if (const auto* leader = std::get_if<Leader>(&role_)) return check_leader(*leader);
  if (const auto* candidate = std::get_if<Candidate>(&role_)) return check_candidate(*candidate);
  const auto& follower = std::get<Follower>(role_);
  if (follower.received > log_.last().index) return "a follower has confirmed more than it has";
  if (follower.acknowledged > std::min(follower.received, durable_index()))
    return "a follower has acknowledged what is not durable";
  if (follower.leader == self_) return "a node follows itself";
  return std::nullopt;
}

std::optional<std::string> Core::check_log() const {
  if (snapshot_.last.index > commit_) return "the snapshot goes beyond the commit index";
  if (commit_ > log_.last().index) return "the commit index goes beyond the log";
  if (log_.base().index > snapshot_.last.index) return "entries are missing between the snapshot and the log";
  if (durable_index() > log_.last().index) return "more is durable than was written";
  if (voters_.changed_at() > log_.last().index) return "the voters in force come from an entry that is not in the log";
  if (log_.last().term > term()) return "the log has an entry of a term that was not adopted";
  // Terms need no walk: they only grow where entries are appended, and Log::append insists on it.
  return std::nullopt;
}

std::optional<std::string> Core::check_leader(const Leader& leader) const {
  if (hard_state_.vote != self_) return "a leader did not vote for itself";
  if (!durability_.hard_state_durable()) return "a leader's own vote is not durable";
  if (leader.first > log_.last().index) return "a leader's first entry is not in its log";
  if (log_.last().term != term()) return "a leader's log ends in an entry of another term";
  if (leader.peers.contains(self_)) return "a leader serves itself";
  for (const Voter& voter : voters()) {
    if (voter.key != self_ && !leader.peers.contains(voter.key))
      return fmt::format("voter {} is not served", to_string(voter.key));
  }
  for (const auto& [key, peer] : leader.peers) {
    if (peer.match > log_.last().index) return fmt::format("{} has more than its leader", to_string(key));
    if (peer.next <= peer.match) return fmt::format("{} would be sent what it has", to_string(key));
    if (peer.next > next_after(log_.last().index)) return fmt::format("{} would be sent what does not exist", to_string(key));
    const auto* replicating = std::get_if<Replicate>(&peer.state);
    if (replicating != nullptr && replicating->inflight.size() > config_.max_inflight_appends)
      return "more is under way than allowed";
  }
  return std::nullopt;
}

std::optional<std::string> Core::check_candidate(const Candidate& candidate) const {
  if (!may_lead()) return "a node that is no voter stands for election";
  if (candidate.kind == VoteKind::real && hard_state_.vote != self_) return "a candidate did not vote for itself";
  if (candidate.kind == VoteKind::real && candidate.asked && !durability_.hard_state_durable()) {
    return "a candidate asks for votes before its own is durable";
  }
  return std::nullopt;
}

}  // namespace faultline::raft
