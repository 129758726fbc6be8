// Recency as a bound: a consumer that keeps polling is given the next record within so much time.
//
// A poll *misses* a record if the record is the next one after its process's position, was acknowledged before the poll began, and
// the poll returned nothing of the partition. The time runs from the beginning of the first poll in a row that misses it: a consumer that does not poll is not
// owed anything. A read that states an exact end is held to the bound at once: what was acknowledged longer before it lies below.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
using checkers::no_row;
using checkers::OperationKind;
using checkers::Outcome;

class Recency {
 public:
  explicit Recency(const Context& context) : context_(context), bound_(*context.promises.recency_bound) {}

  void run() {
    const std::vector<checkers::EventRef> events = checkers::events_in_order(context_.history);
    for (const checkers::EventRef& event : events) {
      const LogOperation& operation = context_.history.operations[event.operation];
      if (event.completion) {
        end(operation);
      } else {
        begin(event.operation, operation);
      }
    }
    judge_exact_ends();
  }

 private:
  struct Position {
    std::uint32_t next = no_row;        // the index of the next record; no_row: not known
    std::uint32_t first_miss = no_row;  // the poll from which the time runs
    bool reported = false;
  };

  void begin(std::uint32_t index, const LogOperation& operation) {
    if (operation.kind != OperationKind::poll || operation.outcome != Outcome::ok) return;
    if (operation.rebalanced) return;
    for (auto& [partition, position] : positions_[operation.process]) {
      if (position.next != no_row && !returned(operation, partition)) judge_miss(index, operation, partition, position);
    }
  }

  bool returned(const LogOperation& operation, std::uint32_t partition) const {
    const auto polled = context_.history.polled_by(operation);
    return std::any_of(polled.begin(), polled.end(),
                       [&](const checkers::LogRecord& record) { return record.partition.value() == partition; });
  }

  void judge_miss(std::uint32_t index, const LogOperation& poll, std::uint32_t partition, Position& position) {
    const std::uint32_t missed = next_acknowledged(position.next, poll, partition);
    if (missed == no_row) return;
    if (position.first_miss == no_row) position.first_miss = index;
    const LogOperation& first = context_.history.operations[position.first_miss];
    if (position.reported || poll.completed - first.invoked <= bound_) return;
    position.reported = true;
    const checkers::LogModel::Offset& offset = context_.model.at_index(partition, missed);
    context_.found.add(anomaly::stale_read, [&] {
      const std::uint32_t writer = context_.model.values[offset.value_row].writer;
      return checkers::Finding{
          .partition = context_.history.partitions[partition],
          .witness = {writer, position.first_miss, index},
          .text = fmt::format("process {} polled {} from op {} ({}) to op {} ({}) without being given offset {}, which op {} had "
                              "been told of before",
                              poll.process, context_.history.partitions[partition], position.first_miss,
                              checkers::seconds_text(first.invoked), index, checkers::seconds_text(poll.completed), offset.offset,
                              writer)};
    });
  }

  // The next record that the partition owes, if it was acknowledged before `poll` began.
  std::uint32_t next_acknowledged(std::uint32_t next, const LogOperation& poll, std::uint32_t partition) const {
    const RetentionPolicy* policy = context_.policy_of(partition);
    if (policy != nullptr && policy->compact) return no_row;
    if (next >= context_.model.index_count(partition)) return no_row;
    const checkers::LogModel::Offset& offset = context_.model.at_index(partition, next);
    const std::uint32_t writer = context_.model.values[offset.value_row].writer;
    if (writer == no_row || offset.offset < context_.owed_from(partition)) return no_row;
    const LogOperation& send = context_.history.operations[writer];
    return send.outcome == Outcome::ok && send.completion_index < poll.invoke_index ? next : no_row;
  }

  void end(const LogOperation& operation) {
    switch (operation.kind) {
      case OperationKind::assign:
      case OperationKind::subscribe:
      case OperationKind::rebalance: positions_.erase(operation.process); return;
      case OperationKind::seek: return forget(operation, context_.history.records_of(operation));
      case OperationKind::poll:
      case OperationKind::txn: return advance(operation);
      case OperationKind::send:
      case OperationKind::commit:
      case OperationKind::offset_fetch: return;
    }
  }

  void forget(const LogOperation& operation, std::span<const checkers::LogRecord> records) {
    for (const checkers::LogRecord& record : records) positions_[operation.process].erase(record.partition.value());
  }

  void advance(const LogOperation& operation) {
    if (operation.rebalanced) positions_.erase(operation.process);
    const checkers::RecordRange polled = context_.history.polled_range(operation);
    if (operation.outcome != Outcome::ok) return forget(operation, context_.history.polled_by(operation));
    for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
      const std::uint32_t at = context_.model.index_of(r);
      if (at == no_row) continue;
      positions_[operation.process][context_.history.records[r].partition.value()] = {.next = at + 1};
    }
  }

  void judge_exact_ends() {
    std::vector<std::vector<Time>> earliest(context_.history.partitions.size());  // acknowledged at or beyond each index
    for (std::uint32_t p = 0; p < earliest.size(); ++p) {
      const std::uint32_t count = context_.model.index_count(p);
      earliest[p].assign(count + 1, Time::max());
      for (std::uint32_t at = count; at-- > 0;) earliest[p][at] = std::min(earliest[p][at + 1], acknowledged_at(p, at));
    }
    for (std::uint32_t i = 0; i < context_.history.operations.size(); ++i) {
      const LogOperation& read = context_.history.operations[i];
      if (read.outcome != Outcome::ok || read.end_offset == checkers::no_offset) continue;
      const std::uint32_t p = read.end_partition.value();
      const Time acknowledged = earliest[p][first_index_from(p, read.end_offset)];
      if (acknowledged == Time::max() || read.invoked - acknowledged <= bound_) continue;
      context_.found.add(anomaly::stale_read, [&] {
        return checkers::Finding{
            .partition = context_.history.partitions[p],
            .witness = {i},
            .text = fmt::format("op {} found the end of {} at offset {} from {} on, though a record at or beyond it had been "
                                "acknowledged at {}",
                                i, context_.history.partitions[p], read.end_offset, checkers::seconds_text(read.invoked),
                                checkers::seconds_text(acknowledged))};
      });
    }
  }

  Time acknowledged_at(std::uint32_t partition, std::uint32_t index) const {
    const std::uint32_t writer = context_.model.values[context_.model.at_index(partition, index).value_row].writer;
    if (writer == no_row || context_.history.operations[writer].outcome != Outcome::ok) return Time::max();
    return context_.history.operations[writer].completed;
  }

  std::uint32_t first_index_from(std::uint32_t partition, std::int64_t offset) const {
    std::uint32_t low = 0;
    std::uint32_t high = context_.model.index_count(partition);
    while (low < high) {
      const std::uint32_t middle = low + (high - low) / 2;
      if (context_.model.at_index(partition, middle).offset < offset) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  const Context& context_;
  const Duration bound_;
  std::map<std::int32_t, std::map<std::uint32_t, Position>> positions_;  // by process and partition
};

}  // namespace

void find_stale_reads(const Context& context) { Recency(context).run(); }

}  // namespace faultline::log_rules
