// Node: drives a raft::Core with the node's clock, disk and network, and applies what is committed to a state machine.
//
// Steps are short and never suspend, so whoever has something for the core makes it step at once: a reader with a message, the store
// with a sequence number that is durable, a caller with a proposal, run() when time is up. The effects are carried out in the same
// breath: the store takes the writes and the transport the messages, both without waiting. Committed entries are applied by a fiber of
// their own, in order, since a snapshot that comes before them has to be read from the disk first.
//
// Files: node.cc (life, steps, what callers ask), apply.cc (what is committed, snapshots), transport.h. The core's side of the contract:
// broker/raft/core.h.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"
#include "broker/quorum/node/state_machine.h"
#include "broker/quorum/node/transport.h"
#include "broker/quorum/store/store.h"
#include "broker/raft/core.h"
#include "runtime/env.h"
#include "runtime/network.h"
#include "runtime/sync.h"

namespace faultline::quorum {

struct NodeConfig {
  std::string cluster_id;
  raft::ReplicaKey self;
  std::string directory = "quorum";  // below the node's data directory; nobody else's
  raft::Config raft;                 // its `bootstrap` is taken from the one below
  /// Where to ask while the voters are not known.
  std::map<raft::NodeId, Endpoint> bootstrap;
  Duration io_timeout{10s};
  /// A snapshot is taken when this much was applied since the last one.
  std::uint64_t snapshot_after_bytes = std::uint64_t{4} << 20;
};

class Node {
 public:
  /// Prepares the directory, once, before the first open(). `voters`: of a new cluster, the same on each of its voters; empty for one
  /// that joins a cluster, as an observer. Suspends. Errors: as the disk.
  static Result<> format(Env& env, const NodeConfig& config, const raft::VoterSet& voters);

  /// Suspends. Errors: invalid_argument; not_found (not formatted); corrupt (something that was durable is missing: this directory id must never be used
  /// again; format an emptied directory with a new one); as the disk.
  static Result<std::unique_ptr<Node>> open(Env& env, NodeConfig config, StateMachine& machine);

  /// Requires: run() and every serve() have returned.
  ~Node();
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;

  /// Drives timers, transport and disk until it is cancelled or fails; the node is of no use afterwards. A sole voter leads as soon as
  /// its vote is written. Once. Errors: the disk's; internal (the core's); corrupt (the state machine's); cancelled.
  Result<> run();

  /// Takes part in an accepted stream whose first frame is_message_frame(). Suspends until the stream or run() ends; the caller then
  /// closes the stream. Requires: the node outlives it.
  void serve(Stream& stream, const Slice& first_frame, const NextFrame& next);

  // --- proposals: none of them suspends ---

  /// Appends commands, if this node leads. They count when they are applied with the same term: see wait_applied().
  raft::ProposalOutcome propose(std::vector<Slice> commands);
  raft::ProposalOutcome add_voter(raft::Voter voter);
  raft::ProposalOutcome remove_voter(const raft::ReplicaKey& voter);
  raft::ProposalOutcome transfer_leadership(std::optional<raft::ReplicaKey> target);

  // --- waiting ---

  /// Suspends until the entry that was proposed at this position is applied here, and so on a majority's disks.
  /// Errors: closed: another entry took its place, it never counts. Unknown what becomes of it: timed_out, cancelled (the caller was, or
  ///         the node has ended), unsupported (applied here by a snapshot, which does not say what was there).
  Result<> wait_applied(const raft::Position& position, Time deadline);
  /// Up to where entries must be applied for a read that sees everything that was committed before this call. Suspends.
  /// Errors: unsupported (does not lead), timed_out, cancelled.
  Result<raft::Index> read_index(Time deadline);

  // --- what is known ---

  const raft::Core& core() const { return core_; }
  const NodeConfig& config() const { return config_; }
  /// The last entry that the state machine has.
  raft::Index applied() const { return applied_.index; }
  /// Of a voter, or of a leader that others have named, else from the configuration.
  std::optional<Endpoint> endpoint_of(raft::NodeId node) const;

 private:
  struct AppliedWaiter;
  struct ReadWaiter;
  /// A snapshot that takes the state machine's place when all writes up to `sequence` are durable.
  struct PendingReset {
    raft::SnapshotMeta snapshot;
    std::uint64_t sequence = 0;
  };
  /// What stepped() is about, besides entries.
  struct View {
    std::optional<raft::ReplicaKey> leader;
    raft::Term term;
    bool operator==(const View&) const = default;
  };

  Node(Env& env, NodeConfig config, StateMachine& machine, Store::Opened opened);

  /// Where others say that the leader is. This node may have been away while the voters changed.
  struct Hint {
    raft::ReplicaKey leader;
    Endpoint endpoint;
  };

  // node.cc
  void received(ClusterMessage received);
  std::optional<raft::ProposalOutcome> step(raft::Input input);
  std::optional<raft::ProposalOutcome> carry_out(raft::Effects effects);
  raft::ProposalOutcome propose_input(raft::Input input);
  void finish_reads(const std::vector<raft::ReadOutcome>& reads);
  void notice_view();
  void tick();
  void fail(const Error& error);
  View view() const { return {core_.leader(), core_.term()}; }

  // apply.cc
  void apply_committed();
  Result<> apply_all();
  Result<> install(const PendingReset& pending);
  void applied(const raft::Entry& entry);
  void settle(raft::Position up_to);
  Result<> known_outcome(const raft::Position& position) const;
  void consider_snapshot();
  Result<> take_snapshot(raft::Position last, const Slice& data);
  void send_chunks();
  Result<> send_chunk(raft::ChunkToSend chunk);

  // Constant after construction.
  Env& env_;
  const NodeConfig config_;
  StateMachine& machine_;
  const std::unique_ptr<Store> store_;

  // Of the log.
  raft::Core core_;
  std::uint64_t persisted_ = 0;
  View view_;  // when it was last traced
  std::optional<Hint> hint_;

  // On its way to the state machine.
  std::optional<PendingReset> reset_;
  std::deque<raft::Entry> to_apply_;
  raft::Position applied_;
  View told_;                        // what stepped() was last called about
  std::uint64_t applied_bytes_ = 0;  // since the last snapshot
  bool taking_snapshot_ = false;
  Condition to_do_;    // of the fiber that applies
  Condition durable_;  // more of the log is
  std::deque<raft::ChunkToSend> chunks_;
  bool sending_chunks_ = false;

  // Who waits.
  std::multimap<raft::Index, AppliedWaiter*> waiters_;
  std::map<std::uint64_t, ReadWaiter*> reads_;
  std::uint64_t last_read_ = 0;
  Condition ticker_;
  Time ticks_at_ = no_deadline;

  std::optional<Error> ended_;  // why no more steps are made

  Transport transport_;
  TaskGroup tasks_;  // last: its fibers use all of the above
};

}  // namespace faultline::quorum
