// Messages in words, one line each.
#include "broker/raft/messages.h"

#include <fmt/format.h>

#include "broker/raft/effects.h"

namespace faultline::raft {

namespace {

std::string name_of(const std::optional<ReplicaKey>& key) { return key ? to_string(*key) : "nobody"; }
std::string_view name_of(VoteKind kind) { return kind == VoteKind::pre ? "pre-vote" : "vote"; }

struct Words {
  std::string operator()(const VoteRequest& m) const { return fmt::format("{}? last {}", name_of(m.kind), to_string(m.last)); }
  std::string operator()(const VoteReply& m) const {
    if (m.granted) return fmt::format("{} granted", name_of(m.kind));
    return fmt::format("{} refused, hears {}", name_of(m.kind), name_of(m.leader));
  }
  std::string operator()(const AppendRequest& m) const {
    const std::string what =
        m.entries.empty() ? "heartbeat" : fmt::format("append {} to {}", m.entries.size(), to_string(m.entries.back().at));
    return fmt::format("{} after {}, commit {}, round {}", what, to_string(m.previous), m.commit.value(), m.read_round);
  }
  std::string operator()(const AppendAccepted& m) const {
    return fmt::format("accepted {}, durable {}, round {}", m.received.value(), m.durable.value(), m.read_round);
  }
  std::string operator()(const AppendRejected& m) const {
    return fmt::format("rejected after {}, hint {}", m.previous.value(), to_string(m.hint));
  }
  std::string operator()(const SnapshotChunk& m) const {
    return fmt::format("snapshot {} bytes {}+{} of {}", to_string(m.snapshot.last), m.offset, m.data.size(),
                       m.snapshot.size_bytes);
  }
  std::string operator()(const SnapshotProgress& m) const {
    return fmt::format("snapshot {} received {}", to_string(m.snapshot), m.received_bytes);
  }
  std::string operator()(const TimeoutNow&) const { return "timeout now"; }
  std::string operator()(const Observe& m) const { return fmt::format("serve me after {}", to_string(m.last)); }
  std::string operator()(const LeaderHint& m) const { return fmt::format("ask {}", name_of(m.leader)); }
};

}  // namespace

std::string to_string(const Message& message) {
  return fmt::format("{} -> {} term {}: {}", to_string(message.from), to_string(message.to), message.term.value(),
                     std::visit(Words(), message.body));
}

std::string_view to_string(Refusal refusal) {
  switch (refusal) {
    case Refusal::none: return "none";
    case Refusal::not_leader: return "not_leader";
    case Refusal::transferring: return "transferring";
    case Refusal::change_in_progress: return "change_in_progress";
    case Refusal::term_not_committed: return "term_not_committed";
    case Refusal::not_caught_up: return "not_caught_up";
    case Refusal::already_voter: return "already_voter";
    case Refusal::not_a_voter: return "not_a_voter";
    case Refusal::last_voter: return "last_voter";
  }
  return "unknown";
}

}  // namespace faultline::raft
