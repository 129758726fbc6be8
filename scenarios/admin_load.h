// An administrating client of a trial: creates, grows and deletes topics of its own, deletes records of the scenario's.
#pragma once

#include <string>

#include "runtime/env.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

/// The program of one administrating node. `starts` counts its starts. Returns when the trial stops.
void run_admin(Env& env, TrialState& state, const Admin& spec, const std::string& node, std::uint64_t& starts);

}  // namespace faultline::scenarios
