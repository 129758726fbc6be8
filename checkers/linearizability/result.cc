#include "checkers/linearizability/result.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkers/linearizability/check.h"

namespace faultline::linearizability {
namespace {

std::string name_of(const WitnessOperation& operation) {
  return fmt::format("op {} (process {}: {})", operation.source, operation.process, operation.text);
}

const WitnessOperation* last_placed(const Result& result) {
  const WitnessOperation* last = nullptr;
  for (const WitnessOperation& operation : result.witness) {
    if (operation.placed && (last == nullptr || operation.place > last->place)) last = &operation;
  }
  return last;
}

// More than that is no witness but a history.
constexpr std::size_t witness_operations_max = 100;

}  // namespace

void keep_latest(Result& result) {
  if (result.witness.size() <= witness_operations_max) return;
  result.minimal = false;
  result.witness_left_out = result.witness.size() - witness_operations_max;
  result.witness.erase(result.witness.begin(), result.witness.begin() + static_cast<std::ptrdiff_t>(result.witness_left_out));
}

void explain(Result& result) {
  const auto stuck =
      std::find_if(result.witness.begin(), result.witness.end(), [](const auto& operation) { return operation.stuck; });
  const std::string where = result.object.empty() ? "" : fmt::format(" on {}", result.object);
  if (stuck == result.witness.end()) {
    result.text = fmt::format("no order explains these {} operations{}", result.witness.size(), where);
    return;
  }
  result.text =
      fmt::format("{}{}, events {} to {}, fits nowhere", name_of(*stuck), where, stuck->invoke_index, stuck->completion_index);
  const WitnessOperation* last = last_placed(result);
  if (last == nullptr) {
    result.text += ": nothing that began before it ended makes this answer possible";
    return;
  }
  const auto placed =
      std::count_if(result.witness.begin(), result.witness.end(), [](const auto& operation) { return operation.placed; });
  result.text += fmt::format(
      ": {} of the {} other operations that matter can be put in order, the last {}, and no order of them leaves a moment for it "
      "before it ends",
      placed, result.witness.size() - 1, name_of(*last));
}

checkers::Verdict to_verdict(const Result& result) {
  checkers::Verdict verdict;
  verdict.outcome = result.outcome;
  verdict.reason = result.reason;
  verdict.vacuity.operations = result.operations;
  verdict.vacuity.indefinite = result.indefinite;
  verdict.vacuity.ok = result.operations - result.indefinite;
  if (result.outcome != checkers::Verdict::Outcome::invalid) return verdict;
  checkers::Finding finding{
      .anomaly = std::string(checkers::anomaly::not_linearizable), .partition = result.object, .text = result.text};
  for (const WitnessOperation& operation : result.witness) finding.witness.push_back(operation.source);
  verdict.findings.push_back(std::move(finding));
  verdict.counts.push_back({std::string(checkers::anomaly::not_linearizable), true, 1});
  return verdict;
}

std::string witness_text(const Result& result, std::size_t lines_max) {
  std::string text;
  const std::size_t left_out = result.witness.size() - std::min(result.witness.size(), lines_max);
  const std::size_t hidden = left_out + result.witness_left_out;
  if (hidden > 0) text += fmt::format("  ({} earlier operations are not shown)\n", hidden);
  for (std::size_t i = left_out; i < result.witness.size(); ++i) {
    const WitnessOperation& operation = result.witness[i];
    const std::string end = operation.indefinite ? "never ended" : fmt::format("event {}", operation.completion_index);
    text += fmt::format("{} event {:>6} to {:<12} {}{}\n", operation.stuck ? '>' : ' ', operation.invoke_index, end,
                        name_of(operation), operation.placed ? fmt::format("  [{}]", operation.place + 1) : "");
  }
  return text;
}

}  // namespace faultline::linearizability
