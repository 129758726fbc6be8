#include "cli/artifact.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

#include "checkers/formats/history_jsonl.h"
#include "cli/seed_report.h"
#include "reports/spacetime.h"
#include "scenarios/record_number.h"
#include "scenarios/scenario_file.h"

namespace faultline::cli {
namespace {

Result<> write_file(const std::filesystem::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.flush();
  if (!file) return Error(Errc::io_error, path.string() + ": cannot be written");
  return {};
}

// The scenario of this one run. What is expected of it is what it has shown.
std::string scenario_text(const scenarios::RunResult& result) {
  scenarios::Scenario scenario = result.drawn;
  scenario.expect = {};
  std::string header = fmt::format(
      "# One run of '{}' with everything that was drawn made explicit.\n# Run it with --seed {}, as it was: verdict {}, hash "
      "0x{:016x}.\n",
      scenario.name, result.seed, to_string(result.outcome), result.hash);
  for (const checkers::Finding& finding : result.findings) {
    if (scenario.expect.finding.empty()) {
      scenario.expect.finding = finding.anomaly;
    } else if (finding.anomaly != scenario.expect.finding && std::find(scenario.expect.also.begin(), scenario.expect.also.end(),
                                                                       finding.anomaly) == scenario.expect.also.end()) {
      scenario.expect.also.push_back(finding.anomaly);
    }
  }
  if (!scenario.expect.finding.empty()) header += "# It must find that again; a valid run would be the news.\n";
  return header + "\n" + scenarios::write_scenario(scenario);
}

std::string report_text(const scenarios::RunResult& result) {
  std::string text = details_of(result);
  text += "\nthe last events of the simulator:\n";
  for (const std::string& event : result.last_events) text += "  " + event + "\n";
  return text;
}

}  // namespace

Result<> write_artifact(const std::string& folder, const scenarios::RunResult& result) {
  const std::filesystem::path path(folder);
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) return Error(Errc::io_error, folder + ": " + failure.message());
  TRY(write_file(path / "scenario.toml", scenario_text(result)));
  TRY(write_file(path / "report.txt", report_text(result)));
  TRY(write_file(path / "history.jsonl", formats::write_history(result.history)));
  if (result.findings.empty()) return {};
  TRY(write_file(path / "timeline.txt",
                 scenarios::spell_record_numbers(reports::timeline_text(result.history, result.findings.front()))));
  return write_file(path / "finding.dot",
                    scenarios::spell_record_numbers(reports::spacetime_dot(result.history, result.findings.front())));
}

}  // namespace faultline::cli
