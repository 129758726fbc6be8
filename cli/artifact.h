// The artifact of a failing run: everything it takes to see it, repeat it and change it, in one folder.
#pragma once

#include <cstdint>
#include <string>

#include "base/result.h"
#include "scenarios/scenario.h"

namespace faultline::cli {

/// Writes into `folder`, which is made if it does not exist:
///   scenario.toml  the run as an ordinary scenario: every fault explicit, every knob fixed
///   report.txt     the findings in prose, what happened around them, the faults, the last events of the simulator
///   history.jsonl  what the clients saw (docs/formats/history.md)
///   events.txt     what the system did: processes, faults, leaders, who is in sync, written down as it happens
///   timeline.txt   for each kind of finding what of both happened around the first one
///   finding.dot    the first finding as a picture for Graphviz
/// To be called in a process of its own, of which stderr is taken away. Errors: io_error.
Result<> write_artifact(const std::string& folder, const scenarios::Scenario& scenario, std::uint64_t seed);

/// Adds what can be said of a run during which the process of write_artifact() died; `how` says how. Errors: io_error.
Result<> finish_crashed_artifact(const std::string& folder, const scenarios::Scenario& scenario, std::uint64_t seed,
                                 const std::string& how);

}  // namespace faultline::cli
