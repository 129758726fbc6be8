// What the simulator tells of a run, as happenings: for people, so that a report can say what the system did around a finding.
//
// Clients are left out, their operations are in the history. So is what is not about one moment: connections, and listeners.
#pragma once

#include "scenarios/trial_state.h"
#include "sim/trace_log.h"

namespace faultline::scenarios {

/// Notes `news` in `state`, if it is worth it.
void note_news(const TrialState& state, const sim::News& news);

}  // namespace faultline::scenarios
