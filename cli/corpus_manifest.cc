#include "cli/corpus_manifest.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

namespace faultline::cli {
namespace {

using nlohmann::ordered_json;

Result<FileReport::Outcome> parse_outcome(const std::string& name) {
  for (const auto outcome :
       {FileReport::Outcome::valid, FileReport::Outcome::invalid, FileReport::Outcome::unknown, FileReport::Outcome::bad_input}) {
    if (name == to_string(outcome)) return outcome;
  }
  return Error(Errc::malformed, fmt::format("\"verdict\" must be valid, invalid, unknown or bad input, not \"{}\"", name));
}

Result<> check_keys(const ordered_json& json) {
  constexpr std::string_view known[] = {"file",    "format",  "check",     "consistency", "tolerate",
                                        "promise", "verdict", "anomalies", "about"};
  for (const auto& [key, value] : json.items()) {
    if (std::ranges::find(known, key) == std::end(known)) return Error(Errc::malformed, fmt::format("unknown key \"{}\"", key));
  }
  return {};
}

// A library's exceptions (a missing key, another type) are caught by the caller.
Result<ManifestEntry> entry_of(const ordered_json& json, const std::filesystem::path& folder) {
  TRY(check_keys(json));
  ManifestEntry entry;
  entry.task.paths = {(folder / json.at("file").get<std::string>()).string()};
  entry.task.workload = formats::parse_workload(json.at("check").get<std::string>());
  if (!entry.task.workload)
    return Error(Errc::malformed, fmt::format("unknown check \"{}\"", json.at("check").get<std::string>()));
  if (json.contains("format")) {
    entry.task.format = formats::parse_format(json.at("format").get<std::string>());
    if (!entry.task.format) return Error(Errc::malformed, "unknown format");
  }
  if (json.contains("consistency")) {
    const auto level = transactions::parse_consistency_level(json.at("consistency").get<std::string>());
    if (!level) return Error(Errc::malformed, "unknown consistency level");
    entry.task.level = *level;
  }
  if (json.contains("tolerate")) json.at("tolerate").get_to(entry.task.tolerated);
  if (json.contains("promise")) {
    for (const std::string& text : json.at("promise").get<std::vector<std::string>>()) {
      const Result<> added = add_promise(text, entry.task.promises);
      if (!added) return Error(Errc::malformed, fmt::format("promise \"{}\": {}", text, added.error().detail));
    }
  }
  entry.expected.outcome = TRY(parse_outcome(json.at("verdict").get<std::string>()));
  if (json.contains("anomalies")) json.at("anomalies").get_to(entry.expected.anomalies);
  return entry;
}

}  // namespace

Result<std::vector<ManifestEntry>> read_manifest(const std::string& path) {
  const auto bad = [&](std::string_view what) { return Error(Errc::malformed, fmt::format("{}: {}", path, what)); };
  std::ifstream file(path);
  if (!file) return Error(Errc::not_found, path + ": cannot be opened");
  std::vector<ManifestEntry> entries;
  std::size_t number = 0;
  try {
    const ordered_json json = ordered_json::parse(file);
    if (json.at("format") != "faultline-corpus" || json.at("version") != 1)
      return bad("expected \"format\":\"faultline-corpus\",\"version\":1");
    for (const ordered_json& each : json.at("histories")) {
      ++number;
      Result<ManifestEntry> entry = entry_of(each, std::filesystem::path(path).parent_path());
      if (!entry) return bad(fmt::format("history {}: {}", number, entry.error().detail));
      entries.push_back(std::move(*entry));
    }
  } catch (const ordered_json::exception& error) {
    return bad(number == 0 ? std::string(error.what()) : fmt::format("history {}: {}", number, error.what()));
  }
  return entries;
}

std::string mismatch(const Expectation& expected, const FileReport& report) {
  if (report.outcome != expected.outcome) {
    return fmt::format("expected {}, got {}{}{}", to_string(expected.outcome), to_string(report.outcome),
                       report.failures.empty() ? "" : ": ", fmt::join(report.failures, ", "));
  }
  for (const std::string& anomaly : expected.anomalies) {
    if (std::ranges::find(report.failures, anomaly) == report.failures.end()) {
      return fmt::format("expected {}, found {}", anomaly,
                         report.failures.empty() ? "nothing" : fmt::format("{}", fmt::join(report.failures, ", ")));
    }
  }
  return {};
}

}  // namespace faultline::cli
