// Scenario files: reading, checking, writing. docs/SCENARIOS.md is their reference.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "scenarios/document.h"
#include "scenarios/scenario.h"

namespace faultline::scenarios {

/// A scenario, or everything that is wrong with its file, in the order of the file.
struct ReadScenario {
  Scenario scenario;  // meaningless if there are problems
  std::vector<Problem> problems;
};

/// Reads `text`. `name`: that of the scenario if the file states none. `settings`: KEY=VALUE, in force over the file.
ReadScenario read_scenario(std::string_view text, std::string_view name, std::span<const std::string> settings = {});

/// What no value shows by itself: names that do not exist, parameters that a fault does not take, keys that the broker does not
/// know. Positions are not filled in.
std::vector<Problem> problems_of(const Scenario& scenario);

/// The scenario as a file: what is as it would be anyway is left out. read_scenario() reads it back.
std::string write_scenario(const Scenario& scenario);

}  // namespace faultline::scenarios
