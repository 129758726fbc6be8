// Construction, the dispatch of a step, and the few ways in which any file changes what is durable.
#include "broker/raft/core.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/check.h"

namespace faultline::raft {

namespace {

/// Whether the log on the disk goes on where the snapshot ends. It does not after a crash between the naming of an installed snapshot
/// and the emptying of the log.
bool agrees(const SnapshotMeta& snapshot, const std::vector<Entry>& entries) {
  if (entries.empty() || entries.front().at.index == next_after(snapshot.last.index)) return true;
  return std::ranges::find(entries, snapshot.last, &Entry::at) != entries.end();
}

Log log_behind(const SnapshotMeta& snapshot, std::vector<Entry> entries) {
  if (!agrees(snapshot, entries)) return {snapshot.last, {}};
  std::erase_if(entries, [&](const Entry& entry) { return entry.at.index <= snapshot.last.index; });
  return {snapshot.last, std::move(entries)};
}

}  // namespace

Recovered Recovered::bootstrap(VoterSet voters) {
  Recovered result;
  result.entries.push_back({{Term(0), Index(1)}, VotersChanged{std::move(voters)}});
  return result;
}

Core::Core(Config config, ReplicaKey self, Recovered recovered, RandomStream random, Time now)
    : config_(std::move(config)),
      self_(self),
      hard_state_(recovered.hard_state),
      snapshot_(std::move(recovered.snapshot)),
      voters_(snapshot_.last.index, snapshot_.voters),
      durability_(Index()),
      commit_(snapshot_.last.index),
      random_(random),
      now_(now) {
  ENSURE(config_.validate().has_value());
  ENSURE(self_.directory.known());
  const bool contradicted = !agrees(snapshot_, recovered.entries);
  log_ = log_behind(snapshot_, std::move(recovered.entries));
  durability_ = Durability(log_.last().index);
  for (Index index = next_after(log_.base().index); index <= log_.last().index; ++index) {
    if (const auto* changed = std::get_if<VotersChanged>(&log_.at(index).body)) voters_.changed(index, changed->voters);
  }
  if (contradicted) {
    write_sequence();
    effects_.writes.reset_log = snapshot_.last;
  }
  // The log outlived a term that was adopted for it. No vote of that term was answered, or it would have outlived too.
  if (log_.last().term > term()) set_hard_state({log_.last().term, std::nullopt});
  if (snapshot_.last.index > Index()) effects_.reset = snapshot_;
  become_follower(std::nullopt);
  // Who is the only voter has nobody to wait for.
  if (is_voter() && voters().size() == 1) std::get<Follower>(role_).deadline = now;
}

Effects Core::start() { return std::exchange(effects_, {}); }

Effects Core::step(Time now, Input input) {
  ENSURE(!failed_);
  ENSURE(now >= now_);
  now_ = now;
  std::visit([this](auto& happened) { on(happened); }, input);
  return std::exchange(effects_, {});
}

Time Core::next_deadline() const {
  if (const auto* follower = std::get_if<Follower>(&role_)) return follower->deadline;
  if (const auto* candidate = std::get_if<Candidate>(&role_)) return candidate->deadline;
  const Leader& leader = std::get<Leader>(role_);
  const Time next = std::min(leader.heartbeat_at, quorum_lost_at(leader));
  return leader.transfer ? std::min(next, leader.transfer->deadline) : next;
}

std::optional<ReplicaKey> Core::leader() const {
  if (leads()) return self_;
  const auto* follower = std::get_if<Follower>(&role_);
  return follower == nullptr ? std::nullopt : follower->leader;
}

void Core::on(Tick) {
  if (now_ < next_deadline()) return;
  if (auto* leader = std::get_if<Leader>(&role_)) {
    leader_timed_out(*leader);
  } else {
    election_timed_out();
  }
}

void Core::on(const Persisted& persisted) {
  durability_.persisted(persisted.sequence);
  if (auto* follower = std::get_if<Follower>(&role_)) {
    follower_persisted(*follower);
  } else if (std::holds_alternative<Candidate>(role_)) {
    ask_for_votes();
  } else {
    try_commit();
  }
}

void Core::on(Received& received) {
  Message& message = received.message;
  if (message.to.node != self_.node || message.from == self_) return;
  if (message.to.directory.known() && message.to != self_) return;
  if (message.term > term()) adopt_term(message.term);
  // An observer that asks to be served may have slept through any number of terms.
  if (message.term < term() && !std::holds_alternative<Observe>(message.body)) {
    answer_outdated(message);
    return;
  }
  std::visit([&](auto& body) { on(message.from, body); }, message.body);
}

/// Who asks on behalf of an older term learns of this one. Old answers are of no use to anybody.
void Core::answer_outdated(const Message& message) {
  if (const auto* vote = std::get_if<VoteRequest>(&message.body)) {
    send(message.from, VoteReply{.kind = vote->kind, .granted = false, .leader = leader_heard()});
  } else if (const auto* append = std::get_if<AppendRequest>(&message.body)) {
    send(message.from, AppendRejected{.previous = append->previous.index, .hint = log_.base(), .read_round = 0});
  } else if (const auto* chunk = std::get_if<SnapshotChunk>(&message.body)) {
    send(message.from, SnapshotProgress{.snapshot = chunk->snapshot.last, .received_bytes = 0, .read_round = 0});
  }
}

void Core::send(const ReplicaKey& to, MessageBody body) { effects_.send.push_back({self_, to, term(), std::move(body)}); }

/// The number under which this step's writes become durable.
std::uint64_t Core::write_sequence() {
  if (effects_.writes.sequence == 0) effects_.writes.sequence = durability_.begin_write();
  return effects_.writes.sequence;
}

void Core::set_hard_state(HardState state) {
  hard_state_ = state;
  effects_.writes.hard_state = state;
  durability_.hard_state_written(write_sequence());
}

/// As the leader.
void Core::append(std::variant<NewLeader, Command, VotersChanged> body) {
  append_to_log({{term(), next_after(log_.last().index)}, std::move(body)});
}

void Core::append_to_log(Entry entry) {
  const Index index = entry.at.index;
  durability_.appended(index, index, write_sequence());
  if (const auto* changed = std::get_if<VotersChanged>(&entry.body)) voters_.changed(index, changed->voters);
  effects_.writes.append.push_back(entry);
  log_.append(std::move(entry));
}

void Core::fail(std::string what) {
  failed_ = true;
  if (!effects_.fatal) effects_.fatal = fmt::format("node {}, term {}: {}", self_.node.value(), term().value(), what);
}

}  // namespace faultline::raft
