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

void count_operation(const LogOperation& operation, Vacuity& vacuity) {
  switch (operation.outcome) {
    case Outcome::ok: ++vacuity.ok; break;
    case Outcome::fail: ++vacuity.failed; break;
    case Outcome::indefinite: ++vacuity.indefinite; break;
  }
  const bool ok = operation.outcome == Outcome::ok;
  if (operation.kind == OperationKind::send || operation.kind == OperationKind::txn) {
    ++vacuity.sends;
    if (ok) vacuity.acknowledged += operation.kind == OperationKind::txn ? operation.sent_count : operation.record_count;
  }
  if (operation.kind == OperationKind::poll || operation.kind == OperationKind::txn) {
    ++vacuity.polls;
    if (ok) ++vacuity.ok_polls;
    if (ok) vacuity.records_read += operation.record_count - (operation.kind == OperationKind::txn ? operation.sent_count : 0);
  }
}

}  // namespace

Vacuity measure_vacuity(const LogHistory& history, const LogModel& model) {
  Vacuity vacuity;
  vacuity.operations = history.operations.size();
  vacuity.partitions = history.partitions.size();
  vacuity.faults = history.faults.size();
  vacuity.faults_overlapping = overlapping_faults(history);
  std::vector<bool> read_to_end(history.partitions.size(), false);
  for (const LogOperation& operation : history.operations) {
    count_operation(operation, vacuity);
    if (operation.outcome == Outcome::ok && operation.final_read && operation.end_offset != no_offset) {
      read_to_end[operation.end_partition.value()] = true;
    }
  }
  std::vector<bool> polled(history.partitions.size(), false);
  for (const LogModel::Value& value : model.values) {
    if (value.first_ok_read == no_row) continue;
    polled[value.partition] = true;
    if (value.writer != no_row && history.operations[value.writer].outcome == Outcome::ok) ++vacuity.acknowledged_read;
  }
  for (std::size_t p = 0; p < history.partitions.size(); ++p) {
    if (!polled[p]) vacuity.never_polled.push_back(history.partitions[p]);
    if (!read_to_end[p]) vacuity.never_read_to_end.push_back(history.partitions[p]);
  }
  return vacuity;
}

Vacuity measure_vacuity(const LogHistory& history) { return measure_vacuity(history, build_log_model(history)); }

}  // namespace faultline::checkers
