#include "nemesis.h"

#include <algorithm>

namespace faultline::quorum::test {

void Nemesis::run_until(Time end) {
  sim::World& world = cluster_.world();
  while (world.now() < end) {
    world.run_for(random_.between(20ms, 300ms));
    act();
  }
}

void Nemesis::act() {
  sim::World& world = cluster_.world();
  switch (random_.below(12)) {
    case 0:
    case 1: return stop_machine(true);
    case 2: return stop_machine(false);
    case 3: return split(sim::Direction::both);
    case 4: return split(sim::Direction::one_way);
    case 5: return world.heal_all();
    case 6:
    case 7: {
      const sim::NodeId a = any();
      const sim::NodeId b = any();
      if (a == b) return;
      return random_.chance({1, 2}) ? world.reset_connections(a, b) : world.forget_connections(a, b);
    }
    case 8: return disturb_disk();
    case 9: {
      const sim::NodeId node = any();
      world.pause(node);
      return world.schedule(after(world.now(), pause()), [&world, node] { world.resume(node); });
    }
    case 10: return hand_over();
    default:
      // Everybody at once: only what was durable counts.
      if (random_.chance({1, 4})) {
        for (const Cluster::Machine& machine : cluster_.machines()) {
          world.crash(machine.sim);
          world.restart(machine.sim, pause());
        }
      }
  }
}

void Nemesis::stop_machine(bool power_loss) {
  sim::World& world = cluster_.world();
  const Cluster::Machine* const leader = cluster_.leader();
  const sim::NodeId node = leader != nullptr && random_.chance({1, 2}) ? leader->sim : any();
  if (power_loss) {
    world.crash(node);
  } else {
    world.kill(node);
  }
  world.restart(node, pause());
}

void Nemesis::split(sim::Direction direction) {
  std::vector<sim::NodeId> nodes;
  for (const Cluster::Machine& machine : cluster_.machines()) nodes.push_back(machine.sim);
  random_.shuffle(std::span<sim::NodeId>(nodes));
  const auto cut = nodes.begin() + static_cast<std::ptrdiff_t>(random_.below(nodes.size() - 1) + 1);
  cluster_.world().partition({nodes.begin(), cut}, {cut, nodes.end()}, direction);
}

void Nemesis::disturb_disk() {
  sim::World& world = cluster_.world();
  const sim::NodeId node = any();
  switch (random_.below(3)) {
    case 0: return world.fail_next_sync(node, "quorum/log");
    case 1: return world.fail_next_write(node, "quorum/log");
    default: return world.stall_disk(node, pause());
  }
}

void Nemesis::hand_over() {
  if (Cluster::Machine* const leader = cluster_.leader()) leader->node->transfer_leadership(std::nullopt);
}

void Nemesis::repair() {
  sim::World& world = cluster_.world();
  world.heal_all();
  for (const Cluster::Machine& machine : cluster_.machines()) {
    world.resume(machine.sim);
    world.restart(machine.sim, 1ms);
  }
}

}  // namespace faultline::quorum::test
