// The leader's side of section 5.3 of the paper: what to send to whom next.
//
// One function decides for all occasions: send_to(news) after anything that may have made something sendable, send_to(heartbeat) when
// a node must hear that the leader lives. A heartbeat names the entry behind which the next one would go; if that is not there, entries
// were lost on the way, the answer says so, and the leader probes again.
#include <algorithm>

#include "base/check.h"
#include "broker/raft/core.h"

namespace faultline::raft {

void Core::leader_timed_out(Leader& leader) {
  if (now_ >= quorum_lost_at(leader)) {
    become_follower(std::nullopt);
    return;
  }
  if (leader.transfer && now_ >= leader.transfer->deadline) leader.transfer.reset();
  if (now_ < leader.heartbeat_at) return;
  leader.heartbeat_at = after(now_, config_.heartbeat_interval);
  forget_silent_observers(leader);
  send_to_all(Send::heartbeat);
}

void Core::send_to_all(Send what) {
  for (auto& [key, peer] : std::get<Leader>(role_).peers) send_to(key, peer, what);
}

void Core::send_to(const ReplicaKey& key, Progress& peer, Send what) {
  const bool transferring = std::holds_alternative<Transferring>(peer.state);
  if (!transferring && before(peer.next) < log_.base().index) begin_transfer_of_snapshot(peer);
  if (auto* probe = std::get_if<Probe>(&peer.state)) {
    if (probe->asked && what == Send::news) return;
    probe->asked = true;
    send_append(key, peer, log_.last().index);
  } else if (auto* replicating = std::get_if<Replicate>(&peer.state)) {
    replicate(key, peer, *replicating, what);
  } else {
    transfer_snapshot(key, std::get<Transferring>(peer.state), what);
  }
}

void Core::replicate(const ReplicaKey& key, Progress& peer, Replicate& state, Send what) {
  bool spoke = false;
  while (peer.next <= log_.last().index && state.inflight.size() < config_.max_inflight_appends) {
    const Index end = send_append(key, peer, log_.last().index);
    state.inflight.push_back(end);
    peer.next = next_after(end);
    spoke = true;
  }
  // A commit is worth a message of its own: brokers wait for it.
  const bool silent_commit = peer.commit_sent < commit_;
  if (!spoke && (what == Send::heartbeat || silent_commit)) send_append(key, peer, before(peer.next));
}

/// Sends what lies between peer.next and `last`, as much as fits. Returns: the last index that was sent.
Index Core::send_append(const ReplicaKey& key, Progress& peer, Index last) {
  const Index previous = before(peer.next);
  AppendRequest request;
  request.previous = {*log_.term_at(previous), previous};
  if (peer.next <= last) request.entries = log_.read(peer.next, last, config_.max_append_bytes);
  request.commit = commit_;
  request.read_round = std::get<Leader>(role_).read_round;
  const Index end = previous + static_cast<std::int64_t>(request.entries.size());
  peer.commit_sent = commit_;
  send(key, std::move(request));
  return end;
}

/// A node has answered in this term. Returns: nothing if it is not served here.
Progress* Core::heard_from(const ReplicaKey& peer, std::uint64_t read_round) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return nullptr;
  const auto it = leader->peers.find(peer);
  if (it == leader->peers.end()) return nullptr;
  Progress& progress = it->second;
  progress.heard = now_;
  progress.read_round = std::max(progress.read_round, read_round);
  return &progress;
}

/// Whether entries can follow now, or a newer snapshot: the one under way may be older than the log's beginning by now.
bool Core::knows_enough(const Progress& peer, Index received) const {
  const auto* transferring = std::get_if<Transferring>(&peer.state);
  return transferring == nullptr || received >= std::min(log_.base().index, transferring->snapshot.last.index);
}

void Core::on(const ReplicaKey& from, const AppendAccepted& reply) {
  Progress* peer = heard_from(from, reply.read_round);
  if (peer == nullptr || reply.received > log_.last().index) return;
  peer->match = std::max(peer->match, reply.durable);
  peer->next = std::max(peer->next, next_after(peer->match));
  if (auto* replicating = std::get_if<Replicate>(&peer->state)) {
    while (!replicating->inflight.empty() && replicating->inflight.front() <= reply.received) replicating->inflight.pop_front();
    peer->next = std::max(peer->next, next_after(reply.received));
  } else if (knows_enough(*peer, reply.received)) {
    peer->state = Replicate();
    peer->next = next_after(std::max(peer->match, reply.received));
  }
  try_commit();
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return;
  send_to(from, *peer, Send::news);
  drive_transfer(*leader);
  finish_read_round(*leader);
}

void Core::on(const ReplicaKey& from, const AppendRejected& reply) {
  Progress* peer = heard_from(from, reply.read_round);
  if (peer == nullptr) return;
  const bool probing = std::holds_alternative<Probe>(peer->state);
  // Late answers: to a probe that is over, or about entries that were acknowledged since.
  const bool late =
      reply.previous <= peer->match || reply.previous >= peer->next || (probing && reply.previous != before(peer->next));
  if (!late && !std::holds_alternative<Transferring>(peer->state)) {
    const Position bound{reply.hint.term, std::min(reply.hint.index, before(reply.previous))};
    const Index common = bound.index < log_.base().index ? bound.index : log_.last_not_after(bound).index;
    peer->next = next_after(std::max(peer->match, common));
    peer->state = Probe();
    send_to(from, *peer, Send::news);
  }
  finish_read_round(std::get<Leader>(role_));
}

/// An observer, or a voter that hears nothing from here.
void Core::on(const ReplicaKey& from, const Observe& observe) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) {
    send(from, LeaderHint{.leader = leader_heard()});
    return;
  }
  const auto [it, added] = leader->peers.try_emplace(from);
  Progress& peer = it->second;
  if (added || !voters().contains(from)) peer.heard = now_;
  if (!std::holds_alternative<Transferring>(peer.state)) {
    peer.next = std::max(next_after(peer.match), next_after(std::min(observe.last.index, log_.last().index)));
    peer.state = Probe();
  }
  send_to(from, peer, Send::heartbeat);
}

}  // namespace faultline::raft
