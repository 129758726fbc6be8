// What one seed came to, small enough to be sent from a worker to its parent; as JSON, which is also what `run --json` prints.
#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "checkers/verdict.h"
#include "scenarios/trial.h"

namespace faultline::cli {

struct SeedReport {
  using Outcome = scenarios::RunResult::Outcome;

  std::uint64_t seed = 0;
  Outcome outcome = Outcome::valid;
  std::vector<checkers::AnomalyCount> counts;
  std::map<std::string, std::string> judges;  // by anomaly: which checker found it
  std::vector<std::string> mask;
  std::vector<scenarios::FaultCount> ordered;
  std::vector<scenarios::FaultCount> faults;
  checkers::Vacuity vacuity;
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  std::int64_t simulated_ns = 0;
  std::uint64_t broker_starts = 0;
  std::uint64_t records_looked_up = 0;
  std::optional<scenarios::CoreReport> core;
  std::string details;     // findings in prose and the faults of the run, if there were findings
  std::string divergence;  // of a second run, with --twice; empty if there was none
  std::string crash;       // how its worker died; everything else is unknown then

  bool failed(std::string_view anomaly) const;
};

SeedReport report_of(const scenarios::RunResult& result);

std::string to_json(const SeedReport& report);
/// Requires: made by to_json.
SeedReport seed_report_from_json(const std::string& text);
/// For people and their scripts: without the prose.
nlohmann::ordered_json public_json(const SeedReport& report);

/// A line for people: which mistake is on, and what would be right.
std::string exhibit_text(Exhibit exhibit);

/// The findings of a run in prose, with their witnesses, and what was done to the system.
std::string details_of(const scenarios::RunResult& result);

}  // namespace faultline::cli
