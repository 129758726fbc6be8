// Reads without a log entry: thesis 6.4. A leader that a majority still answers after the read came has seen every commit before it.
//
// Its commit index is only known to be complete once an entry of its own term is committed (section 8 of the paper); reads wait for that.
#include "broker/raft/core.h"

namespace faultline::raft {

void Core::on(const ReadIndex& read) {
  auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) {
    effects_.reads.push_back({.id = read.id, .index = std::nullopt});
    return;
  }
  leader->reads.waiting.push_back(read.id);
  begin_read_round(*leader);
}

void Core::begin_read_round(Leader& leader) {
  PendingReads& reads = leader.reads;
  if (reads.waiting.empty() || !reads.in_round.empty() || commit_ < leader.first) return;
  reads.in_round.swap(reads.waiting);
  reads.index = commit_;
  ++leader.read_round;
  send_to_all(Send::heartbeat);
  finish_read_round(leader);
}

void Core::finish_read_round(Leader& leader) {
  if (leader.reads.in_round.empty()) return;
  std::size_t answered = 0;
  for (const Voter& voter : voters()) {
    const bool confirmed = voter.key == self_ || leader.peers.at(voter.key).read_round >= leader.read_round;
    answered += confirmed ? 1 : 0;
  }
  if (answered < voters().majority()) return;
  for (const std::uint64_t id : leader.reads.in_round) effects_.reads.push_back({.id = id, .index = leader.reads.index});
  leader.reads.in_round.clear();
  begin_read_round(leader);
}

void Core::refuse_reads(const PendingReads& reads) {
  for (const std::uint64_t id : reads.in_round) effects_.reads.push_back({.id = id, .index = std::nullopt});
  for (const std::uint64_t id : reads.waiting) effects_.reads.push_back({.id = id, .index = std::nullopt});
}

}  // namespace faultline::raft
