// How much a history has tested. See Vacuity in checkers/verdict.h.
#include <algorithm>

#include "checkers/log_checker.h"
#include "checkers/log_model.h"

namespace faultline::checkers {

namespace {

// Operations are in order of invocation, so the latest end among those that began by a moment is a prefix maximum. An operation
// that never ended counts at its beginning only: one client that hangs must not make every later fault look useful.
std::uint64_t overlapping_faults(const LogHistory& history) {
  std::vector<Time> latest_end;
  latest_end.reserve(history.operations.size());
  for (const LogOperation& operation : history.operations) {
    const Time end = operation.completion_index == no_event ? operation.invoked : operation.completed;
    latest_end.push_back(latest_end.empty() ? end : std::max(end, latest_end.back()));
  }
  std::uint64_t count = 0;
  for (const FaultInterval& fault : history.faults) {
    const auto after = std::partition_point(history.operations.begin(), history.operations.end(),
                                            [&](const LogOperation& operation) { return operation.invoked <= fault.end; });
    const auto began = static_cast<std::size_t>(after - history.operations.begin());
    if (began > 0 && latest_end[began - 1] >= fault.begin) ++count;
  }
  return count;
}

void count_operations(const HistorySurvey& survey, Vacuity& vacuity) {
  for (const auto& tallies : survey.tallies) {
    vacuity.ok += tallies[static_cast<std::size_t>(Outcome::ok)].operations;
    vacuity.failed += tallies[static_cast<std::size_t>(Outcome::fail)].operations;
    vacuity.indefinite += tallies[static_cast<std::size_t>(Outcome::indefinite)].operations;
  }
  for (const OperationKind kind : {OperationKind::send, OperationKind::poll, OperationKind::txn}) {
    const HistorySurvey::Tally& ok = survey.tally(kind, Outcome::ok);
    vacuity.acknowledged += ok.sent;
    vacuity.records_read += ok.polled;
    if (kind != OperationKind::poll) vacuity.sends += survey.count(kind);
    if (kind != OperationKind::send) vacuity.polls += survey.count(kind);
    if (kind != OperationKind::send) vacuity.ok_polls += ok.operations;
  }
}

}  // namespace

Vacuity measure_vacuity(const LogHistory& history, const LogModel& model) {
  Vacuity vacuity;
  vacuity.operations = history.operations.size();
  vacuity.partitions = history.partitions.size();
  vacuity.faults = history.faults.size();
  if (!history.faults.empty()) vacuity.faults_overlapping = overlapping_faults(history);
  count_operations(model.survey, vacuity);
  vacuity.acknowledged_read = model.acknowledged_read;
  for (std::size_t p = 0; p < history.partitions.size(); ++p) {
    if (!model.read_partitions[p]) vacuity.never_polled.push_back(history.partitions[p]);
    if (model.survey.partitions[p].final_read == no_row) vacuity.never_read_to_end.push_back(history.partitions[p]);
  }
  return vacuity;
}

Vacuity measure_vacuity(const LogHistory& history) { return measure_vacuity(history, build_log_model(history)); }

}  // namespace faultline::checkers
