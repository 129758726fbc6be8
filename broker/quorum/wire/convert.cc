#include "broker/quorum/wire/convert.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "broker/protocol/endian.h"

namespace faultline::quorum::wire {
namespace {

Error broken(std::string_view promise) { return Error(Errc::malformed, std::string(promise)); }

// ---- to the wire ----

ReplicaKey to_wire(const raft::ReplicaKey& key) { return {key.node.value(), Uuid::of(key.directory.high, key.directory.low)}; }

std::optional<ReplicaKey> to_wire(const std::optional<raft::ReplicaKey>& key) {
  if (!key) return std::nullopt;
  return to_wire(*key);
}

Position to_wire(const raft::Position& position) { return {position.term.value(), position.index.value()}; }

std::vector<Voter> to_wire(const raft::VoterSet& voters) {
  std::vector<Voter> result;
  result.reserve(voters.size());
  for (const raft::Voter& voter : voters) result.push_back({to_wire(voter.key), voter.endpoint});
  return result;
}

struct EntryBody {
  Entry& entry;

  void operator()(const raft::NewLeader& body) const { entry.leader = to_wire(body.leader); }
  void operator()(const raft::Command& body) const { entry.command = Records(body.data); }
  void operator()(const raft::VotersChanged& body) const { entry.voters = to_wire(body.voters); }
};

Entry to_wire(const raft::Entry& entry) {
  Entry result{.at = to_wire(entry.at), .command = std::nullopt, .leader = std::nullopt, .voters = std::nullopt};
  std::visit(EntryBody{result}, entry.body);
  return result;
}

SnapshotMeta to_wire(const raft::SnapshotMeta& snapshot) {
  return {to_wire(snapshot.last), to_wire(snapshot.voters), snapshot.size_bytes};
}

// ---- from the wire ----

Result<raft::ReplicaKey> from_wire(const ReplicaKey& key) {
  if (key.node < 0) return broken("negative node id");
  return raft::ReplicaKey{.node = raft::NodeId(key.node), .directory = directory_of(key.directory)};
}

Result<std::optional<raft::ReplicaKey>> from_wire(const std::optional<ReplicaKey>& key) {
  if (!key) return std::optional<raft::ReplicaKey>();
  const raft::ReplicaKey known = TRY(from_wire(*key));
  return std::optional(known);
}

/// So far below the greatest number that an index can be counted on from without care.
constexpr std::int64_t index_max = std::numeric_limits<std::int64_t>::max() / 2;

Result<raft::Index> index_from_wire(std::int64_t index) {
  if (index < 0 || index > index_max) return broken("an index that no log has");
  return raft::Index(index);
}

Result<raft::Position> from_wire(const Position& position) {
  if (position.term < 0) return broken("negative term");
  const raft::Index index = TRY(index_from_wire(position.index));
  return raft::Position{raft::Term(position.term), index};
}

Result<raft::VoterSet> from_wire(const std::vector<Voter>& voters) {
  std::vector<raft::Voter> result;
  result.reserve(voters.size());
  for (const Voter& voter : voters) {
    const raft::ReplicaKey key = TRY(from_wire(voter.key));
    result.push_back({key, voter.endpoint});
  }
  std::vector<raft::NodeId> nodes;
  nodes.reserve(result.size());
  for (const raft::Voter& voter : result) nodes.push_back(voter.key.node);
  std::ranges::sort(nodes);
  if (std::ranges::adjacent_find(nodes) != nodes.end()) return broken("a node is two voters");
  return raft::VoterSet(std::move(result));
}

Result<raft::Entry> from_wire(const Entry& entry) {
  const int bodies = static_cast<int>(entry.command.has_value()) + static_cast<int>(entry.leader.has_value()) +
                     static_cast<int>(entry.voters.has_value());
  if (bodies != 1) return broken("an entry is not just one of command, leader, voters");
  const raft::Position at = TRY(from_wire(entry.at));
  if (entry.command) return raft::Entry{at, raft::Command{entry.command->joined()}};
  if (entry.leader) {
    const raft::ReplicaKey leader = TRY(from_wire(*entry.leader));
    return raft::Entry{at, raft::NewLeader{leader}};
  }
  raft::VoterSet voters = TRY(from_wire(entry.voters.value_or(std::vector<Voter>())));
  return raft::Entry{at, raft::VotersChanged{std::move(voters)}};
}

Result<raft::SnapshotMeta> from_wire(const SnapshotMeta& snapshot) {
  const raft::Position last = TRY(from_wire(snapshot.last));
  raft::VoterSet voters = TRY(from_wire(snapshot.voters));
  return raft::SnapshotMeta{last, std::move(voters), snapshot.size_bytes};
}

Result<raft::VoteKind> vote_kind_from_wire(std::int8_t kind) {
  for (const raft::VoteKind known : {raft::VoteKind::pre, raft::VoteKind::real}) {
    if (kind == static_cast<std::int8_t>(known)) return known;
  }
  return broken("unknown kind of vote");
}

/// The core appends these as they come: one after the other, in terms that never fall and never exceed the sender's.
Result<> check_consecutive(const raft::AppendRequest& request, std::int32_t sender_term) {
  raft::Position last = request.previous;
  for (const raft::Entry& entry : request.entries) {
    if (entry.at.index != raft::next_after(last.index)) return broken("entries with a gap");
    if (entry.at.term < last.term) return broken("entries in falling terms");
    last = entry.at;
  }
  if (last.term.value() > sender_term) return broken("entries of a term after the sender's");
  return {};
}

}  // namespace

Uuid uuid_of(const raft::DirectoryId& directory) { return Uuid::of(directory.high, directory.low); }

raft::DirectoryId directory_of(const Uuid& id) {
  constexpr std::size_t half = sizeof(std::uint64_t);
  return {.high = protocol::load_be<std::uint64_t>(id.bytes.data()),
          .low = protocol::load_be<std::uint64_t>(id.bytes.data() + half)};
}

Envelope to_wire(const std::string& cluster_id, const raft::Message& message) {
  return {.cluster_id = cluster_id, .from = to_wire(message.from), .to = to_wire(message.to), .term = message.term.value()};
}

VoteRequest to_wire(const raft::VoteRequest& body) {
  return {.envelope = {}, .kind = static_cast<std::int8_t>(body.kind), .last = to_wire(body.last)};
}

VoteReply to_wire(const raft::VoteReply& body) {
  return {.envelope = {}, .kind = static_cast<std::int8_t>(body.kind), .granted = body.granted, .leader = to_wire(body.leader)};
}

AppendRequest to_wire(const raft::AppendRequest& body) {
  std::vector<Entry> entries;
  entries.reserve(body.entries.size());
  for (const raft::Entry& entry : body.entries) entries.push_back(to_wire(entry));
  return {.envelope = {},
          .previous = to_wire(body.previous),
          .entries = std::move(entries),
          .commit = body.commit.value(),
          .read_round = body.read_round};
}

AppendAccepted to_wire(const raft::AppendAccepted& body) {
  return {.envelope = {}, .received = body.received.value(), .durable = body.durable.value(), .read_round = body.read_round};
}

AppendRejected to_wire(const raft::AppendRejected& body) {
  return {.envelope = {}, .previous = body.previous.value(), .hint = to_wire(body.hint), .read_round = body.read_round};
}

SnapshotChunk to_wire(const raft::SnapshotChunk& body) {
  return {.envelope = {},
          .snapshot = to_wire(body.snapshot),
          .offset = body.offset,
          .data = Records(body.data),
          .read_round = body.read_round};
}

SnapshotProgress to_wire(const raft::SnapshotProgress& body) {
  return {
      .envelope = {}, .snapshot = to_wire(body.snapshot), .received_bytes = body.received_bytes, .read_round = body.read_round};
}

TimeoutNow to_wire(const raft::TimeoutNow&) { return {}; }

Observe to_wire(const raft::Observe& body) { return {.envelope = {}, .last = to_wire(body.last)}; }

LeaderHint to_wire(const raft::LeaderHint& body) { return {.envelope = {}, .leader = to_wire(body.leader)}; }

Result<raft::Message> from_wire(const Envelope& envelope) {
  if (envelope.term < 0) return broken("negative term");
  const raft::ReplicaKey from = TRY(from_wire(envelope.from));
  const raft::ReplicaKey to = TRY(from_wire(envelope.to));
  return raft::Message{from, to, raft::Term(envelope.term), raft::TimeoutNow{}};
}

Result<raft::VoteRequest> from_wire(const VoteRequest& message) {
  const raft::VoteKind kind = TRY(vote_kind_from_wire(message.kind));
  const raft::Position last = TRY(from_wire(message.last));
  return raft::VoteRequest{kind, last};
}

Result<raft::VoteReply> from_wire(const VoteReply& message) {
  const raft::VoteKind kind = TRY(vote_kind_from_wire(message.kind));
  const std::optional<raft::ReplicaKey> leader = TRY(from_wire(message.leader));
  return raft::VoteReply{kind, message.granted, leader};
}

Result<raft::AppendRequest> from_wire(const AppendRequest& message) {
  raft::AppendRequest request;
  request.previous = TRY(from_wire(message.previous));
  request.commit = TRY(index_from_wire(message.commit));
  request.read_round = message.read_round;
  request.entries.reserve(message.entries.size());
  for (const Entry& entry : message.entries) request.entries.push_back(TRY(from_wire(entry)));
  TRY(check_consecutive(request, message.envelope.term));
  return request;
}

Result<raft::AppendAccepted> from_wire(const AppendAccepted& message) {
  const raft::Index received = TRY(index_from_wire(message.received));
  const raft::Index durable = TRY(index_from_wire(message.durable));
  if (durable > received) return broken("more is durable than was received");
  return raft::AppendAccepted{received, durable, message.read_round};
}

Result<raft::AppendRejected> from_wire(const AppendRejected& message) {
  const raft::Index previous = TRY(index_from_wire(message.previous));
  const raft::Position hint = TRY(from_wire(message.hint));
  return raft::AppendRejected{previous, hint, message.read_round};
}

Result<raft::SnapshotChunk> from_wire(const SnapshotChunk& message) {
  const std::uint64_t size = message.snapshot.size_bytes;
  if (message.offset > size || message.data.size() > size - message.offset)
    return broken("a chunk behind the end of its snapshot");
  raft::SnapshotMeta snapshot = TRY(from_wire(message.snapshot));
  return raft::SnapshotChunk{std::move(snapshot), message.offset, message.data.joined(), message.read_round};
}

Result<raft::SnapshotProgress> from_wire(const SnapshotProgress& message) {
  const raft::Position snapshot = TRY(from_wire(message.snapshot));
  return raft::SnapshotProgress{snapshot, message.received_bytes, message.read_round};
}

Result<raft::TimeoutNow> from_wire(const TimeoutNow&) { return raft::TimeoutNow{}; }

Result<raft::Observe> from_wire(const Observe& message) {
  const raft::Position last = TRY(from_wire(message.last));
  return raft::Observe{last};
}

Result<raft::LeaderHint> from_wire(const LeaderHint& message) {
  const std::optional<raft::ReplicaKey> leader = TRY(from_wire(message.leader));
  return raft::LeaderHint{leader};
}

}  // namespace faultline::quorum::wire
