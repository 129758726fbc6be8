// A quorum of simulated machines: each formats its directory if need be, listens, proposes while it leads, and starts again when it ends.
#pragma once

#include <algorithm>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "broker/quorum/node/node.h"
#include "oracle.h"
#include "sim/world.h"

namespace faultline::quorum::test {

inline raft::Config raft_config(Duration election_timeout) {
  raft::Config config;
  config.election_timeout = election_timeout;
  config.heartbeat_interval = std::min(election_timeout / 5, Duration(60ms));
  return config;
}

struct ClusterOptions {
  int voters = 3;
  int observers = 0;
  raft::Config raft = raft_config(300ms);
  std::uint64_t snapshot_after_bytes = std::uint64_t{4} << 20;
  bool workload = true;
  Duration pause{10ms};  // between proposals, at most
};

class Cluster {
 public:
  struct Machine {
    sim::NodeId sim;
    raft::ReplicaKey key;
    std::string cluster_id = "test";
    bool founder = false;  // one of the first voters
    bool listens = true;
    Node* node = nullptr;  // while it runs
    Ledger* ledger = nullptr;
    std::vector<Error> ends{};  // why it ended, each time
    int resets = 0;             // snapshots that were installed, in all lives
    const std::function<void(Env&, Node&)>* job = nullptr;
  };

  Cluster(const sim::Options& world, ClusterOptions options);

  sim::World& world() { return world_; }
  Oracle& oracle() { return oracle_; }
  std::deque<Machine>& machines() { return machines_; }
  Machine& machine(std::size_t i) { return machines_.at(i); }
  Machine* leader();
  std::string host(std::size_t i) const { return "n" + std::to_string(i + 1); }
  raft::Voter voter(std::size_t i) const;
  NodeConfig config(std::size_t i) const;

  /// A machine more, which joins as an observer.
  std::size_t add_observer(bool listens);
  /// From now on the leader makes the voters what they should be, one change at a time.
  void want_voters(std::vector<std::size_t> voters) { wanted_ = std::move(voters); }
  bool has_wanted_voters();
  /// Replaces the disk of a machine that does not run. It is somebody else then.
  void wipe(std::size_t i);
  void stop_workload() { working_ = false; }

  /// Has a machine's node do something, and waits for it. Requires: the machine runs.
  void call(std::size_t i, const std::function<void(Env&, Node&)>& job);
  /// Runs until `reached`, looking now and then. Returns: whether it was reached before `patience` was over.
  bool run_until(const std::function<bool()>& reached, Duration patience);
  /// Whether everybody runs, and has applied everything that anybody has.
  bool settled();
  /// Who is where, for whoever wonders why it is not.
  std::string describe() const;

 private:
  void add_machine(raft::DirectoryId directory, bool founder, bool listens);
  void live(std::size_t i, Env& env);
  Result<std::unique_ptr<Node>> open(std::size_t i, Env& env, Ledger& ledger);
  void listen(std::size_t i, Env& env, Node& node, TaskGroup& serving);
  void propose(Env& env, Node& node, std::size_t number);
  void read(Env& env, Node& node);
  void administer(std::size_t i, Env& env, Node& node);
  void change_voters(Node& node);

  ClusterOptions options_;
  Oracle oracle_;
  std::deque<Machine> machines_;
  std::vector<std::size_t> wanted_;
  std::uint64_t directories_ = 0;
  bool working_ = true;
  sim::World world_;  // last: its nodes use all of the above
};

}  // namespace faultline::quorum::test
