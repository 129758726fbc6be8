// A cluster of cores in virtual time: messages that get lost, repeated, delayed and reordered, disks that sync late, power cuts.
//
// One thread, one queue of events; every random choice comes from streams of the seed. The oracle looks at every step. Tests drive it by
// hand (no faults unless asked for); chaos.h drives it at random.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/random.h"
#include "broker/raft/core.h"
#include "disk.h"
#include "oracle.h"

namespace faultline::raft::testing {

struct Weather {
  Ratio lose{0, 1};
  Ratio repeat{0, 1};
  Ratio late{0, 1};  // takes up to late_max instead of latency_max
  Duration latency_max = 5ms;
  Duration late_max = 400ms;
  Duration sync_max = 5ms;
};

struct WorldOptions {
  std::uint64_t seed = 1;
  int voters = 3;
  int observers = 0;
  Config config = {.election_timeout = 100ms,
                   .heartbeat_interval = 20ms,
                   .max_append_bytes = 200,
                   .max_inflight_appends = 4,
                   .snapshot_chunk_bytes = 16,
                   .bootstrap = {},
                   .exhibits = {}};
};

struct Node {
  ReplicaKey key;
  Disk* disk = nullptr;
  std::optional<Core> core;  // nothing: crashed
  Machine machine;
  std::uint64_t life = 0;
  bool syncing = false;
  Time tick_at = no_deadline;
  std::optional<ProposalOutcome> outcome;  // of the last proposal
  std::vector<ReadOutcome> reads;
};

class World {
 public:
  explicit World(const WorldOptions& options);

  // --- what nodes do ---
  void step(int node, Input input);
  ProposalOutcome propose(int node, std::string_view text);
  ProposalOutcome ask(int node, Input input);
  void read(int node);
  /// Writes a snapshot of all that is applied and durable, and keeps `trail` entries before its end in the log.
  void take_snapshot(int node, std::int64_t trail = 0);

  // --- what happens to them ---
  void crash(int node);
  void restart(int node);
  /// The node loses its disk: it comes back as another directory.
  void wipe(int node);
  void cut(int from, int to, bool is_cut = true) { cut_[index(from, to)] = is_cut; }
  void isolate(int node);
  void heal();
  Weather weather;

  // --- time ---
  Time now() const { return now_; }
  /// Handles the next event, unless it is later than `limit`: then the clock stands at `limit`. Returns: whether there was one.
  bool run_next(Time limit);
  void run_for(Duration duration);
  /// Runs until some node leads and has committed in its term. Returns: which, or -1 after `limit`.
  int run_until_leader(Duration limit = 5s);

  // --- what is there ---
  int size() const { return static_cast<int>(nodes_.size()); }
  Node& node(int i) { return nodes_[static_cast<std::size_t>(i)]; }
  bool up(int i) { return node(i).core.has_value(); }
  Core& core(int i) { return *node(i).core; }
  /// The leader with the highest term, or -1.
  int leader();
  Voter voter(int i) { return {node(i).key, "node-" + std::to_string(i)}; }
  Oracle& oracle() { return oracle_; }
  const std::optional<Violation>& violation() const { return oracle_.violation(); }
  /// Each node in a line: for messages of failures.
  std::string describe();
  std::uint64_t steps() const { return steps_; }
  /// Whether a majority of each voter set that any node believes in consists of directories that still exist and are in `nodes`.
  bool majorities_within(const std::vector<int>& nodes);

 private:
  enum class Kind : std::uint8_t { deliver, synced, tick };
  struct Event {
    Time at;
    std::uint64_t order = 0;
    Kind kind = Kind::tick;
    int node = 0;
    std::uint64_t life = 0;
    std::uint64_t argument = 0;  // of deliver: a slot of mail_; of synced: the last sequence that is covered
  };

  std::size_t index(int from, int to) const { return static_cast<std::size_t>(from * size() + to); }
  void push(Event event);
  Event pop();
  void handle(const Event& event);
  void start(int node);
  void carry_out(int i, Effects effects, const Oracle::Before& before);
  void restore(Node& node, const SnapshotMeta& snapshot);
  void post(Message message);
  void post_once(const Message& message);
  void schedule(int i);
  Disk* new_disk(const ReplicaKey& key);

  const WorldOptions options_;
  RandomSource source_;
  RandomStream net_;
  RandomStream disk_;
  Time now_{};
  std::vector<Node> nodes_;
  std::map<ReplicaKey, std::unique_ptr<Disk>> disks_;
  DiskOf disk_of_;
  std::vector<bool> cut_;
  std::vector<Event> events_;  // a heap
  std::vector<Message> mail_;
  std::vector<std::uint64_t> free_mail_;
  std::uint64_t order_ = 0;
  std::uint64_t steps_ = 0;
  std::uint64_t next_directory_ = 1;
  std::uint64_t next_read_ = 1;
  Oracle oracle_;
};

}  // namespace faultline::raft::testing
