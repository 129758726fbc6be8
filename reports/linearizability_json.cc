#include "reports/linearizability_json.h"

#include <nlohmann/json.hpp>

namespace faultline::reports {

namespace {

using Json = nlohmann::ordered_json;

Json operation_json(const linearizability::WitnessOperation& operation) {
  Json json{{"op", operation.source}, {"process", operation.process}, {"invoked", operation.invoke_index}};
  json["completed"] = operation.indefinite ? Json() : Json(operation.completion_index);
  json["text"] = operation.text;
  json["place"] = operation.placed ? Json(operation.place) : Json();
  json["stuck"] = operation.stuck;
  return json;
}

}  // namespace

Json linearizability_json(const linearizability::Result& result) {
  using Outcome = checkers::Verdict::Outcome;
  Json json{{"algorithm", result.algorithm}};
  if (!result.object.empty()) json["object"] = result.object;
  json["objects"] = result.objects;
  json["configurations"] = result.configurations;
  if (result.outcome == Outcome::unknown) json["placed"] = result.linearization.size();
  if (result.outcome != Outcome::invalid) return json;
  json["text"] = result.text;
  json["minimal"] = result.minimal;
  json["left_out"] = result.witness_left_out;
  json["witness"] = Json::array();
  for (const linearizability::WitnessOperation& operation : result.witness) json["witness"].push_back(operation_json(operation));
  return json;
}

}  // namespace faultline::reports
