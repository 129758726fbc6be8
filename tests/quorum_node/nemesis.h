// Breaks machines, disks and links of a simulated quorum, at random, and repairs them again.
#pragma once

#include <vector>

#include "cluster.h"

namespace faultline::quorum::test {

class Nemesis {
 public:
  explicit Nemesis(Cluster& cluster) : cluster_(cluster), random_(cluster.world().random("nemesis").stream("quorum")) {}

  /// Does something every now and then until `end`.
  void run_until(Time end);
  /// Takes back all that lasts.
  void repair();

 private:
  void act();
  void stop_machine(bool power_loss);
  void split(sim::Direction direction);
  void disturb_disk();
  void hand_over();
  sim::NodeId any() { return cluster_.machine(random_.below(cluster_.machines().size())).sim; }
  Duration pause() { return random_.between(10ms, 1500ms); }

  Cluster& cluster_;
  RandomStream random_;
  std::vector<sim::NodeId> paused_;
};

}  // namespace faultline::quorum::test
