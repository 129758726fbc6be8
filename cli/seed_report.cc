#include "cli/seed_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "reports/text.h"
#include "scenarios/enum_names.h"
#include "scenarios/record_number.h"
#include "scenarios/text_values.h"

namespace faultline::cli {
namespace {

using nlohmann::ordered_json;

// More lines of a schedule than that are in the artifact, not on the screen.
constexpr std::size_t max_fault_lines = 40;

ordered_json vacuity_json(const checkers::Vacuity& v) {
  return {{"operations", v.operations},
          {"sends", v.sends},
          {"polls", v.polls},
          {"ok", v.ok},
          {"failed", v.failed},
          {"indefinite", v.indefinite},
          {"acknowledged", v.acknowledged},
          {"acknowledged_read", v.acknowledged_read},
          {"records_read", v.records_read},
          {"ok_polls", v.ok_polls},
          {"faults", v.faults},
          {"faults_overlapping", v.faults_overlapping},
          {"partitions", v.partitions},
          {"never_polled", v.never_polled},
          {"never_read_to_end", v.never_read_to_end}};
}

checkers::Vacuity vacuity_from(const ordered_json& json) {
  checkers::Vacuity v;
  json.at("operations").get_to(v.operations);
  json.at("sends").get_to(v.sends);
  json.at("polls").get_to(v.polls);
  json.at("ok").get_to(v.ok);
  json.at("failed").get_to(v.failed);
  json.at("indefinite").get_to(v.indefinite);
  json.at("acknowledged").get_to(v.acknowledged);
  json.at("acknowledged_read").get_to(v.acknowledged_read);
  json.at("records_read").get_to(v.records_read);
  json.at("ok_polls").get_to(v.ok_polls);
  json.at("faults").get_to(v.faults);
  json.at("faults_overlapping").get_to(v.faults_overlapping);
  json.at("partitions").get_to(v.partitions);
  json.at("never_polled").get_to(v.never_polled);
  json.at("never_read_to_end").get_to(v.never_read_to_end);
  return v;
}

/// For people: to the millisecond. The artifact has the exact values.
std::string rounded(Duration duration) {
  return scenarios::format_duration(std::chrono::round<std::chrono::milliseconds>(duration));
}

std::string fault_line(const scenarios::FaultSpec& fault) {
  std::string line = fmt::format("  {:>10}  {:<20} {}", rounded(fault.at.low), scenarios::info_of(fault.kind).name, fault.node);
  if (!fault.peer.empty()) line += " <> " + fault.peer;
  const auto add = [&](const char* key, const auto& value) {
    if (value) line += fmt::format(", {} {}", key, rounded(value->low));
  };
  add("for", fault.lasts);
  add("restart after", fault.restart_after);
  add("latency", fault.latency);
  add("by", fault.by);
  return line + "\n";
}

}  // namespace

bool SeedReport::failed(std::string_view anomaly) const {
  return std::any_of(counts.begin(), counts.end(),
                     [&](const checkers::AnomalyCount& count) { return count.failure && count.anomaly == anomaly; });
}

std::string exhibit_text(Exhibit exhibit) {
  const ExhibitCard& card = card_of(exhibit);
  return fmt::format("  exhibit {}: {} (right: {})\n", card.name, card.wrong, card.right);
}

std::string details_of(const scenarios::RunResult& result) {
  checkers::Verdict all = result.log;
  all.findings = result.findings;
  all.counts = result.counts;
  std::string text;
  for (const Exhibit exhibit : result.drawn.exhibits) text += exhibit_text(exhibit);
  text += scenarios::spell_record_numbers(reports::findings_text(all, &result.history));
  text += fmt::format("\nfaults of seed {}, from the start of the trial at {}:\n", result.seed,
                      checkers::seconds_text(result.trial_began));
  std::size_t lines = 0;
  for (const scenarios::FaultSpec& fault : result.drawn.faults) {
    if (++lines > max_fault_lines) {
      text += fmt::format("  ... and {} more\n", result.drawn.faults.size() - max_fault_lines);
      break;
    }
    text += fault_line(fault);
  }
  return text;
}

SeedReport report_of(const scenarios::RunResult& result) {
  SeedReport report;
  report.seed = result.seed;
  report.outcome = result.outcome;
  report.counts = result.counts;
  report.judges = result.judges;
  report.mask = result.mask;
  report.ordered = result.ordered;
  report.faults = result.faults;
  report.vacuity = result.log.vacuity;
  report.hash = result.hash;
  report.events = result.events;
  report.simulated_ns = result.simulated.count();
  report.broker_starts = result.broker_starts;
  report.records_looked_up = result.records_looked_up;
  report.core = result.core;
  if (!result.findings.empty()) report.details = details_of(result);
  return report;
}

ordered_json public_json(const SeedReport& report) {
  ordered_json json{{"seed", report.seed}};
  if (!report.crash.empty()) {
    json["verdict"] = "crashed";
    json["crash"] = report.crash;
    return json;
  }
  json["verdict"] = to_string(report.outcome);
  json["hash"] = fmt::format("0x{:016x}", report.hash);
  json["events"] = report.events;
  json["simulated_ns"] = report.simulated_ns;
  json["broker_starts"] = report.broker_starts;
  json["records_looked_up"] = report.records_looked_up;
  json["anomalies"] = ordered_json::array();
  for (const checkers::AnomalyCount& count : report.counts) {
    json["anomalies"].push_back({{"name", count.anomaly},
                                 {"failure", count.failure},
                                 {"count", count.count},
                                 {"checker", report.judges.at(count.anomaly)}});
  }
  json["ordered"] = ordered_json::object();
  for (const scenarios::FaultCount& fault : report.ordered) json["ordered"][fault.kind] = fault.count;
  json["faults"] = ordered_json::object();
  for (const scenarios::FaultCount& fault : report.faults) json["faults"][fault.kind] = fault.count;
  json["mask"] = report.mask;
  json["tested"] = vacuity_json(report.vacuity);
  if (report.core) {
    json["core"] = {
        {"frozen", report.core->frozen}, {"partitions", report.core->partitions}, {"demanded", report.core->demanded}};
  }
  if (!report.divergence.empty()) json["divergence"] = report.divergence;
  return json;
}

std::string to_json(const SeedReport& report) {
  ordered_json json = public_json(report);
  json["outcome"] = static_cast<int>(report.outcome);
  json["hash"] = report.hash;
  json["details"] = report.details;
  json["divergence"] = report.divergence;
  return json.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

SeedReport seed_report_from_json(const std::string& text) {
  const ordered_json json = ordered_json::parse(text);
  SeedReport report;
  json.at("seed").get_to(report.seed);
  report.outcome = static_cast<SeedReport::Outcome>(json.at("outcome").get<int>());
  for (const ordered_json& count : json.at("anomalies")) {
    report.counts.push_back({count.at("name"), count.at("failure"), count.at("count")});
    report.judges[count.at("name")] = count.at("checker");
  }
  json.at("mask").get_to(report.mask);
  for (const auto& [kind, count] : json.at("ordered").items()) report.ordered.push_back({kind, count});
  for (const auto& [kind, count] : json.at("faults").items()) report.faults.push_back({kind, count});
  report.vacuity = vacuity_from(json.at("tested"));
  json.at("hash").get_to(report.hash);
  json.at("events").get_to(report.events);
  json.at("simulated_ns").get_to(report.simulated_ns);
  json.at("broker_starts").get_to(report.broker_starts);
  json.at("records_looked_up").get_to(report.records_looked_up);
  if (const auto core = json.find("core"); core != json.end()) {
    report.core = {.frozen = core->at("frozen"), .partitions = core->at("partitions"), .demanded = core->at("demanded")};
  }
  json.at("details").get_to(report.details);
  json.at("divergence").get_to(report.divergence);
  return report;
}

}  // namespace faultline::cli
