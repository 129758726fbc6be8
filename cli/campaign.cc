#include "cli/campaign.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/text.h"

namespace faultline::cli {
namespace {

using Outcome = SeedReport::Outcome;

struct Total {
  std::uint64_t count = 0;
  std::vector<std::uint64_t> seeds;
  bool failure = false;
};

std::map<std::string, Total> totals_of(const std::map<std::uint64_t, SeedReport>& reports) {
  std::map<std::string, Total> totals;
  for (const auto& [seed, report] : reports) {
    for (const checkers::AnomalyCount& count : report.counts) {
      Total& total = totals[count.anomaly];
      total.count += count.count;
      total.seeds.push_back(seed);
      total.failure = total.failure || count.failure;
    }
  }
  return totals;
}

// The first seeds in which it was seen; `--json` has them all.
std::string where_text(const Total& total) {
  constexpr std::size_t shown = 3;
  std::string text = total.seeds.size() == 1 ? "; seed" : "; seeds";
  for (std::size_t i = 0; i < std::min(shown, total.seeds.size()); ++i) text += fmt::format(" {}", total.seeds[i]);
  return text + (total.seeds.size() > shown ? " ..." : "");
}

std::string counts_text(const std::map<std::string, std::uint64_t>& counts) {
  std::string text;
  for (const auto& [name, count] : counts) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", count, name);
  return text.empty() ? "nothing\n" : text + "\n";
}

std::vector<std::string_view> exhibit_names(const scenarios::Scenario& scenario) {
  std::vector<std::string_view> names;
  for (const Exhibit exhibit : scenario.exhibits) names.push_back(card_of(exhibit).name);
  return names;
}

std::string seeds_text(std::uint64_t count) { return fmt::format("{} seed{}", count, count == 1 ? "" : "s"); }

}  // namespace

void Campaign::add(SeedReport report) {
  if (exit_code_of(report) != ExitCode::ok) ++violations_;
  reports_.emplace(report.seed, std::move(report));
}

// All that failed is what the scenario expects, or may come with it.
bool Campaign::as_expected(const SeedReport& report) const {
  const scenarios::Expect& expect = scenario_.expect;
  return std::all_of(report.counts.begin(), report.counts.end(), [&](const checkers::AnomalyCount& count) {
    return !count.failure ||
           (!expect.finding.empty() && (count.anomaly == expect.finding ||
                                        std::find(expect.also.begin(), expect.also.end(), count.anomaly) != expect.also.end()));
  });
}

ExitCode Campaign::exit_code_of(const SeedReport& report) const {
  if (!report.crash.empty()) return ExitCode::internal;
  if (!report.divergence.empty()) return ExitCode::not_deterministic;
  if (as_expected(report)) return ExitCode::ok;
  switch (report.outcome) {
    case Outcome::valid: return ExitCode::ok;
    case Outcome::safety: return ExitCode::safety_violated;
    case Outcome::liveness: return ExitCode::liveness_violated;
    case Outcome::internal: return ExitCode::internal;
    case Outcome::hollow: return ExitCode::hollow;
  }
  return ExitCode::internal;
}

std::uint64_t Campaign::found() const {
  std::uint64_t found = 0;
  for (const auto& [seed, report] : reports_) found += report.failed(scenario_.expect.finding) ? 1 : 0;
  return found;
}

std::uint64_t Campaign::must_be_found() const {
  if (scenario_.expect.finding.empty()) return 0;
  if (!scenario_.expect.share) return 1;
  const Ratio share = *scenario_.expect.share;
  return std::max<std::uint64_t>(1, reports_.size() * share.numerator / share.denominator);
}

bool Campaign::found_enough() const { return scenario_.expect.finding.empty() || found() >= must_be_found(); }

// The worst of all seeds counts: a run that cannot be trusted before one that is wrong, safety before liveness, what proved nothing last.
ExitCode Campaign::exit_code() const {
  const auto ended = [this](ExitCode code, bool hollow) {
    return std::any_of(reports_.begin(), reports_.end(), [&](const auto& entry) {
      return exit_code_of(entry.second) == code && (entry.second.outcome == Outcome::hollow) == hollow;
    });
  };
  for (const ExitCode code :
       {ExitCode::internal, ExitCode::not_deterministic, ExitCode::safety_violated, ExitCode::liveness_violated}) {
    if (ended(code, false)) return code;
  }
  if (ended(ExitCode::hollow, true)) return ExitCode::hollow;
  return found_enough() ? ExitCode::ok : ExitCode::safety_violated;
}

const SeedReport* Campaign::seed_to_show() const {
  for (const auto& [seed, report] : reports_) {
    if (exit_code_of(report) != ExitCode::ok) return &report;
  }
  for (const auto& [seed, report] : reports_) {
    if (report.failed(scenario_.expect.finding)) return &report;
  }
  return nullptr;
}

checkers::Vacuity Campaign::tested() const {
  checkers::Vacuity sum;
  for (const auto& [seed, report] : reports_) {
    const checkers::Vacuity& one = report.vacuity;
    sum.operations += one.operations;
    sum.sends += one.sends;
    sum.polls += one.polls;
    sum.ok += one.ok;
    sum.failed += one.failed;
    sum.indefinite += one.indefinite;
    sum.acknowledged += one.acknowledged;
    sum.acknowledged_read += one.acknowledged_read;
    sum.records_read += one.records_read;
    sum.ok_polls += one.ok_polls;
    sum.faults += one.faults;
    sum.faults_overlapping += one.faults_overlapping;
    sum.partitions = std::max(sum.partitions, one.partitions);
  }
  return sum;
}

// Of those seeds in which a majority had to do without the rest.
std::string Campaign::core_text() const {
  std::uint64_t seeds = 0;
  scenarios::CoreReport sum;
  for (const auto& [seed, report] : reports_) {
    if (!report.core) continue;
    ++seeds;
    sum.frozen += report.core->frozen;
    sum.partitions += report.core->partitions;
    sum.demanded += report.core->demanded;
  }
  if (seeds == 0) return {};
  return fmt::format("  core          {} with {} servers frozen, {} of {} partitions demanded\n", seeds_text(seeds), sum.frozen,
                     sum.demanded, sum.partitions);
}

std::string Campaign::expectation_text() const {
  const std::string& finding = scenario_.expect.finding;
  if (violations_ > 0) return fmt::format("NOT as expected: {} of {}", violations_, seeds_text(reports_.size()));
  if (finding.empty()) return "as expected: valid";
  const std::string figures = fmt::format("{} found in {} of {}", finding, found(), seeds_text(reports_.size()));
  if (found_enough()) return "as expected: " + figures;
  return fmt::format("NOT as expected: {}, at least {} expected", figures, must_be_found());
}

std::string Campaign::time_text(double wall_seconds) const {
  double simulated = 0;
  for (const auto& [seed, report] : reports_) simulated += static_cast<double>(report.simulated_ns) * 1e-9;
  const double seconds = std::max(wall_seconds, 1e-3);
  return fmt::format("simulated {:.0f} s in {:.1f} s, {:.0f} : 1; {:.1f} seeds/s", simulated, wall_seconds, simulated / seconds,
                     static_cast<double>(reports_.size()) / seconds);
}

std::string Campaign::text(double wall_seconds) const {
  std::map<std::string, std::uint64_t> verdicts;
  std::map<std::string, std::uint64_t> ordered;
  std::map<std::string, std::uint64_t> faults;
  std::uint64_t starts = 0;
  std::uint64_t looked_up = 0;
  for (const auto& [seed, report] : reports_) {
    ++verdicts[report.crash.empty() ? std::string(to_string(report.outcome)) : "crashed"];
    if (!report.divergence.empty()) ++verdicts["not deterministic"];
    for (const scenarios::FaultCount& fault : report.ordered) ordered[fault.kind] += fault.count;
    for (const scenarios::FaultCount& fault : report.faults) faults[fault.kind] += fault.count;
    starts += report.broker_starts;
    looked_up += report.records_looked_up;
  }
  std::string text = fmt::format("\n{:<24}{:>8}\n", scenario_.name, "seeds");
  for (const Exhibit exhibit : scenario_.exhibits) text += exhibit_text(exhibit);
  for (const auto& [verdict, count] : verdicts) text += fmt::format("  {:<22}{:>8}\n", verdict, count);
  for (const auto& [anomaly, total] : totals_of(reports_)) {
    text += fmt::format("  {:<22}{:>8}  {} in all{}{}\n", anomaly, total.seeds.size(), total.count,
                        total.failure ? "" : ", tolerated", reports_.size() > 1 ? where_text(total) : "");
  }
  text += "\n" + reports::vacuity_text(tested()) + core_text();
  text += fmt::format("recovered: {} starts of brokers, {} acknowledged records looked up after them\n", starts, looked_up);
  text += "ordered  " + counts_text(ordered) + "came of it  " + counts_text(faults);
  return text + time_text(wall_seconds) + "\n" + expectation_text() + "\n";
}

nlohmann::ordered_json Campaign::json(double wall_seconds) const {
  nlohmann::ordered_json json{{"scenario", scenario_.name},
                              {"exhibits", exhibit_names(scenario_)},
                              {"as_expected", exit_code() == ExitCode::ok},
                              {"exit_code", static_cast<int>(exit_code())},
                              {"expectation", expectation_text()},
                              {"wall_seconds", wall_seconds},
                              {"seeds", nlohmann::ordered_json::array()}};
  for (const auto& [seed, report] : reports_) json["seeds"].push_back(public_json(report));
  return json;
}

}  // namespace faultline::cli
