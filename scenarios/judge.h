// From what a trial has seen to what it means.
#pragma once

#include "scenarios/cluster_probe.h"
#include "scenarios/log_probe.h"
#include "scenarios/setup_load.h"
#include "scenarios/trial.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

struct Evidence {
  LogProbe& probe;  // its findings are taken
  ClusterProbe& cluster_probe;
  const FinalReads& reads;
  const std::string& not_converged;  // why not all replicas were in sync when time was up; empty if they were
  std::string core_failure;          // what was promised to the core and did not come; empty if all did
  checkers::Sighting proof;          // from the begin of the trial to when time was up
  bool set_up = false;               // the topics came into being
  bool clients_finished = false;     // within the bound
};

/// Fills in outcome, verdict, findings and counts. Takes the history out of `state`.
void judge(RunResult& result, TrialState& state, const Evidence& evidence);

}  // namespace faultline::scenarios
