// One simulated machine and the process on it: its fibers, clock, network, disk, trace, and the Env made of them.
//
// A process is started by running the node's root function as its first fiber; it is over when that function returns, when it is
// killed, or when the machine loses power. The order of ending is always the same: the Env is severed first, so that every call
// answers `cancelled` and has no effect; then the fibers are dropped, whose destructors therefore do nothing to the world; then
// kernel and disk decide what is left.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/env.h"
#include "sim/clock.h"
#include "sim/disk.h"
#include "sim/internet.h"
#include "sim/kernel.h"
#include "sim/ring.h"
#include "sim/sockets.h"

namespace faultline::sim {

/// What a node runs, as its first fiber, at every start.
using Program = std::function<void(Env& env)>;

class NodeTrace final : public Trace {
 public:
  NodeTrace(Kernel& kernel, NodeId node) : kernel_(kernel), node_(node) { set_threshold(kernel.options.trace_level); }

 private:
  void record(const TracePoint& point, std::initializer_list<TraceField> fields) override {
    kernel_.trace.add_point(kernel_.now, node_, point, fields);
  }

  Kernel& kernel_;
  const NodeId node_;
};

class NodeBuggify final : public Buggify {
 public:
  NodeBuggify(Kernel& kernel, NodeId node, std::string_view node_name);
  bool fires(std::string_view location) override;

 private:
  struct Site {
    bool enabled;
    RandomStream random;
  };

  Kernel& kernel_;
  const NodeId node_;
  const RandomSource random_;
  std::map<std::string, Site, std::less<>> sites_;
};

class Node final : public Tasks {
 public:
  enum class State : std::uint8_t { running, stopped, killed, crashed };

  Node(Kernel& kernel, FiberStackPool& stacks, Ring<Node*>& ready, Internet& internet, Host& host,
       const DiskOptions& disk_options, const ClockOptions& clock_options, const DamageFilter& may_damage, Program program);
  ~Node() override;

  /// Requires: not running.
  void start();
  void kill();
  void crash();
  void crash(Choices& choices);
  void pause();
  void resume();
  void set_slowness(std::uint32_t factor);
  /// Call it after a change of the clock.
  void clock_changed() { arm(); }

  /// Runs its ready fibers once.
  void run_turn();
  void on_timers(std::uint32_t generation);
  void on_turn();

  NodeId id() const { return host_.id; }
  const std::string& name() const { return host_.node_name; }
  State state() const { return state_; }
  bool running() const { return state_ == State::running; }
  std::uint64_t incarnation() const { return incarnation_; }
  Env& env() { return *env_; }
  Host& host() { return host_; }
  SimClock& clock() { return clock_; }
  SimDisk& disk() { return disk_; }

 private:
  void on_ready() override;
  void on_earlier_timer(Time at) override;
  void arm();
  void end(State state);
  void lose_power();

  // Constant after construction.
  Kernel& kernel_;
  Ring<Node*>& ready_;
  Internet& internet_;
  Host& host_;
  const Program program_;
  // Volatile.
  SimClock clock_;
  SimNetwork network_;
  SimDisk disk_;
  NodeTrace trace_;
  NodeBuggify buggify_;
  RandomStream schedule_;
  std::unique_ptr<Env> env_;
  State state_ = State::stopped;
  std::uint64_t incarnation_ = 0;
  bool root_returned_ = false;
  bool paused_ = false;
  bool queued_ = false;    // in ready_
  bool turn_due_ = false;  // a turn event is in the queue
  std::uint32_t slowness_ = 1;
  Time armed_ = no_deadline;  // when the next timers event that counts is due, in the world's time
  std::uint32_t timer_generation_ = 0;
};

}  // namespace faultline::sim
