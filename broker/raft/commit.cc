// Proposals, and when they are committed: section 5.4.2 of the paper.
//
// An entry is committed when a majority of the voters in force has it durably, the leader included only if its own disk has it; and
// only an entry of the leader's own term is counted, which commits all before it.
#include <algorithm>
#include <functional>

#include "base/check.h"
#include "broker/raft/core.h"

namespace faultline::raft {

void Core::on(const Propose& propose) {
  ENSURE(!propose.commands.empty());
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return outcome(Refusal::not_leader);
  if (leader->transfer) return outcome(Refusal::transferring);
  const Index first = next_after(log_.last().index);
  for (const Slice& command : propose.commands) append(Command{command});
  appended_since(first);
}

void Core::appended_since(Index first) {
  effects_.proposal = ProposalOutcome{.refusal = Refusal::none, .first = {term(), first}, .last = log_.last()};
  send_to_all(Send::news);
}

/// The greatest index up to which a majority of the voters has the log durably.
Index Core::durable_on_majority(const Leader& leader) const {
  std::vector<Index> ends;
  for (const Voter& voter : voters()) {
    ends.push_back(voter.key == self_ ? durability_.log_end() : leader.peers.at(voter.key).match);
  }
  const auto nth = ends.begin() + static_cast<std::ptrdiff_t>(voters().majority() - 1);
  std::ranges::nth_element(ends, nth, std::greater());
  return *nth;
}

void Core::try_commit() {
  auto& leader = std::get<Leader>(role_);
  const Index index = durable_on_majority(leader);
  if (index <= commit_) return;
  // Exhibit raft-figure-8: a later leader without the entry can still be elected, and overwrite it.
  if (log_.term_at(index) != term() && !config_.exhibits.on(Exhibit::raft_figure_8)) return;
  commit_to(index);
  send_to_all(Send::news);
  begin_read_round(leader);
  leave_if_removed();
}

void Core::commit_to(Index index) {
  ENSURE(index <= log_.last().index);
  for (; commit_ < index; ++commit_) effects_.apply.push_back(log_.at(next_after(commit_)));
}

/// A leader that is not in the committed voters has done its last duty (thesis 4.2.2).
void Core::leave_if_removed() {
  if (is_voter() || voters_.changed_at() > commit_) return;
  const std::optional<ReplicaKey> successor = most_caught_up(std::get<Leader>(role_));
  if (successor) send(*successor, TimeoutNow());
  become_follower(std::nullopt);
}

}  // namespace faultline::raft
