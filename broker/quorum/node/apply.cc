// What is committed goes to the state machine, and what the state machine is goes into snapshots.
//
// One fiber applies. A snapshot of the state is taken between two entries, which costs nobody a wait; writing it, and reading chunks for
// others, is done by fibers of their own. Entries behind the last snapshot but one stay in the log, for those that are a little slow.
#include <utility>

#include "base/check.h"
#include "broker/quorum/node/waiters.h"

namespace faultline::quorum {
namespace {

constexpr TracePoint snapshot_taken{"quorum.snapshot_taken", TraceLevel::info};
constexpr TracePoint snapshot_installed{"quorum.snapshot_installed", TraceLevel::info};
constexpr TracePoint snapshot_unreadable{"quorum.snapshot_unreadable", TraceLevel::warning};
constexpr TracePoint voters_changed{"quorum.voters_changed", TraceLevel::info};

}  // namespace

void Node::apply_committed() {
  while (!ended_) {
    const raft::Position before = applied_;
    if (const Result<> result = apply_all(); !result) return fail(result.error());
    if (applied_ != before || view() != told_) {
      told_ = view();
      const NoSuspend whole;
      machine_.stepped();
      consider_snapshot();
    } else if (!to_do_.wait()) {
      return;
    }
  }
}

Result<> Node::apply_all() {
  while (!ended_ && (reset_ || !to_apply_.empty())) {
    if (reset_) {
      TRY(install(PendingReset(*reset_)));
      continue;
    }
    const NoSuspend whole;
    const raft::Entry entry = std::move(to_apply_.front());
    to_apply_.pop_front();
    ENSURE(entry.at.index == raft::next_after(applied_.index));
    TRY(machine_.apply(entry));
    applied(entry);
  }
  return {};
}

void Node::applied(const raft::Entry& entry) {
  applied_bytes_ += entry.size_bytes();
  settle(entry.at);
  if (const auto* changed = std::get_if<raft::VotersChanged>(&entry.body)) {
    env_.trace.emit(voters_changed, {{"index", entry.at.index.value()}, {"voters", changed->voters.size()}});
  }
}

/// `pending` may be replaced by a newer one whenever this waits; then that one is installed next.
Result<> Node::install(const PendingReset& pending) {
  const raft::SnapshotMeta& snapshot = pending.snapshot;
  const auto replaced = [&] { return !reset_ || reset_->snapshot.last != snapshot.last; };
  TRY(durable_.wait_until([&] { return ended_ || replaced() || persisted_ >= pending.sequence; }));
  if (ended_ || replaced()) return {};
  const Result<Slice> data = store_->read_snapshot(snapshot, 0, static_cast<std::size_t>(snapshot.size_bytes));
  if (ended_ || replaced()) return {};
  if (!data) return data.error();
  if (data->size() != snapshot.size_bytes) return Error(Errc::corrupt, "a snapshot of the quorum is too short");
  reset_.reset();
  const NoSuspend whole;
  TRY(machine_.reset(snapshot.last, *data));
  applied_bytes_ = 0;
  settle(snapshot.last);
  env_.trace.emit(snapshot_installed, {{"index", snapshot.last.index.value()}, {"bytes", snapshot.size_bytes}});
  return {};
}

/// The state machine has everything up to here.
void Node::settle(raft::Position up_to) {
  const bool newer_term = up_to.term > applied_.term;
  applied_ = up_to;
  const auto finish = [this](auto it) {
    AppliedWaiter& waiter = *it->second;
    waiter.finish(known_outcome(waiter.position));
    return waiters_.erase(it);
  };
  for (auto it = waiters_.begin(); it != waiters_.end() && it->first <= up_to.index;) it = finish(it);
  if (!newer_term) return;
  for (auto it = waiters_.begin(); it != waiters_.end();)
    it = it->second->position.term < up_to.term ? finish(it) : std::next(it);
}

/// Requires: everything up to the position, or something of a later term, is applied.
Result<> Node::known_outcome(const raft::Position& position) const {
  const auto replaced = [] { return Error(Errc::closed, "another entry took its place"); };
  if (position == applied_) return {};
  // Terms never fall along the log: what is missing by now never comes.
  if (position.index > applied_.index) return replaced();
  const std::optional<raft::Term> term = core_.log().term_at(position.index);
  if (!term) return Error(Errc::unsupported, "it is not known what was there: a snapshot has taken its place");
  if (*term != position.term) return replaced();
  return {};
}

void Node::consider_snapshot() {
  if (taking_snapshot_ || applied_bytes_ < config_.snapshot_after_bytes) return;
  taking_snapshot_ = true;
  applied_bytes_ = 0;
  tasks_.spawn("quorum snapshot", [this, last = applied_, data = machine_.snapshot()] {
    const Result<> taken = take_snapshot(last, data);
    taking_snapshot_ = false;
    if (!taken) fail(taken.error());
  });
}

Result<> Node::take_snapshot(raft::Position last, const Slice& data) {
  // What is committed may not be durable here yet, if others are faster. And meanwhile a newer snapshot may have come from the leader.
  const auto overtaken = [&] { return ended_ || core_.snapshot().last.index >= last.index; };
  TRY(durable_.wait_until([&] { return overtaken() || core_.durable_index() >= last.index; }));
  if (overtaken()) return {};
  const raft::SnapshotMeta snapshot = core_.describe_snapshot(last.index, data.size());
  ENSURE(snapshot.last == last);
  TRY(store_->write_snapshot(snapshot, data));
  if (overtaken()) return {};
  env_.trace.emit(snapshot_taken, {{"index", last.index.value()}, {"bytes", data.size()}});
  step(raft::SnapshotTaken{.snapshot = snapshot, .discard_to = core_.snapshot().last.index});
  std::vector<raft::Position> keep = core_.snapshots_in_transfer();
  if (reset_) keep.push_back(reset_->snapshot.last);
  return store_->remove_snapshots_but(keep);
}

void Node::send_chunks() {
  while (!chunks_.empty() && !ended_) {
    raft::ChunkToSend chunk = std::move(chunks_.front());
    chunks_.pop_front();
    // No answer is one: the core asks again.
    if (const Result<> sent = send_chunk(std::move(chunk)); !sent) {
      env_.trace.emit(snapshot_unreadable, {{"error", to_string(sent.error().code)}});
    }
  }
  sending_chunks_ = false;
}

Result<> Node::send_chunk(raft::ChunkToSend chunk) {
  auto& body = std::get<raft::SnapshotChunk>(chunk.message.body);
  body.data = TRY(store_->read_snapshot(body.snapshot, body.offset, chunk.size_bytes));
  if (body.data.size() != chunk.size_bytes) return Error(Errc::corrupt, "a snapshot of the quorum is too short");
  transport_.send(std::move(chunk.message));
  return {};
}

}  // namespace faultline::quorum
