// The metadata quorum's decisions: Raft (Ongaro and Ousterhout, "In search of an understandable consensus algorithm", extended version;
// Ongaro's thesis for membership, transfer, read index, pre-vote), with what Kafka's KRaft added to it (KIP-595, 853, 996).
//
// Pure: no I/O, no clock, no waiting. What happens is an Input, what is to be done are Effects, and a step runs to its end, so that
// nothing that it has checked can change under it. Time only enters as `now`; chance only through the stream given at the start.
//
// The driver's part:
//   1. Reads its disk into a Recovered, constructs the core, carries out start()'s effects, then step after step, one at a time.
//   2. Makes each step's Writes in the order of their fields, step after step, without waiting for a sync: except that an installed
//      snapshot must be durable before the log is reset, and a truncation must not be undone behind entries that were appended after
//      it. After a crash, hard state, snapshot and log may each be as of another of the steps that were not reported durable.
//      When a sync succeeds, feeds Persisted{n}: n is the last step all of whose writes had *completed before the sync was issued*.
//      Whatever must not be said before it is durable (votes, acknowledgements, a leader's own share of a majority) is sent, or counted,
//      by the step that takes Persisted. So `send` and `chunks` may always leave at once, before or after the writes.
//   3. Feeds Tick when next_deadline() is reached. It changes with every step.
//   4. Applies `reset`, then `apply`, in order; they are committed, even if not durable here yet.
//   5. After a failed or timed-out write or sync: destroys the core, and recovers from the disk. Nothing is retried.
//   6. Gives a directory a new DirectoryId when recovery finds that anything that had been synced is missing or damaged. The old one has
//      made promises (votes, acknowledged entries) that nobody can keep any more, and must never speak again; as a new one it is an
//      observer that can be made a voter.
//   7. Loses, repeats, delays and reorders messages as it likes.
//
// Files by idea: election.cc, replication.cc (leader), follower.cc, commit.cc, membership.cc, snapshot.cc, read_index.cc, transfer.cc,
// check_invariants.cc. Decision: docs/decisions/0008-raft-core.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "broker/raft/config.h"
#include "broker/raft/durability.h"
#include "broker/raft/effects.h"
#include "broker/raft/input.h"
#include "broker/raft/log.h"
#include "broker/raft/roles.h"
#include "broker/raft/types.h"
#include "broker/raft/voter_history.h"

namespace faultline::raft {

/// What a disk holds at the start. All of it is durable.
struct Recovered {
  HardState hard_state;
  SnapshotMeta snapshot;       // default: none
  std::vector<Entry> entries;  // consecutive; may begin before the snapshot's end

  /// The disk of a first voter of a new cluster: all of them start with the same first entry, which names them, in term 0. An observer,
  /// and a voter that joins later, starts with a Recovered{}.
  static Recovered bootstrap(VoterSet voters);
};

/// A leader, and when it was last heard.
struct HeardLeader {
  NodeId node;
  Time at;
};

class Core {
 public:
  /// Requires: config.validate(); `self` names a directory.
  Core(Config config, ReplicaKey self, Recovered recovered, RandomStream random, Time now);

  /// What must be done before the first step: repairs what a crash between two writes left (entries that contradict an installed snapshot,
  /// a term that is behind the log's), hands the snapshot to the state machine. Once.
  Effects start();
  /// Requires: no earlier step was fatal; now >= that of the last step.
  Effects step(Time now, Input input);
  /// When Tick is due.
  Time next_deadline() const;

  // --- what is known ---

  const ReplicaKey& self() const { return self_; }
  const Role& role() const { return role_; }
  bool leads() const { return std::holds_alternative<Leader>(role_); }
  /// Whom this node believes to lead this term.
  std::optional<ReplicaKey> leader() const;
  /// Of a leader: whom it has followed before. Nothing: nobody since it started, or led last.
  const std::optional<HeardLeader>& predecessor() const { return last_followed_; }
  Term term() const { return hard_state_.term; }
  const HardState& hard_state() const { return hard_state_; }
  const Log& log() const { return log_; }
  /// Everything up to here is committed, and was handed out to be applied.
  Index commit_index() const { return commit_; }
  /// Everything up to here is durable on this node.
  Index durable_index() const { return durability_.log_end(); }
  const VoterSet& voters() const { return voters_.current(); }
  const VoterSet& voters_at_commit() const { return voters_.at(commit_); }
  bool is_voter() const { return voters().contains(self_); }
  /// Whether it may stand for election: as a voter, or as one whose removal is not known to be committed. It may be the only one that has the
  /// entry which removes it (thesis 4.2.2); its own vote does not count then.
  bool may_lead() const { return voters_.named_since(commit_, self_); }
  const SnapshotMeta& snapshot() const { return snapshot_; }
  const Config& config() const { return config_; }
  /// Snapshots that are being sent: the driver keeps their files.
  std::vector<Position> snapshots_in_transfer() const;

  /// Describes a snapshot of the state after `index`. Requires: log().base().index <= index <= commit_index() and durable_index().
  SnapshotMeta describe_snapshot(Index index, std::uint64_t size_bytes) const;

