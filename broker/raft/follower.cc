// The receiver of appends: section 5.3 of the paper.
//
// What matches is skipped, so that late and repeated messages cut nothing off. What contradicts is cut off, but never below the commit
// index: that would mean that the protocol is broken, and the node stops. Only what a sync has covered is acknowledged.
#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"
#include "broker/raft/core.h"

namespace faultline::raft {

/// The sender leads this term: follow it. Nothing: this cannot be, and the core has failed.
Follower* Core::follow(const ReplicaKey& leader, std::uint64_t read_round) {
  if (this->leader() && *this->leader() != leader) {
    fail(fmt::format("two leaders: {} and {}", to_string(*this->leader()), to_string(leader)));
    return nullptr;
  }
  if (!this->leader()) become_follower(leader);
  auto& follower = std::get<Follower>(role_);
  follower.heard = now_;
  follower.deadline = draw_follower_deadline(true);
  asked_ = leader.node;
  last_followed_ = HeardLeader{leader.node, now_};
  follower.read_round = std::max(follower.read_round, read_round);
  return &follower;
}

void Core::on(const ReplicaKey& from, AppendRequest& request) {
  Follower* follower = follow(from, request.read_round);
  if (follower == nullptr) return;
  skip_discarded(request);
  if (!log_.has(request.previous)) {
    const Position hint = log_.last_not_after(request.previous);
    send(from, AppendRejected{.previous = request.previous.index, .hint = hint, .read_round = follower->read_round});
    return;
  }
  const Index end = request.previous.index + static_cast<std::int64_t>(request.entries.size());
  if (!accept_entries(request.entries, end)) return;
  follower->received = std::max(follower->received, end);
  commit_to(std::min(request.commit, end));
  answer_leader();
}

/// Entries that are in a snapshot here are committed, hence the same as the leader's.
void Core::skip_discarded(AppendRequest& request) const {
  const Position& base = log_.base();
  if (request.previous.index >= base.index) return;
  std::erase_if(request.entries, [&](const Entry& entry) { return entry.at.index <= base.index; });
  request.previous = base;
}

bool Core::accept_entries(std::vector<Entry>& entries, Index end) {
  // Exhibit redpanda-17731: a delayed append takes itself for the end of the log.
  const bool cut = config_.exhibits.on(Exhibit::redpanda_17731) && !entries.empty() && end < log_.last().index;
  if (cut && !truncate_behind(end)) return false;
  const auto news = std::ranges::find_if_not(entries, [this](const Entry& entry) { return log_.has(entry.at); });
  if (news == entries.end()) return true;
  if (news->at.index <= log_.last().index && !truncate_behind(before(news->at.index))) return false;
  std::for_each(news, entries.end(), [this](Entry& entry) { append_to_log(std::move(entry)); });
  return true;
}

/// Returns: false if that would undo what is committed.
bool Core::truncate_behind(Index index) {
  if (index < commit_) {
    fail(fmt::format("asked to truncate to {}, but {} is committed", index.value(), commit_.value()));
    return false;
  }
  write_sequence();
  effects_.writes.truncate_to = index;
  log_.truncate_to(index);
  voters_.truncate_to(index);
  durability_.truncated_to(index);
  auto& follower = std::get<Follower>(role_);
  follower.received = std::min(follower.received, index);
  return true;
}

/// Tells the leader how far the logs are the same, and how much of that is durable; later, if this node's term is not yet durable.
void Core::answer_leader() {
  auto& follower = std::get<Follower>(role_);
  follower.owes_answer = !durability_.hard_state_durable();
  if (follower.owes_answer) return;
  follower.acknowledged = std::min(follower.received, durability_.log_end());
  send(*follower.leader,
       AppendAccepted{.received = follower.received, .durable = follower.acknowledged, .read_round = follower.read_round});
}

void Core::follower_persisted(Follower& follower) {
  if (!durability_.hard_state_durable()) return;
  if (follower.owed_vote) {
    send(*follower.owed_vote, VoteReply{.kind = VoteKind::real, .granted = true, .leader = std::nullopt});
    follower.owed_vote.reset();
  }
  const bool news = std::min(follower.received, durability_.log_end()) > follower.acknowledged;
  if (follower.leader && (follower.owes_answer || news)) answer_leader();
}

void Core::ask_to_be_served(const ReplicaKey& node) {
  send(node, Observe{.last = log_.last()});
  if (!may_lead() && !leader()) std::get<Follower>(role_).deadline = after(now_, config_.heartbeat_interval);
}

void Core::on(const ReplicaKey& from, const LeaderHint& hint) {
  if (leader() == from && !may_lead()) become_follower(std::nullopt);
  if (!hint.leader || *hint.leader == self_ || *hint.leader == from || leader_heard()) return;
  ask_to_be_served(*hint.leader);
}

}  // namespace faultline::raft
