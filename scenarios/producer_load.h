// A producing client of a trial: sends batches of numbered records and writes down what it was told.
#pragma once

#include <string>

#include "runtime/env.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

/// The program of one producing node. `number` tells its records from those of all others. `sent` counts its records over all its
/// starts. Returns when the trial stops.
void run_producer(Env& env, TrialState& state, const Producer& spec, const std::string& node, std::uint32_t number,
                  std::uint64_t& sent);

}  // namespace faultline::scenarios
