#include "cli/artifact.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <vector>

#include "checkers/formats/history_jsonl.h"
#include "cli/seed_report.h"
#include "reports/spacetime.h"
#include "reports/timeline.h"
#include "scenarios/cluster_plan.h"
#include "scenarios/draw.h"
#include "scenarios/record_number.h"
#include "scenarios/scenario_file.h"
#include "scenarios/trial.h"

namespace faultline::cli {
namespace {

using checkers::Finding;
using checkers::Happening;
using scenarios::RunResult;

// Events of the simulator that go into a report.
constexpr std::size_t last_events = 2000;
// Kinds of findings that get a timeline; the first of each kind.
constexpr std::size_t max_timelines = 6;
// What is shown of the notes on a run that its process did not survive.
constexpr std::size_t last_notes = 60;

// In a picture, text has less room.
constexpr reports::SceneLimits picture_limits{.max_operations = 24, .max_faults = 12, .max_happenings = 16};

Result<> write_file(const std::filesystem::path& path, const std::string& content) {
  std::ofstream file(path, std::ios::binary);
  file << content;
  file.flush();
  if (!file) return Error(Errc::io_error, path.string() + ": cannot be written");
  return {};
}

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

// The scenario of one run, with everything that was drawn made explicit.
std::string scenario_text(scenarios::Scenario drawn, std::uint64_t seed, const std::string& how,
                          const std::vector<Finding>& findings) {
  std::string header =
      fmt::format("# One run of '{}' with everything that was drawn made explicit.\n# Run it with --seed {}, as it was: {}.\n",
                  drawn.name, seed, how);
  // What is expected of it is what it has shown.
  scenarios::Expect& expect = drawn.expect;
  expect = {};
  for (const Finding& finding : findings) {
    if (expect.finding.empty()) {
      expect.finding = finding.anomaly;
    } else if (finding.anomaly != expect.finding && std::ranges::find(expect.also, finding.anomaly) == expect.also.end()) {
      expect.also.push_back(finding.anomaly);
    }
  }
  if (!expect.finding.empty()) header += "# It must find that again; a valid run would be the news.\n";
  return header + "\n" + scenarios::write_scenario(drawn);
}

reports::Context context_of(const RunResult& result, const Finding& finding, const std::vector<Happening>& happenings) {
  reports::Context context{.happenings = happenings};
  const auto seen = result.sightings.find(finding.anomaly);
  if (seen != result.sightings.end()) context.seen = seen->second;
  return context;
}

// By which numbers servers go in the metadata, and so in what is found there.
std::string legend(const scenarios::Scenario& drawn) {
  constexpr std::size_t names_max = 8;
  const std::vector<std::string> names = scenarios::server_names(drawn);
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), names_max); ++i)
    text += fmt::format("{}{} is node {}", i == 0 ? "" : ", ", names[i], scenarios::server_id(names[i]));
  return text + (names.size() > names_max ? ", and so on\n" : "\n");
}

std::string timelines_text(const RunResult& result, const std::vector<Happening>& happenings) {
  if (result.findings.empty()) return {};
  std::string text = legend(result.drawn);
  std::set<std::string> kinds;
  for (const Finding& finding : result.findings) {
    if (kinds.size() == max_timelines || !kinds.insert(finding.anomaly).second) continue;
    text += fmt::format("\n{}:\n", finding.anomaly);
    text += reports::timeline_text(result.history, finding, context_of(result, finding, happenings));
  }
  return scenarios::spell_record_numbers(text);
}

std::string report_text(const RunResult& result, const std::string& timelines) {
  std::string text = details_of(result);
  if (!timelines.empty()) text += "\nwhat happened around it (all of it is in events.txt):\n" + timelines;
  text += "\nthe last events of the simulator:\n";
  for (const std::string& event : result.last_events) text += "  " + event + "\n";
  return text;
}

std::string last_lines(const std::string& text, std::size_t count) {
  std::size_t begin = text.size();
  for (std::size_t lines = 0; begin > 0; --begin) {
    if (text[begin - 1] == '\n' && begin < text.size() && ++lines == count) break;
  }
  return text.substr(begin);
}

}  // namespace

Result<> write_artifact(const std::string& folder, const scenarios::Scenario& scenario, std::uint64_t seed) {
  const std::filesystem::path path(folder);
  std::error_code failure;
  std::filesystem::create_directories(path, failure);
  if (failure) return Error(Errc::io_error, folder + ": " + failure.message());
  // A process that dies on the way leaves what it has said, and the events up to there.
  if (std::freopen((path / "stderr.txt").c_str(), "w", stderr) == nullptr)
    return Error(Errc::io_error, folder + ": stderr.txt cannot be written");
  std::ofstream notes(path / "events.txt", std::ios::binary);
  std::vector<Happening> happenings;
  const RunResult result =
      scenarios::run_trial(scenario, seed, {.last_events = last_events, .on_happening = [&](const Happening& happening) {
                                              happenings.push_back(happening);
                                              notes << reports::happening_line(happening) << std::flush;
                                            }});
  if (!notes) return Error(Errc::io_error, folder + ": events.txt cannot be written");
  std::filesystem::remove(path / "stderr.txt", failure);
  const std::string how = fmt::format("verdict {}, hash 0x{:016x}", to_string(result.outcome), result.hash);
  TRY(write_file(path / "scenario.toml", scenario_text(result.drawn, result.seed, how, result.findings)));
  const std::string timelines = timelines_text(result, happenings);
  TRY(write_file(path / "report.txt", report_text(result, timelines)));
  TRY(write_file(path / "history.jsonl", formats::write_history(result.history)));
  if (result.findings.empty()) return {};
  TRY(write_file(path / "timeline.txt", timelines));
  const Finding& first = result.findings.front();
  return write_file(path / "finding.dot", scenarios::spell_record_numbers(reports::spacetime_dot(
                                              result.history, first, context_of(result, first, happenings), picture_limits)));
}

Result<> finish_crashed_artifact(const std::string& folder, const scenarios::Scenario& scenario, std::uint64_t seed,
                                 const std::string& how) {
  const std::filesystem::path path(folder);
  const std::string timeline =
      last_lines(read_file(path / "events.txt"), last_notes) + "              > its process was " + how + "\n";
  TRY(write_file(path / "scenario.toml",
                 scenario_text(scenarios::draw(scenario, seed).scenario, seed, "its process was " + how, {})));
  TRY(write_file(path / "timeline.txt", timeline));
  return write_file(path / "report.txt", "its process was " + how + ", and said:\n" + read_file(path / "stderr.txt") +
                                             "\nwhat happened before (all of it is in events.txt):\n" + timeline);
}

}  // namespace faultline::cli
