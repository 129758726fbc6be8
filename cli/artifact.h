// The artifact of a failing run: everything it takes to see it, repeat it and change it, in one folder.
#pragma once

#include <string>

#include "base/result.h"
#include "scenarios/trial.h"

namespace faultline::cli {

/// Writes into `folder`, which is made if it does not exist:
///   scenario.toml  the run as an ordinary scenario: every fault explicit, every knob fixed
///   report.txt     the findings in prose, the faults, the last events of the simulator
///   history.jsonl  what the clients saw (docs/formats/history.md)
///   timeline.txt   the operations around the first finding
///   finding.dot    the same as a picture for Graphviz
/// Errors: io_error.
Result<> write_artifact(const std::string& folder, const scenarios::RunResult& result);

}  // namespace faultline::cli
