// Transactions as their readers see them: all of one or nothing, and nothing that lies behind one that is still open.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
using checkers::no_event;
using checkers::no_offset;
using checkers::no_row;
using checkers::OperationKind;
using checkers::Outcome;

}  // namespace

// An indefinite transaction of which something was read has been committed: all of it must be there in the end. (What an acknowledged
// one lacks is `unseen` or a `lost-write`.)
void find_torn_transactions(const Context& context) {
  const checkers::LogHistory& history = context.history;
  const checkers::LogModel& model = context.model;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const LogOperation& operation = history.operations[i];
    if (operation.kind != OperationKind::txn || operation.outcome != Outcome::indefinite) continue;
    std::uint32_t seen = no_row;  // the row of the value that was read first
    const checkers::RecordRange sent = history.sent_range(operation);
    for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
      const checkers::LogModel::Value& value = model.values[model.value_rows[r]];
      if (value.first_ok_read == no_row) continue;
      if (seen == no_row || history.operations[value.first_ok_read].completion_index <
                                history.operations[model.values[seen].first_ok_read].completion_index)
        seen = model.value_rows[r];
    }
    if (seen == no_row) continue;
    const std::uint32_t reader = model.values[seen].first_ok_read;
    for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
      const checkers::LogModel::Value& value = model.values[model.value_rows[r]];
      const std::uint32_t final_read = model.survey.partitions[value.partition].final_read;
      if (value.first_ok_read != no_row || final_read == no_row || context.owed_from(value.partition) > 0) continue;
      if (history.operations[reader].completion_index > history.operations[final_read].invoke_index) continue;
      context.found.add(anomaly::torn_transaction, [&] {
        return checkers::Finding{
            .partition = history.partitions[value.partition],
            .witness = {i, reader, final_read},
            .text = fmt::format("op {} read value {} of {} from transaction op {}, but value {}, which it sent to {}, was not "
                                "there when op {} read that partition to its end",
                                reader, model.values[seen].value, history.partitions[model.values[seen].partition], i,
                                value.value, history.partitions[value.partition], final_read)};
      });
      break;
    }
  }
}

namespace {

// A transaction's lowest offset in a partition, and the event before which it was certainly open.
struct OpenUntil {
  std::uint32_t decided = 0;
  std::int64_t offset = 0;
  std::uint32_t transaction = 0;
};

std::vector<std::vector<OpenUntil>> open_transactions(const checkers::LogHistory& history, const checkers::LogModel& model) {
  std::vector<std::vector<OpenUntil>> open(history.partitions.size());
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const LogOperation& operation = history.operations[i];
    if (operation.kind != OperationKind::txn) continue;
    const std::uint32_t known = history.details_of(operation).decided_at;
    const std::uint32_t decided = known == no_event ? operation.invoke_index : known;
    const checkers::RecordRange sent = history.sent_range(operation);
    for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
      const std::uint32_t row = model.values[model.value_rows[r]].offset_row;
      std::int64_t offset = history.records[r].offset;
      if (offset == no_offset && row != no_row) offset = model.offsets[row].offset;
      if (offset != no_offset) open[history.records[r].partition.value()].push_back({decided, offset, i});
    }
  }
  // From the last decided to the first, each with the lowest offset of those not decided before it.
  for (std::vector<OpenUntil>& partition : open) {
    std::sort(partition.begin(), partition.end(), [](const OpenUntil& a, const OpenUntil& b) { return a.decided > b.decided; });
    for (std::size_t k = 1; k < partition.size(); ++k) {
      if (partition[k - 1].offset >= partition[k].offset) continue;
      partition[k].offset = partition[k - 1].offset;
      partition[k].transaction = partition[k - 1].transaction;
    }
  }
  return open;
}

}  // namespace

void find_reads_beyond_lso(const Context& context) {
  const checkers::LogHistory& history = context.history;
  const std::vector<std::vector<OpenUntil>> open = open_transactions(history, context.model);
  std::vector<std::int64_t> reached(history.partitions.size(), no_offset);
  std::vector<std::uint32_t> touched;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const LogOperation& operation = history.operations[i];
    if (operation.outcome != Outcome::ok || !operation.read_committed) continue;
    touched.clear();
    const auto reach = [&](std::uint32_t partition, std::int64_t offset) {
      if (reached[partition] == no_offset) touched.push_back(partition);
      reached[partition] = std::max(reached[partition], offset);
    };
    for (const checkers::LogRecord& record : history.polled_by(operation)) {
      if (record.offset != no_offset) reach(record.partition.value(), record.offset);
    }
    if (operation.end_offset > 0) reach(operation.end_partition.value(), operation.end_offset - 1);
    for (const std::uint32_t p : touched) {
      const std::int64_t highest = std::exchange(reached[p], no_offset);
      const auto decided = std::partition_point(open[p].begin(), open[p].end(), [&](const OpenUntil& transaction) {
        return transaction.decided > operation.completion_index;
      });
      if (decided == open[p].begin() || std::prev(decided)->offset > highest) continue;
      const OpenUntil& lowest = *std::prev(decided);
      context.found.add(anomaly::read_beyond_lso, [&] {
        return checkers::Finding{
            .partition = history.partitions[p],
            .witness = {lowest.transaction, i},
            .text = fmt::format("op {} read {} as far as offset {} for committed, although transaction op {}, which has a record "
                                "at offset {}, was still open when it ended",
                                i, history.partitions[p], highest, lowest.transaction, lowest.offset)};
      });
    }
  }
}

}  // namespace faultline::log_rules
