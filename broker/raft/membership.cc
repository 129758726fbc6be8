// Who votes: one voter more or one fewer at a time (thesis 4.1 to 4.3, KIP-853), and whether a majority of them still answers.
//
// Two majorities of neighbouring voter sets overlap. Of sets that are two changes apart they may not, hence: a change at a time, and
// none before an entry of the leader's own term is committed, since an earlier leader's change might still come back otherwise (Ongaro,
// raft-dev, 2015).
#include <algorithm>
#include <functional>

#include "base/check.h"
#include "broker/raft/core.h"

namespace faultline::raft {

Refusal Core::may_change_voters() const {
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return Refusal::not_leader;
  if (leader->transfer) return Refusal::transferring;
  if (voters_.changed_at() > commit_) return Refusal::change_in_progress;
  // Exhibit raft-single-server-change.
  const bool committed_in_term = commit_ >= leader->first;
  if (!committed_in_term && !config_.exhibits.on(Exhibit::raft_single_server_change)) return Refusal::term_not_committed;
  return Refusal::none;
}

void Core::change_voters(VoterSet voters) {
  const Index first = next_after(log_.last().index);
  append(VotersChanged{std::move(voters)});
  track_voters();
  appended_since(first);
}

void Core::on(const AddVoter& add) {
  const Refusal refusal = may_change_voters();
  if (refusal != Refusal::none) return outcome(refusal);
  if (voters().find(add.voter.key.node) != nullptr) return outcome(Refusal::already_voter);
  const auto& peers = std::get<Leader>(role_).peers;
  const auto peer = peers.find(add.voter.key);
  // A voter that has to catch up first would stop commits until it has (thesis 4.2.1).
  if (peer == peers.end() || peer->second.match < commit_) return outcome(Refusal::not_caught_up);
  change_voters(voters().with(add.voter));
}

void Core::on(const RemoveVoter& remove) {
  const Refusal refusal = may_change_voters();
  if (refusal != Refusal::none) return outcome(refusal);
  if (!voters().contains(remove.voter)) return outcome(Refusal::not_a_voter);
  if (voters().size() == 1) return outcome(Refusal::last_voter);
  change_voters(voters().without(remove.voter));
}

/// Every voter is served; who is removed becomes an observer, and so learns of it.
void Core::track_voters() {
  auto& leader = std::get<Leader>(role_);
  for (const Voter& voter : voters()) {
    if (voter.key == self_) continue;
    const auto [it, added] = leader.peers.try_emplace(voter.key);
    if (!added) continue;
    it->second.next = next_after(log_.last().index);
    it->second.heard = now_;
  }
}

/// When the leader has to resign unless somebody answers (check quorum: thesis 6.2, KIP-595).
Time Core::quorum_lost_at(const Leader& leader) const {
  // Exhibit kafka-15489: cut off with those who believe in it, it would lead for ever and commit nothing.
  if (config_.exhibits.on(Exhibit::kafka_15489)) return no_deadline;
  std::vector<Time> heard;
  for (const Voter& voter : voters()) heard.push_back(voter.key == self_ ? no_deadline : leader.peers.at(voter.key).heard);
  const auto nth = heard.begin() + static_cast<std::ptrdiff_t>(voters().majority() - 1);
  std::ranges::nth_element(heard, nth, std::greater());
  return after(*nth, config_.check_quorum_timeout());
}

void Core::forget_silent_observers(Leader& leader) {
  std::erase_if(leader.peers, [this](const auto& entry) {
    return !voters().contains(entry.first) && now_ >= after(entry.second.heard, config_.observer_timeout());
  });
}

}  // namespace faultline::raft
