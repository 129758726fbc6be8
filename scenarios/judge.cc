#include "scenarios/judge.h"

#include <algorithm>

#include "checkers/log_checker.h"
#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"
#include "scenarios/record_number.h"
#include "scenarios/text_values.h"

namespace faultline::scenarios {
namespace {

using checkers::Finding;

// What is counted and is no failure. A duplicate is a failure of those producers that are idempotent (rules_of).
std::vector<std::string> tolerated(const Scenario& scenario) {
  std::vector<std::string> names = scenario.checks.tolerate;
  names.emplace_back(checkers::anomaly::int_send_skip);
  return names;
}

bool tolerates(const Scenario& scenario, std::string_view anomaly) {
  const std::vector<std::string> names = tolerated(scenario);
  return std::find(names.begin(), names.end(), anomaly) != names.end();
}

checkers::LogRules rules_of(TrialState& state) {
  checkers::LogRules rules;
  rules.tolerated = tolerated(state.scenario);
  if (!tolerates(state.scenario, checkers::anomaly::duplicate)) {
    rules.tolerated.emplace_back(checkers::anomaly::duplicate);
    rules.idempotent_processes = state.idempotent_processes;
  }
  for (const auto& [partition, offset] : state.deleted_below) {
    rules.retained_from.push_back({state.history_partition(partition), offset});
  }
  return rules;
}

// A producer sends a partition's batches one after the other, so that records of a key keep their order whatever happens.
log_rules::Promises promises_of(const Scenario& scenario) {
  log_rules::Promises promises;
  promises.tolerated = tolerated(scenario);
  promises.produce_p99 = scenario.checks.produce_p99;
  promises.key_order = std::any_of(scenario.producers.begin(), scenario.producers.end(),
                                   [](const Producer& producer) { return producer.keys > 0; });
  promises.write_bound = scenario.liveness.write_stall;
  return promises;
}

class Judgement {
 public:
  Judgement(RunResult& result, const Scenario& scenario) : result_(result), scenario_(scenario) {}

  void add(Finding finding) {
    const auto entry = std::find_if(result_.counts.begin(), result_.counts.end(),
                                    [&](const checkers::AnomalyCount& count) { return count.anomaly == finding.anomaly; });
    result_.judges.try_emplace(finding.anomaly, "trial");
    finding.failure = !tolerates(scenario_, finding.anomaly);
    if (entry == result_.counts.end()) {
      result_.counts.push_back({finding.anomaly, finding.failure, 1});
    } else {
      ++entry->count;
    }
    if (finding.failure) result_.findings.push_back(std::move(finding));
  }

  /// What `judge` has judged already.
  void add(const checkers::Verdict& verdict, std::string_view judge) {
    for (const checkers::AnomalyCount& count : verdict.counts) result_.judges.try_emplace(count.anomaly, judge);
    result_.counts.insert(result_.counts.end(), verdict.counts.begin(), verdict.counts.end());
    for (const Finding& found : verdict.findings) {
      if (found.failure) result_.findings.push_back(found);
    }
    if (verdict.outcome == checkers::Verdict::Outcome::unknown) add(finding::surprise, verdict.reason);
  }

  void add(std::string_view name, std::string text) { add({.anomaly = std::string(name), .text = std::move(text)}); }

 private:
  RunResult& result_;
  const Scenario& scenario_;
};

bool is_of_liveness(std::string_view anomaly) {
  return anomaly == finding::no_progress || anomaly == log_rules::anomaly::write_stall ||
         anomaly == log_rules::anomaly::slow_produce;
}

// Safety before liveness before the rest: what a run is known for is the worst that it showed.
RunResult::Outcome outcome_of(const std::vector<Finding>& findings) {
  bool liveness = false;
  bool internal = false;
  bool hollow = false;
  for (const Finding& found : findings) {
    if (is_of_liveness(found.anomaly)) {
      liveness = true;
    } else if (found.anomaly == finding::surprise) {
      internal = true;
    } else if (found.anomaly == finding::vacuous) {
      hollow = true;  // what did not move could not be tested either: only alone does it count
    } else {
      return RunResult::Outcome::safety;
    }
  }
  if (internal) return RunResult::Outcome::internal;
  if (liveness) return RunResult::Outcome::liveness;
  return hollow ? RunResult::Outcome::hollow : RunResult::Outcome::valid;
}

/// Why the healed system is not where it should be; empty if it is.
std::string missing_progress(const Scenario& scenario, const Evidence& evidence) {
  const std::string bound = format_duration(scenario.liveness.bound);
  const std::string healed = bound + " after everything had healed, ";
  if (!evidence.set_up)
    return "the brokers did not start, or the topics could not be created, within " + bound + ", before any fault";
  if (!evidence.core_failure.empty()) return bound + " after a majority had healed, the rest frozen, " + evidence.core_failure;
  if (!evidence.clients_finished) return "clients were still busy with one operation " + bound + " after everything had healed";
  if (!evidence.reads.done) {
    return healed + std::to_string(evidence.reads.written) + " partitions had taken a write and " +
           std::to_string(evidence.reads.read) + " were read to their end; the last error was: " +
           (evidence.reads.last_error.empty() ? "none" : evidence.reads.last_error);
  }
  return evidence.not_converged.empty() ? std::string() : healed + evidence.not_converged;
}

}  // namespace

void judge(RunResult& result, TrialState& state, const Evidence& evidence) {
  const Scenario& scenario = state.scenario;
  const checkers::LogRules rules = rules_of(state);
  result.history = std::move(state.recorder).take();
  Judgement judgement(result, scenario);
  if (scenario.checks.log) {
    result.log = checkers::check_log(result.history, rules);
    judgement.add(result.log, "log checker");
    judgement.add(log_rules::check_log_rules(result.history, promises_of(scenario)), "log rules");
  } else {
    result.log.vacuity = checkers::measure_vacuity(result.history);
  }
  judgement.add(evidence.probe.take_findings(), "invariants of logs");
  judgement.add(evidence.cluster_probe.take_findings(), "invariants of the cluster");
  result.sightings = std::move(state.sightings);
  for (const Finding& found : evidence.reads.findings) judgement.add(found);
  if (std::string missing = missing_progress(scenario, evidence); !missing.empty()) {
    judgement.add(finding::no_progress, std::move(missing));
    result.sightings.emplace(finding::no_progress, evidence.proof);
  }
  for (const Surprise& surprise : state.surprises) {
    judgement.add(finding::surprise, checkers::seconds_text(surprise.at) + ", " + surprise.node + ": " + surprise.what);
    result.sightings.emplace(finding::surprise,
                             checkers::Sighting{after(surprise.at, -TrialState::sighting_background), surprise.at});
  }
  for (const std::string& unmet : checkers::unmet(scenario.checks.require, result.log.vacuity)) {
    judgement.add(finding::vacuous, unmet);
  }
  if (result.core && result.core->demanded < static_cast<std::uint64_t>(scenario.liveness.min_demanded)) {
    judgement.add(finding::vacuous, std::to_string(result.core->demanded) + " partitions owed progress to the core, " +
                                        std::to_string(scenario.liveness.min_demanded) + " are required");
  }
  for (Finding& found : result.findings) found.text = spell_record_numbers(found.text);
  result.outcome = outcome_of(result.findings);
}

}  // namespace faultline::scenarios
