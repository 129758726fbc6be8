// Reading a scenario file from the disk, with every problem in it told.
#pragma once

#include <span>
#include <string>

#include "base/result.h"
#include "scenarios/scenario.h"

namespace faultline::cli {

/// Errors: not_found, io_error, too_large; invalid_argument with all problems, one a line, as FILE:LINE:COLUMN: what is wrong.
Result<scenarios::Scenario> load_scenario(const std::string& file, std::span<const std::string> settings);

/// Adds the exhibits of these names to those of the scenario. Errors: invalid_argument, with a suggestion for an unknown name.
Result<> add_exhibits(scenarios::Scenario& scenario, std::span<const std::string> names);

/// The whole file. Errors: not_found, io_error, too_large.
Result<std::string> read_text_file(const std::string& file);

}  // namespace faultline::cli
