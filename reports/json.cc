#include "reports/json.h"

#include <nlohmann/json.hpp>

namespace faultline::reports {

namespace {

using Json = nlohmann::ordered_json;

Json witness_json(const checkers::Finding& finding, const checkers::LogHistory* history) {
  Json witness = Json::array();
  for (const std::uint32_t operation : finding.witness) {
    if (history == nullptr) {
      witness.push_back(operation);
    } else {
      witness.push_back(Json{{"op", operation}, {"text", checkers::describe(*history, operation)}});
    }
  }
  return witness;
}

Json vacuity_json(const checkers::Vacuity& did) {
  Json json;
  json["operations"] = did.operations;
  json["sends"] = did.sends;
  json["polls"] = did.polls;
  json["ok"] = did.ok;
  json["failed"] = did.failed;
  json["indefinite"] = did.indefinite;
  json["acknowledged"] = did.acknowledged;
  json["acknowledged_read"] = did.acknowledged_read;
  json["records_read"] = did.records_read;
  json["ok_polls"] = did.ok_polls;
  json["faults"] = did.faults;
  json["faults_overlapping"] = did.faults_overlapping;
  json["partitions"] = did.partitions;
  json["never_polled"] = did.never_polled;
  json["never_read_to_end"] = did.never_read_to_end;
  return json;
}

}  // namespace

std::string verdict_json(const checkers::Verdict& verdict, const checkers::LogHistory* history) {
  Json json;
  json["verdict"] = checkers::to_string(verdict.outcome);
  if (!verdict.reason.empty()) json["reason"] = verdict.reason;
  json["anomalies"] = Json::array();
  for (const checkers::AnomalyCount& entry : verdict.counts) {
    json["anomalies"].push_back(Json{{"anomaly", entry.anomaly}, {"count", entry.count}, {"failure", entry.failure}});
  }
  json["findings"] = Json::array();
  for (const checkers::Finding& finding : verdict.findings) {
    Json item{{"anomaly", finding.anomaly}, {"failure", finding.failure}};
    if (!finding.partition.empty()) item["partition"] = finding.partition;
    item["text"] = finding.text;
    item["witness"] = witness_json(finding, history);
    json["findings"].push_back(std::move(item));
  }
  json["tested"] = vacuity_json(verdict.vacuity);
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace faultline::reports
