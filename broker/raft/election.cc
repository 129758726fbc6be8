// Elections: section 5.2 and 5.4.1 of the paper, with pre-vote (thesis 9.6, KIP-996).
//
// Before it raises its term, a voter asks whether it would win. Those who have heard a leader within an election timeout, the shortest
// after which anybody stands (thesis 4.2.3), say no, so that a node which returns from behind a partition disturbs nobody. A vote is on
// the disk before it is answered, and a candidate's own before it asks anybody.
#include <algorithm>
#include <set>

#include "base/check.h"
#include "broker/raft/core.h"

namespace faultline::raft {

void Core::become_follower(std::optional<ReplicaKey> leader) {
  if (const auto* led = std::get_if<Leader>(&role_)) {
    refuse_reads(led->reads);
    dismiss_observers(*led);
    last_followed_.reset();
  }
  Follower follower;
  follower.leader = leader;
  follower.heard = now_;
  follower.deadline = draw_follower_deadline(leader.has_value());
  role_ = std::move(follower);
}

void Core::adopt_term(Term term) {
  ENSURE(term > this->term());
  set_hard_state({term, std::nullopt});
  const auto* follower = std::get_if<Follower>(&role_);
  // A voter goes on waiting from when it last heard a leader: a candidate that nobody votes for must not keep others from standing.
  const std::optional<Time> deadline = follower == nullptr ? std::nullopt : std::optional(follower->deadline);
  become_follower(std::nullopt);
  if (deadline && may_lead()) std::get<Follower>(role_).deadline = *deadline;
}

Time Core::draw_election_deadline() {
  const Duration extra(static_cast<Duration::rep>(random_.below(static_cast<std::uint64_t>(config_.election_timeout.count()))));
  return after(now_, config_.election_timeout + extra);
}

/// Until when a follower waits for its leader to say something, or for somebody to lead. Voters must not all stand at once.
Time Core::draw_follower_deadline(bool has_leader) {
  if (may_lead()) return draw_election_deadline();
  return has_leader ? after(now_, config_.election_timeout) : now_;
}

void Core::election_timed_out() { may_lead() ? begin_prevote() : seek_leader(); }

/// Nobody tells an observer of a new leader, since no voter knows it: it asks one node after the other, the lost leader last (KIP-595: a
/// fetch that times out goes to another of the bootstrap servers). Whoever leads serves it, all others name the leader that they hear.
void Core::seek_leader() {
  // One that has voted for somebody goes on owing the answer.
  const auto* follower = std::get_if<Follower>(&role_);
  if (follower == nullptr || follower->leader) become_follower(std::nullopt);
  std::get<Follower>(role_).deadline = after(now_, config_.heartbeat_interval);
  std::set<NodeId> nodes(config_.bootstrap.begin(), config_.bootstrap.end());
  for (const Voter& voter : voters()) nodes.insert(voter.key.node);
  nodes.erase(self_.node);
  if (nodes.empty()) return;
  const auto next = nodes.upper_bound(asked_);
  asked_ = next == nodes.end() ? *nodes.begin() : *next;
  ask_to_be_served({asked_, DirectoryId()});
}

/// Voters notice by themselves that nobody leads any more; whoever else was served here need not wait until it does.
void Core::dismiss_observers(const Leader& led) {
  for (const auto& [key, peer] : led.peers) {
    if (!voters().contains(key)) send(key, LeaderHint{.leader = std::nullopt});
  }
}

void Core::begin_prevote() {
  Candidate candidate;
  candidate.kind = VoteKind::pre;
  candidate.asked = true;
  candidate.granted.insert(self_);
  candidate.deadline = draw_election_deadline();
  role_ = std::move(candidate);
  for (const Voter& voter : voters()) {
    if (voter.key != self_) send(voter.key, VoteRequest{.kind = VoteKind::pre, .last = log_.last()});
  }
  count_votes();
}

void Core::begin_election() {
  set_hard_state({term() + 1, self_});
  Candidate candidate;
  candidate.kind = VoteKind::real;
  candidate.deadline = draw_election_deadline();
  role_ = std::move(candidate);
}

/// The candidate's own vote may be durable now: then it counts, and the others are asked.
void Core::ask_for_votes() {
  auto& candidate = std::get<Candidate>(role_);
  if (candidate.asked || !durability_.hard_state_durable()) return;
  candidate.asked = true;
  candidate.granted.insert(self_);
  for (const Voter& voter : voters()) {
    if (voter.key != self_) send(voter.key, VoteRequest{.kind = VoteKind::real, .last = log_.last()});
  }
  count_votes();
}

void Core::count_votes() {
  const auto& candidate = std::get<Candidate>(role_);
  std::size_t votes = 0;
  for (const Voter& voter : voters()) votes += candidate.granted.contains(voter.key) ? 1 : 0;
  if (votes < voters().majority()) return;
  if (candidate.kind == VoteKind::pre) {
    begin_election();
  } else {
    become_leader();
  }
}

void Core::become_leader() {
  role_ = Leader();
  auto& leader = std::get<Leader>(role_);
  track_voters();
  leader.first = next_after(log_.last().index);
  leader.heartbeat_at = after(now_, config_.heartbeat_interval);
  append(NewLeader{self_});
  send_to_all(Send::news);
}

/// The leader of this term, if it has been heard lately. How long this node itself would wait before it stands does not matter: if it
/// did, an election would be won when the last of the voters that are needed gives the leader up, not when the first one does.
std::optional<ReplicaKey> Core::leader_heard() const {
  if (leads()) return self_;
  const auto* follower = std::get_if<Follower>(&role_);
  return follower != nullptr && now_ < after(follower->heard, config_.election_timeout) ? follower->leader : std::nullopt;
}

bool Core::grants(const ReplicaKey& candidate, const VoteRequest& request) const {
  const bool up_to_date = request.last >= log_.last();  // section 5.4.1
  if (request.kind == VoteKind::pre) return up_to_date && !leader_heard();
  if (hard_state_.vote) return *hard_state_.vote == candidate;
  return up_to_date && !leader();
}

/// Whether the candidate is a voter does not matter: it may have been made one by an entry that has not come here yet (thesis 4.1).
void Core::on(const ReplicaKey& from, const VoteRequest& request) {
  const bool granted = grants(from, request);
  if (request.kind == VoteKind::pre || !granted) {
    send(from, VoteReply{.kind = request.kind, .granted = granted, .leader = leader_heard()});
    return;
  }
  if (!hard_state_.vote) {
    set_hard_state({term(), from});
    become_follower(std::nullopt);
  }
  // Exhibit raft-vote-not-persisted: a crash forgets the vote, and another candidate of the same term gets one too.
  if (durability_.hard_state_durable() || config_.exhibits.on(Exhibit::raft_vote_not_persisted)) {
    send(from, VoteReply{.kind = VoteKind::real, .granted = true, .leader = std::nullopt});
  } else if (auto* follower = std::get_if<Follower>(&role_)) {
    follower->owed_vote = from;
  }
}

void Core::on(const ReplicaKey& from, const VoteReply& reply) {
  auto* candidate = std::get_if<Candidate>(&role_);
  if (candidate == nullptr || candidate->kind != reply.kind) return;
  if (reply.granted) {
    candidate->granted.insert(from);
    count_votes();
  } else if (reply.leader && *reply.leader != self_) {
    // Hearsay about a leader is no reason to wait for it, only to ask it: two nodes could comfort each other with a dead one for ever.
    ask_to_be_served(*reply.leader);
  }
}

}  // namespace faultline::raft
