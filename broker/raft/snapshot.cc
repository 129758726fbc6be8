// Snapshots: section 7 of the paper. The driver makes them and holds their bytes; the core decides what they replace, and to whom they
// travel. A chunk is under way to each receiver at a time; who has lost its part, or its leader, begins again at the start.
#include <algorithm>

#include "base/check.h"
#include "broker/raft/core.h"

namespace faultline::raft {

SnapshotMeta Core::describe_snapshot(Index index, std::uint64_t size_bytes) const {
  ENSURE(index <= commit_);
  ENSURE(index <= durability_.log_end());
  const std::optional<Term> term = log_.term_at(index);
  ENSURE(term.has_value());
  return {.last = {*term, index}, .voters = voters_.at(index), .size_bytes = size_bytes};
}

/// One that is behind a snapshot installed meanwhile is of no use any more.
void Core::on(const SnapshotTaken& taken) {
  const Index index = taken.snapshot.last.index;
  if (index <= snapshot_.last.index) return;
  ENSURE(index <= commit_);
  ENSURE(taken.discard_to <= index);
  snapshot_ = taken.snapshot;
  if (taken.discard_to <= log_.base().index) return;
  log_.discard_to(taken.discard_to);
  voters_.discard_to(taken.discard_to);
  effects_.writes.discard_to = taken.discard_to;
}

std::vector<Position> Core::snapshots_in_transfer() const {
  std::vector<Position> result;
  const auto* leader = std::get_if<Leader>(&role_);
  if (leader == nullptr) return result;
  for (const auto& [key, peer] : leader->peers) {
    if (const auto* state = std::get_if<Transferring>(&peer.state)) result.push_back(state->snapshot.last);
  }
  return result;
}

void Core::begin_transfer_of_snapshot(Progress& peer) {
  ENSURE(snapshot_.last.index >= log_.base().index);
  Transferring state;
  state.snapshot = snapshot_;
  peer.state = std::move(state);
}

void Core::transfer_snapshot(const ReplicaKey& key, Transferring& state, Send what) {
  const bool lost = now_ >= after(state.asked_at, config_.election_timeout);
  if (!state.asked || (what == Send::heartbeat && lost)) send_chunk(key, state);
  if (what == Send::news) return;
  // It matches everywhere, so it only says that the leader lives.
  AppendRequest heartbeat;
  heartbeat.read_round = std::get<Leader>(role_).read_round;
  send(key, std::move(heartbeat));
}

void Core::send_chunk(const ReplicaKey& key, Transferring& state) {
  state.asked = true;
  state.asked_at = now_;
  const std::uint64_t rest = state.snapshot.size_bytes - state.offset;
  const std::size_t size = rest < config_.snapshot_chunk_bytes ? static_cast<std::size_t>(rest) : config_.snapshot_chunk_bytes;
  SnapshotChunk chunk{
      .snapshot = state.snapshot, .offset = state.offset, .data = {}, .read_round = std::get<Leader>(role_).read_round};
  effects_.chunks.push_back({Message{self_, key, term(), std::move(chunk)}, size});
}

void Core::on(const ReplicaKey& from, const SnapshotProgress& progress) {
  Progress* peer = heard_from(from, progress.read_round);
  if (peer == nullptr) return;
  auto* state = std::get_if<Transferring>(&peer->state);
  if (state != nullptr && state->snapshot.last == progress.snapshot && progress.received_bytes <= state->snapshot.size_bytes) {
    // The same answer twice must not set two chunks on their way. Backwards only to the start, after a restart over there.
    const bool lost = progress.received_bytes == 0 && state->offset > 0;
    if (progress.received_bytes > state->offset || lost) {
      state->offset = progress.received_bytes;
      send_chunk(from, *state);
    }
  }
  finish_read_round(std::get<Leader>(role_));
}

void Core::on(const ReplicaKey& from, SnapshotChunk& chunk) {
  Follower* follower = follow(from, chunk.read_round);
  if (follower == nullptr) return;
  const SnapshotMeta& snapshot = chunk.snapshot;
  if (snapshot.last.index <= commit_) {
    // What is committed is the same everywhere.
    follower->received = std::max(follower->received, snapshot.last.index);
    answer_leader();
    return;
  }
  std::optional<Incoming>& incoming = follower->incoming;
  const bool known = incoming && incoming->snapshot.last == snapshot.last;
  if (!known && chunk.offset == 0) incoming = Incoming{.snapshot = snapshot, .received_bytes = 0};
  std::uint64_t received = known || chunk.offset == 0 ? incoming->received_bytes : 0;
  const bool expected = (known || chunk.offset == 0) && chunk.offset == received;
  if (expected && chunk.data.size() <= incoming->snapshot.size_bytes - received) {
    received += chunk.data.size();
    incoming->received_bytes = received;
    effects_.writes.chunk = ChunkWrite{.snapshot = incoming->snapshot, .offset = chunk.offset, .data = std::move(chunk.data)};
    if (received == incoming->snapshot.size_bytes) return install(SnapshotMeta(incoming->snapshot));
  }
  send(from, SnapshotProgress{.snapshot = snapshot.last, .received_bytes = received, .read_round = follower->read_round});
}

/// Section 7: a log that holds the snapshot's last entry keeps what is behind it, any other is replaced.
void Core::install(const SnapshotMeta& snapshot) {
  const Position last = snapshot.last;
  const bool keep_log = log_.has(last);
  effects_.writes.install = snapshot;
  durability_.installed(keep_log ? last.index : commit_, last.index, keep_log, write_sequence());
  if (keep_log) {
    log_.discard_to(last.index);
    voters_.discard_to(last.index);
    effects_.writes.discard_to = last.index;
  } else {
    log_.reset(last);
    voters_ = VoterHistory(last.index, snapshot.voters);
    effects_.writes.reset_log = last;
  }
  snapshot_ = snapshot;
  commit_ = last.index;
  effects_.reset = snapshot;
  auto& follower = std::get<Follower>(role_);
  follower.incoming.reset();
  follower.received = std::max(follower.received, last.index);
  answer_leader();
}

}  // namespace faultline::raft
