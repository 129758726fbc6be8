// A trial: one run of a scenario under one seed, from an empty disk to a verdict.
//
//   set up   the brokers start, the topics are created, nothing goes wrong
//   trial    clients work, faults strike
//   core     if that is asked for: a majority is well again, the rest is frozen; what is promised to the majority must come true (core.h)
//   heal     faults end, nodes that are down start, clients finish what they were doing
//   prove    every partition takes a write and is read from its beginning to its end, all within the liveness bound
//   audit    one last power loss, and a look into the logs that are recovered
//
// A pure function of (scenario, seed): run it twice and every byte is the same.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "checkers/happening.h"
#include "checkers/history.h"
#include "checkers/verdict.h"
#include "scenarios/scenario.h"
#include "sim/trace_log.h"

namespace faultline::scenarios {

/// Names of the findings that come from the trial itself.
namespace finding {
/// The healed system did not get everything done within the bound.
inline constexpr std::string_view no_progress = "no-progress";
/// An error that no fault explains.
inline constexpr std::string_view surprise = "surprise";
/// The run did not do what its scenario requires of a run that means something.
inline constexpr std::string_view vacuous = "vacuous";
/// What DeleteRecords had answered as deleted was read again after everything had healed.
inline constexpr std::string_view deleted_record_returned = "deleted-record-returned";
/// ListOffsets by time does not name the record that reading everything finds.
inline constexpr std::string_view wrong_time_lookup = "wrong-time-lookup";
}  // namespace finding

struct FaultCount {
  std::string kind;
  std::uint64_t count = 0;
};

/// How much a core that was cut to a majority had to prove.
struct CoreReport {
  std::uint64_t frozen = 0;      // servers it had to manage without
  std::uint64_t partitions = 0;  // of the scenario
  std::uint64_t demanded = 0;    // of them those that owed it progress
};

struct TrialOptions {
  bool keep_trace = false;      // every event, for first_divergence()
  std::size_t last_events = 0;  // how many of the newest to keep as text
  /// Told of everything worth knowing at once, so that it is known also of a run that its process does not survive.
  std::function<void(const checkers::Happening&)> on_happening{};
};

struct RunResult {
  /// hollow: nothing was found wrong, but too little was done for that to mean anything.
  enum class Outcome : std::uint8_t { valid, safety, liveness, internal, hollow };

  std::uint64_t seed = 0;
  Outcome outcome = Outcome::valid;
  checkers::Verdict log;                       // of the history
  std::vector<checkers::Finding> findings;     // all that are failures, the log checker's and the others', worst first
  std::vector<checkers::AnomalyCount> counts;  // of every anomaly that occurred, tolerated ones too
  std::map<std::string, std::string> judges;   // by anomaly: which checker found it
  std::vector<std::string> mask;               // what the swarm and the knobs did
  std::vector<FaultCount> ordered;             // what the scenario's faults did, by kind
  std::vector<FaultCount> faults;              // what came of it in the world, by the simulator's kinds
  std::uint64_t hash = 0;
  std::uint64_t events = 0;
  Duration simulated{};
  std::uint64_t broker_starts = 0;
  std::uint64_t probe_looks = 0;
  std::uint64_t records_looked_up = 0;  // acknowledged records found again in recovered logs
  std::optional<CoreReport> core;       // if there was one

  std::map<std::string, checkers::Sighting> sightings;  // by anomaly, of the first that no operation shows
  Time trial_began{};                                   // times of the scenario's faults count from here

  Scenario drawn;  // the explicit scenario of this run
  checkers::LogHistory history;
  std::vector<std::string> last_events;
  sim::RunLog trace;
};

std::string_view to_string(RunResult::Outcome outcome);

/// Runs `scenario` under `seed`. Requires: problems_of(scenario) is empty.
RunResult run_trial(const Scenario& scenario, std::uint64_t seed, const TrialOptions& options = {});

}  // namespace faultline::scenarios
