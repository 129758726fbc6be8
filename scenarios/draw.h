// draw(): from a scenario and a seed to the scenario of that one run, in which nothing is left to chance but what the clients and
// the simulator draw as they go: every fault explicit, every knob fixed, every switch of the swarm thrown.
//
// Every value has a stream of its own, named after what it is for: taking a fault, a family, a knob or a client away moves no
// other value. Nodes are picked so too: the highest of one hash per node wins, and a node that goes takes only its own faults.
// The result drawn again is itself, which is what makes it an artifact: edit it, and only what you edited changes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "scenarios/scenario.h"

namespace faultline::scenarios {

struct DrawnScenario {
  Scenario scenario;
  std::vector<std::string> mask;  // what the swarm switched off and what knobs were set to: "chaos.kill off", "knob x = 1"
};

DrawnScenario draw(const Scenario& scenario, std::uint64_t seed);

/// The streams of the fault called `id`.
RandomSource fault_source(std::uint64_t seed, std::string_view id);

/// One of `names`: removing any other name does not change the choice. Requires: names is not empty.
const std::string& pick_name(RandomStream random, const std::vector<std::string>& names);

}  // namespace faultline::scenarios
