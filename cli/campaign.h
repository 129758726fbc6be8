// Campaign: the reports of many seeds of one scenario, and whether they are what the scenario expects.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "cli/exit_code.h"
#include "cli/seed_report.h"
#include "scenarios/scenario.h"

namespace faultline::cli {

class Campaign {
 public:
  explicit Campaign(const scenarios::Scenario& scenario) : scenario_(scenario) {}

  void add(SeedReport report);

  std::size_t size() const { return reports_.size(); }
  /// Seeds that are not as expected.
  std::size_t violations() const { return violations_; }
  ExitCode exit_code() const;
  /// The seed to show: the first that is not as expected, or else the first with the expected finding; nullptr if there is none.
  const SeedReport* seed_to_show() const;

  /// Verdicts, anomalies, what was tested and done; for a terminal. `wall_seconds`: how long it all took.
  std::string text(double wall_seconds) const;
  nlohmann::ordered_json json(double wall_seconds) const;

 private:
  bool as_expected(const SeedReport& report) const;
  ExitCode exit_code_of(const SeedReport& report) const;
  std::uint64_t found() const;
  std::uint64_t must_be_found() const;
  bool found_enough() const;
  checkers::Vacuity tested() const;
  std::string core_text() const;
  std::string expectation_text() const;
  std::string time_text(double wall_seconds) const;

  const scenarios::Scenario& scenario_;
  std::map<std::uint64_t, SeedReport> reports_;  // by seed
  std::size_t violations_ = 0;
};

}  // namespace faultline::cli