  /// The first broken invariant of this state, if there is any.
  std::optional<std::string> check_invariants() const;

 private:
  // core.cc
  void on(Tick);
  void on(Received& received);
  void on(const Persisted& persisted);
  void answer_outdated(const Message& message);
  void send(const ReplicaKey& to, MessageBody body);
  std::uint64_t write_sequence();
  void set_hard_state(HardState state);
  void append(std::variant<NewLeader, Command, VotersChanged> body);
  void append_to_log(Entry entry);
  void fail(std::string what);

  // election.cc
  void become_follower(std::optional<ReplicaKey> leader);
  void adopt_term(Term term);
  void begin_prevote();
  void begin_election();
  void ask_for_votes();
  void count_votes();
  void become_leader();
  std::optional<ReplicaKey> leader_heard() const;
  bool grants(const ReplicaKey& candidate, const VoteRequest& request) const;
  void on(const ReplicaKey& from, const VoteRequest& request);
  void on(const ReplicaKey& from, const VoteReply& reply);
  void election_timed_out();
  void seek_leader();
  void dismiss_observers(const Leader& led);
  Time draw_election_deadline();
  Time draw_follower_deadline(bool has_leader);

  // follower.cc
  Follower* follow(const ReplicaKey& leader, std::uint64_t read_round);
  void skip_discarded(AppendRequest& request) const;
  bool accept_entries(std::vector<Entry>& entries, Index end);
  bool truncate_behind(Index index);
  void answer_leader();
  void follower_persisted(Follower& follower);
  void ask_to_be_served(const ReplicaKey& node);
  void on(const ReplicaKey& from, AppendRequest& request);
  void on(const ReplicaKey& from, const LeaderHint& hint);

  // replication.cc
  Progress* heard_from(const ReplicaKey& peer, std::uint64_t read_round);
  enum class Send : std::uint8_t { news, heartbeat };
  void send_to_all(Send what);
  void send_to(const ReplicaKey& key, Progress& peer, Send what);
  Index send_append(const ReplicaKey& key, Progress& peer, Index last);
  void replicate(const ReplicaKey& key, Progress& peer, Replicate& state, Send what);
  bool knows_enough(const Progress& peer, Index received) const;
  void leader_timed_out(Leader& leader);
  void on(const ReplicaKey& from, const AppendAccepted& reply);
  void on(const ReplicaKey& from, const AppendRejected& reply);
  void on(const ReplicaKey& from, const Observe& observe);

  // commit.cc
  void on(const Propose& propose);
  void outcome(Refusal refusal) { effects_.proposal = ProposalOutcome{.refusal = refusal, .first = {}, .last = {}}; }
  void appended_since(Index first);
  void try_commit();
  Index durable_on_majority(const Leader& leader) const;
  void commit_to(Index index);
  void leave_if_removed();

  // membership.cc
  Refusal may_change_voters() const;
  void change_voters(VoterSet voters);
  void track_voters();
  Time quorum_lost_at(const Leader& leader) const;
  void forget_silent_observers(Leader& leader);
  void on(const AddVoter& add);
  void on(const RemoveVoter& remove);

  // snapshot.cc
  void begin_transfer_of_snapshot(Progress& peer);
  void transfer_snapshot(const ReplicaKey& key, Transferring& state, Send what);
  void send_chunk(const ReplicaKey& key, Transferring& state);
  void install(const SnapshotMeta& snapshot);
  void on(const SnapshotTaken& taken);
  void on(const ReplicaKey& from, SnapshotChunk& chunk);
  void on(const ReplicaKey& from, const SnapshotProgress& progress);

  // read_index.cc
  void on(const ReadIndex& read);
  void begin_read_round(Leader& leader);
  void finish_read_round(Leader& leader);
  void refuse_reads(const PendingReads& reads);

  // transfer.cc
  void on(const TransferLeadership& transfer);
  void drive_transfer(Leader& leader);
  std::optional<ReplicaKey> most_caught_up(const Leader& leader) const;
  void on(const ReplicaKey& from, const TimeoutNow&);

  // check_invariants.cc
  std::optional<std::string> check_log() const;
  std::optional<std::string> check_leader(const Leader& leader) const;
  std::optional<std::string> check_candidate(const Candidate& candidate) const;

  // Constant after construction.
  const Config config_;
  const ReplicaKey self_;

  // Durable, or about to be; durability_ knows which.
  HardState hard_state_;
  Log log_;
  SnapshotMeta snapshot_;
  VoterHistory voters_;
  Durability durability_;

  // Volatile. Invariant: snapshot_.last.index <= commit_ <= log_.last().index.
  Index commit_;
  Role role_;
  RandomStream random_;
  NodeId asked_;  // whom an observer has asked for the leader last, or has followed since
  std::optional<HeardLeader> last_followed_;
  bool failed_ = false;

  // Of the step under way.
  Time now_;
  Effects effects_;
};

}  // namespace faultline::raft
