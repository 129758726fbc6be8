// The simulated world: many nodes, one thread, virtual time, one seed. This is the simulator's public face.
//
//   sim::World world({.seed = 7});
//   const sim::NodeId server = world.add_node("server", {"server.example"}, [](Env& env) { serve(env); });
//   world.schedule(Time{} + 2s, [&] { world.crash(server); world.restart(server, 500ms); });
//   world.run_for(60s);
//
// A node's code sees nothing but its Env. Everything that happens is decided by the seed; two worlds with equal options and calls
// have equal hash(). Faults may be ordered at any time, also from inside a node's code: what ends a process is then put off until
// its fibers have had their turn. docs/SIMULATOR.md is the guide.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/env.h"
#include "sim/choices.h"
#include "sim/faults.h"
#include "sim/options.h"
#include "sim/trace_log.h"

namespace faultline::sim {

using Program = std::function<void(Env& env)>;
using DamageFilter = std::function<bool(NodeId node, std::string_view path, std::uint64_t offset)>;
using PartitionId = Strong<struct PartitionIdTag, std::size_t>;

enum class Direction : std::uint8_t {
  both,
  one_way,  // only what the first side sends to the second is lost
};

struct NodeOptions {
  DiskOptions disk{};
  ClockOptions clock{};
  bool start = true;  // at once; otherwise at the first restart()
};

class World {
 public:
  explicit World(const Options& options);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // --- nodes ---
  /// Adds a machine that answers to `hosts` and runs `program` on it, as the first fiber of every start. The process is over when
  /// the program has returned and what it left running, which is cancelled then, has ended. Names of nodes and hosts are unique; the node's name, not its id, selects its random streams.
  NodeId add_node(std::string name, std::vector<std::string> hosts, Program program);
  NodeId add_node(std::string name, std::vector<std::string> hosts, Program program, const NodeOptions& options);
  std::size_t node_count() const;
  const std::string& name_of(NodeId node) const;
  bool is_running(NodeId node) const;
  /// The node's view of the world, for tests and probes. Requires: it has been started.
  Env& env(NodeId node);

  // --- time ---
  Time now() const;
  /// Runs everything that happens up to and including `end`. An exception that escapes a node's code comes out here.
  void run_until(Time end);
  void run_for(Duration duration) { run_until(after(now(), duration)); }
  /// Runs until nothing is left to happen, or `end`. Returns: whether the world is idle.
  bool run_until_idle(Time end);
  /// Calls `callback`, outside of any fiber, at `at` (now, if that is over).
  void schedule(Time at, std::function<void()> callback);

  // --- processes and machines ---
  /// Power loss: the process is gone, peers hear nothing, the disk keeps what it must and some of the rest.
  void crash(NodeId node);
  /// The process is gone; its machine, kernel and page cache are not.
  void kill(NodeId node);
  /// Starts the process again after `delay`, with power if it had none. No effect on one that runs then.
  void restart(NodeId node, Duration delay);
  /// Stops the process without ending it, as SIGSTOP does; its kernel goes on.
  void pause(NodeId node);
  void resume(NodeId node);
  /// Its processor and disk take `factor` times as long; 1 is normal.
  void slow(NodeId node, std::uint32_t factor);
  /// Replaces its disk by an empty one. Requires: it is not running.
  void wipe(NodeId node);
  /// From now on it answers to `hosts` only, as after a change of DNS. Established connections stay.
  void rename_hosts(NodeId node, std::vector<std::string> hosts);

  // --- network ---
  /// The options of one direction; what is set applies from now on, windows to connections made from now on.
  LinkOptions& link(NodeId from, NodeId to);
  PartitionId partition(const std::vector<NodeId>& first, const std::vector<NodeId>& second,
                        Direction direction = Direction::both);
  /// Two sides that cannot reach each other, and a bridge that both can reach: partition(left, right), by another name.
  PartitionId partition_but_for_bridge(const std::vector<NodeId>& left, const std::vector<NodeId>& right) {
    return partition(left, right);
  }
  void heal(PartitionId partition);
  /// Ends all partitions and clogs.
  void heal_all();
  /// Nothing passes from one node to the other until unclog().
  void clog(NodeId from, NodeId to);
  void unclog(NodeId from, NodeId to);
  /// Clogs all traffic of the nodes, one after the other in random order within `over`, and releases them in another order after it.
  void swizzle(const std::vector<NodeId>& nodes, Duration over);
  /// Breaks all connections between two nodes.
  void reset_connections(NodeId a, NodeId b);
  /// The network forgets all connections between two nodes: both ends stay open and nothing passes.
  void forget_connections(NodeId a, NodeId b);

  // --- disks ---
  /// What is set applies from now on.
  DiskOptions& disk(NodeId node);
  void fail_next_sync(NodeId node, std::string path);
  /// The next sync of the directory `path` ("" is the root) fails; the disk is read-only from then on.
  void fail_next_sync_dir(NodeId node, std::string path);
  void fail_next_write(NodeId node, std::string path);
  void stall_disk(NodeId node, Duration duration);
  /// Also ends what a failed change of names did to the disk.
  void set_read_only(NodeId node, bool read_only);
  /// Flips a bit of a file at rest, whose path contains `path`. Returns: whether there was one to flip.
  bool rot(NodeId node, std::string_view path);
  std::uint64_t disk_used_bytes(NodeId node) const;
  /// Asked before data is destroyed behind the system's back.
  void set_damage_filter(DamageFilter filter);
  /// As crash(), but what survives is decided by `choices`.
  void crash(NodeId node, Choices& choices);

  // --- clocks ---
  void step_wall_clock(NodeId node, Duration step);
  void set_clock_drift(NodeId node, std::int32_t ppm);
  void freeze_clock(NodeId node);
  void unfreeze_clock(NodeId node);

  // --- what happened ---
  /// `listener` is told of what is news from now on; it must not call the world, but for name_of().
  void on_news(std::function<void(const News&)> listener);
  const Options& options() const;
  /// The family of random streams that belongs to `name`: for nemeses, so that they draw nothing that others draw.
  RandomSource random(std::string_view name) const;
  const FaultLog& faults() const;
  std::uint64_t hash() const;
  std::uint64_t event_count() const;
  /// The newest events as text, oldest first.
  std::vector<std::string> last_events(std::size_t limit) const;
  /// Gives away what was traced, for first_divergence(). Complete only with TraceKeep::all.
  RunLog take_log();
  std::size_t open_connections() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace faultline::sim
