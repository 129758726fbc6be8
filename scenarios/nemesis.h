// The nemesis: does to a simulated world what the faults of a scenario say, and takes it back.
//
// Faults overlap. What lasts is therefore not switched on and off, but worked out afresh, from the calm state and all faults in
// force, whenever one begins or ends: two slow disks on top of each other end in a slow disk when the first is over.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "scenarios/scenario.h"
#include "scenarios/targets.h"
#include "sim/world.h"

namespace faultline::scenarios {

class Nemesis {
 public:
  /// Requires: `scenario` was drawn; `world` and `scenario` outlive this; all nodes of the scenario are in `nodes`, by name.
  Nemesis(sim::World& world, const Scenario& scenario, std::uint64_t seed, std::map<std::string, sim::NodeId> nodes);

  /// What is done to a broker with the help of whoever runs it. The nemesis starts a wiped or moved broker again by itself.
  struct BrokerActs {
    std::function<void(const std::string& node, Duration restart_after)> stop;   // in good order, and start it again
    std::function<void(const std::string& node, Duration restart_after)> wiped;  // it will come back on an empty disk
    std::function<void(const std::string& node)> move;                           // it will come back under another address
  };
  void set_broker_acts(BrokerActs acts) { broker_acts_ = std::move(acts); }
  /// Who a target is at this moment; nobody if there is no such node now.
  using FindTarget = std::function<std::vector<std::string>(const Target& target)>;
  void set_find_target(FindTarget find) { find_target_ = std::move(find); }
  /// Called right before a process is ended: what it knows and nobody else does can be seen a last time.
  void set_before_end(std::function<void()> look) { before_end_ = std::move(look); }
  /// Orders all faults, counted from `start`.
  void schedule(Time start);
  /// Ends every fault, starts every node that is down, and lets no further fault begin.
  void heal();

  /// How many faults of each kind began. Those that found nothing to happen to do not count.
  const std::map<FaultKind, std::uint64_t>& begun() const { return begun_; }

  /// When faults of which the simulator keeps no list were in force.
  struct Interval {
    FaultKind kind;
    std::string node;
    Time begin;
    Time end;
  };
  const std::vector<Interval>& unlisted() const { return unlisted_; }

 private:
  /// What was done to a node, to be undone when nothing asks for it any more.
  struct Applied {
    bool paused = false;
    bool frozen = false;
    bool read_only = false;
    std::int64_t factor = 1;
    std::int64_t ppm = 0;
  };
  struct Active {
    std::vector<std::string> nodes;  // that it struck
    std::vector<sim::PartitionId> partitions;
    std::map<std::string, std::uint64_t> full_at;  // disk_full: bytes in use when it began, by node
  };

  void begin(std::size_t index);
  void strike(std::size_t index, const std::vector<std::string>& names);
  void end(std::size_t index);
  std::vector<std::string> targets_of(const FaultSpec& fault) const;
  bool strike(const FaultSpec& fault, const std::string& name, Active& active);
  bool strike_links(const FaultSpec& fault, const std::string& name, Active& active);
  void strike_broker(const FaultSpec& fault, const std::string& name);
  void end_process(const FaultSpec& fault, const std::string& name);
  void split(const FaultSpec& fault, const std::string& name, Active& active);
  void apply_states(FaultKind kind);
  void apply_disk(sim::NodeId node, const std::string& name);
  void apply_process(sim::NodeId node, const std::string& name);
  void apply_links();
  /// Calls use(fault, active) for every fault in force.
  template <class Use>
  void for_each_in_force(Use&& use) const {
    for (const std::size_t index : in_force_) use(scenario_.faults[index], active_[index]);
  }
  static bool struck(const Active& active, const std::string& node);
  bool any_in_force(FaultKind kind, const std::string& node) const;
  bool concerns(const FaultSpec& fault, const Active& active, const std::string& from, const std::string& to) const;
  bool is_peer(const FaultSpec& fault, const std::string& node) const;
  std::vector<sim::NodeId> peers_of(const FaultSpec& fault, const std::string& name) const;
  sim::NodeId id_of(const std::string& name) const { return nodes_.at(name); }

  // Constant after construction.
  sim::World& world_;
  const Scenario& scenario_;
  const std::uint64_t seed_;
  const std::map<std::string, sim::NodeId> nodes_;
  const std::vector<std::string> servers_;
  const std::vector<std::string> brokers_;
  const std::vector<std::string> voters_;
  const sim::DiskOptions calm_disk_;
  const sim::LinkOptions calm_link_;
  // Volatile.
  BrokerActs broker_acts_;
  FindTarget find_target_;
  std::function<void()> before_end_;
  std::vector<Active> active_;         // by index of the fault
  std::vector<std::size_t> in_force_;  // indices, in the order in which they began
  std::map<std::string, Applied> applied_;
  std::map<FaultKind, std::uint64_t> begun_;
  std::vector<Interval> unlisted_;
  bool healed_ = false;
};

}  // namespace faultline::scenarios
