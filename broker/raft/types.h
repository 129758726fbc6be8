// The quorum's vocabulary: who votes, where in the log, what is in it.
//
// A voter is a node *and* the directory that holds its promises (KIP-853): the same node on an empty disk has made none of them, so it
// is somebody else. Indexes start at 1 as in the paper; position 0 is before the first entry and matches in every log.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/slice.h"
#include "base/strong.h"

namespace faultline::raft {

using Term = Strong<struct TermTag, std::int32_t>;    // Kafka: epoch
using Index = Strong<struct IndexTag, std::int64_t>;  // of an entry of the log; 0 is before the first
using NodeId = Strong<struct NodeIdTag, std::int32_t>;

/// The entry before `index`.
constexpr Index before(Index index) { return index + -1; }
/// The entry after `index`.
constexpr Index next_after(Index index) { return index + 1; }

/// A random identifier that a directory gets when it is formatted. All zero: not known, any directory is meant.
struct DirectoryId {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  constexpr bool known() const { return high != 0 || low != 0; }
  constexpr auto operator<=>(const DirectoryId&) const = default;
};

/// Who holds promises: votes, and entries that were acknowledged.
struct ReplicaKey {
  NodeId node;
  DirectoryId directory;

  constexpr auto operator<=>(const ReplicaKey&) const = default;
};

/// An entry's term and index: what two logs are compared by.
struct Position {
  Term term;
  Index index;

  /// The order of section 5.4.1 of the paper: the log that ends in the later term is more up-to-date, then the longer one.
  constexpr auto operator<=>(const Position&) const = default;
};

struct Voter {
  ReplicaKey key;
  std::string endpoint;  // "host:port" of its quorum listener; only carried

  bool operator==(const Voter&) const = default;
};

/// The voters, ordered by key; no node twice.
class VoterSet {
 public:
  VoterSet() = default;
  /// Requires: no node is named twice.
  explicit VoterSet(std::vector<Voter> voters);

  bool contains(const ReplicaKey& key) const { return find(key) != nullptr; }
  const Voter* find(const ReplicaKey& key) const;
  const Voter* find(NodeId node) const;
  std::size_t size() const { return voters_.size(); }
  bool empty() const { return voters_.empty(); }
  /// How many are more than half.
  std::size_t majority() const { return voters_.size() / 2 + 1; }
  auto begin() const { return voters_.begin(); }
  auto end() const { return voters_.end(); }

  /// The set with one voter more or one fewer. Requires: its node is not yet in it; is in it.
  VoterSet with(Voter voter) const;
  VoterSet without(const ReplicaKey& key) const;

  bool operator==(const VoterSet&) const = default;

 private:
  std::vector<Voter> voters_;
};

/// The first entry of every term: a leader commits it to learn what else is committed (section 8 of the paper).
struct NewLeader {
  ReplicaKey leader;
  bool operator==(const NewLeader&) const = default;
};

/// Something for the state machine. A whole transaction of it: snapshots and reads see all of an entry or nothing.
struct Command {
  Slice data;
};

/// The voters from this entry on, whether it is committed or not.
struct VotersChanged {
  VoterSet voters;
  bool operator==(const VotersChanged&) const = default;
};

struct Entry {
  Position at;
  std::variant<NewLeader, Command, VotersChanged> body;

  /// What it counts against the limits of a message.
  std::size_t size_bytes() const;
};

/// What a node must not forget between two sentences (figure 2 of the paper: persistent state).
struct HardState {
  Term term;
  std::optional<ReplicaKey> vote;  // in `term`

  bool operator==(const HardState&) const = default;
};

/// A snapshot holds the effect of all entries up to and including `last`, and the voters in force there.
struct SnapshotMeta {
  Position last;
  VoterSet voters;
  std::uint64_t size_bytes = 0;

  bool operator==(const SnapshotMeta&) const = default;
};

/// "3", or "3/9f1c…" when the directory is known; "4.17" for term 4, index 17: the notation of tests and traces.
std::string to_string(const ReplicaKey& key);
std::string to_string(const Position& position);

}  // namespace faultline::raft
