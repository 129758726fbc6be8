#include "cli/check_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/json.h"
#include "reports/text.h"

namespace faultline::cli {
namespace {

using nlohmann::ordered_json;
using Outcome = FileReport::Outcome;

std::string share(std::uint64_t part, std::uint64_t whole) {
  return whole == 0 ? "0.0 %" : fmt::format("{}.{} %", part * 100 / whole, part * 1000 / whole % 10);
}

// The counterpart of reports::vacuity_text for what is no log.
std::string tested_text(const checkers::Vacuity& did) {
  std::string text =
      fmt::format("  operations    {} ({} that write, {} that only read): {} ok, {} failed, {} indefinite ({})\n", did.operations,
                  did.sends, did.polls, did.ok, did.failed, did.indefinite, share(did.indefinite, did.operations));
  text += fmt::format("  acknowledged  {} writes; {} reads were answered\n", did.acknowledged, did.ok_polls);
  text += fmt::format("  objects       {}\n", did.partitions);
  text += fmt::format("  faults        {}, {} of them during an operation\n", did.faults, did.faults_overlapping);
  return text;
}

Outcome outcome_of(const Judgement& judgement) {
  using Verdict = checkers::Verdict;
  if (judgement.verdict.outcome == Verdict::Outcome::invalid) return Outcome::invalid;
  if (judgement.verdict.outcome == Verdict::Outcome::unknown) return Outcome::unknown;
  return judgement.unmet.empty() ? Outcome::valid : Outcome::invalid;
}

std::string dumped(const ordered_json& json) { return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace); }

std::string text_of(const std::string& path, const Judgement& judgement, double seconds) {
  const checkers::Verdict& verdict = judgement.verdict;
  std::string text = fmt::format("{}: {}\n", path, to_string(outcome_of(judgement)));
  text += fmt::format("  judged as     {}, format {}{}\n", judgement.checker, judgement.format,
                      judgement.guessed.empty() ? "" : fmt::format(" (told from the file: {})", judgement.guessed));
  for (const std::string& line : judgement.said) text += fmt::format("  {}\n", line);
  if (verdict.outcome == checkers::Verdict::Outcome::unknown) text += fmt::format("  unknown       {}\n", verdict.reason);
  std::string counts;
  for (const checkers::AnomalyCount& entry : verdict.counts) {
    counts += fmt::format("{}{} {}{}", counts.empty() ? "" : ", ", entry.anomaly, entry.count, entry.failure ? "" : " (allowed)");
  }
  text += fmt::format("  found         {}\n", counts.empty() ? "nothing" : counts);
  text += judgement.is_log ? reports::vacuity_text(verdict.vacuity) : tested_text(verdict.vacuity);
  text += fmt::format("  took          {:.3f} s\n", seconds);
  for (const std::string& line : judgement.unmet) text += fmt::format("  not enough was tested: {}\n", line);
  if (!judgement.details.empty()) text += "\n" + judgement.details;
  return text;
}

}  // namespace

std::string_view to_string(Outcome outcome) {
  switch (outcome) {
    case Outcome::valid: return "valid";
    case Outcome::invalid: return "invalid";
    case Outcome::unknown: return "unknown";
    case Outcome::bad_input: return "bad input";
    case Outcome::crashed: return "crashed";
  }
  return "";
}

FileReport report_of(const std::string& path, const Judgement& judgement, double seconds) {
  FileReport report;
  report.outcome = outcome_of(judgement);
  for (const checkers::AnomalyCount& entry : judgement.verdict.counts) {
    if (entry.failure) report.failures.push_back(entry.anomaly);
  }
  report.text = text_of(path, judgement, seconds);
  report.dot = judgement.dot;
  ordered_json json{{"file", path}, {"format", judgement.format}, {"checker", judgement.checker}};
  if (!judgement.guessed.empty()) json["guessed_from"] = judgement.guessed;
  json.update(ordered_json::parse(reports::verdict_json(judgement.verdict, nullptr)));
  json["verdict"] = to_string(report.outcome);
  if (!judgement.unmet.empty()) json["unmet"] = judgement.unmet;
  json.update(judgement.extra);
  report.json = dumped(json);
  return report;
}

FileReport bad_input(const std::string& path, const std::string& problem) {
  FileReport report;
  report.outcome = Outcome::bad_input;
  report.text = problem + "\n";
  report.json = dumped(ordered_json{{"file", path}, {"verdict", "bad input"}, {"reason", problem}});
  return report;
}

FileReport out_of_reach(const std::string& path, const std::string& reason) {
  FileReport report;
  report.outcome = Outcome::unknown;
  report.text = fmt::format("{}: unknown\n  unknown       {}\n", path, reason);
  report.json = dumped(ordered_json{{"file", path}, {"verdict", "unknown"}, {"reason", reason}});
  return report;
}

std::string to_message(const FileReport& report) {
  return dumped(ordered_json{{"outcome", static_cast<int>(report.outcome)},
                             {"failures", report.failures},
                             {"text", report.text},
                             {"json", report.json},
                             {"dot", report.dot}});
}

FileReport file_report_from(const std::string& message) {
  const ordered_json json = ordered_json::parse(message);
  FileReport report;
  report.outcome = static_cast<Outcome>(json.at("outcome").get<int>());
  json.at("failures").get_to(report.failures);
  json.at("text").get_to(report.text);
  json.at("json").get_to(report.json);
  json.at("dot").get_to(report.dot);
  return report;
}

}  // namespace faultline::cli
