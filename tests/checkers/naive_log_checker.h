// The definitions of docs/formats/history.md word by word, with maps and nested loops: what the fast checker is measured against.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "checkers/log_checker.h"

namespace faultline::checkers {

class NaiveLogChecker {
 public:
  NaiveLogChecker(const LogHistory& history, const LogRules& rules) : history_(history) {
    for (const RetainedFrom& bound : rules.retained_from) retained_[bound.partition.value()] = bound.offset;
  }

  std::map<std::string, std::uint64_t> counts() {
    collect();
    judge_values();
    for (const auto& [place, values] : log_) count(anomaly::inconsistent_offsets, values.size() > 1);
    for (const LogOperation& operation : history_.operations) {
      const bool own =
          std::any_of(history_.polled_by(operation).begin(), history_.polled_by(operation).end(), [&](const auto& r) {
            const auto writer = writer_.find({r.partition.value(), r.value});
            return writer != writer_.end() && writer->second == &operation;
          });
      count(anomaly::precommitted_read, operation.kind == OperationKind::txn && own);
      if (operation.outcome != Outcome::ok) continue;
      judge_order(operation, true);
      if (!operation.rebalanced) judge_order(operation, false);
    }
    std::erase_if(counts_, [](const auto& entry) { return entry.second == 0; });
    return counts_;
  }

 private:
  using Key = std::pair<std::uint32_t, std::int64_t>;  // partition and value, or partition and offset

  void count(std::string_view name, bool happened) { counts_[std::string(name)] += happened ? 1 : 0; }

  void collect() {
    for (const LogOperation& operation : history_.operations) {
      for (const LogRecord& record : history_.sent_by(operation)) writer_[{record.partition.value(), record.value}] = &operation;
      for (const LogRecord& record : history_.polled_by(operation)) {
        if (operation.outcome == Outcome::ok) readers_[{record.partition.value(), record.value}].push_back(&operation);
      }
    }
    for (const LogOperation& operation : history_.operations) {
      for (const bool sends : {true, false}) {
        if (sends && !committed(operation)) continue;
        for (const LogRecord& record : side_of(operation, sends)) {
          if (record.offset != no_offset) log_[{record.partition.value(), record.offset}].insert(record.value);
        }
      }
    }
  }

  std::span<const LogRecord> side_of(const LogOperation& operation, bool sends) const {
    return sends ? history_.sent_by(operation) : history_.polled_by(operation);
  }

  bool committed(const LogOperation& operation) const {
    if (operation.outcome != Outcome::indefinite) return operation.outcome == Outcome::ok;
    const auto records = history_.sent_by(operation);
    return std::any_of(records.begin(), records.end(),
                       [&](const LogRecord& record) { return readers_.contains({record.partition.value(), record.value}); });
  }

  std::int64_t index_of_offset(Key place) const {
    return std::count_if(log_.begin(), log_.end(), [&](const auto& entry) {
      return entry.first.first == place.first && entry.first.second < place.second;
    });
  }

  std::vector<std::int64_t> offsets_of(Key value) const {
    std::vector<std::int64_t> offsets;
    for (const auto& [place, values] : log_) {
      if (place.first == value.first && values.contains(value.second)) offsets.push_back(place.second);
    }
    return offsets;
  }

  std::optional<std::int64_t> index_of(const LogRecord& record) const {
    const std::uint32_t partition = record.partition.value();
    if (record.offset != no_offset && log_.contains({partition, record.offset}))
      return index_of_offset({partition, record.offset});
    const std::vector<std::int64_t> offsets = offsets_of({partition, record.value});
    if (offsets.empty()) return std::nullopt;
    return index_of_offset({partition, offsets.front()});
  }

  std::int64_t retained(std::uint32_t partition) const {
    const auto bound = retained_.find(partition);
    return bound == retained_.end() ? 0 : bound->second;
  }

  void judge_values() {
    std::set<Key> values;
    for (const auto& [place, held] : log_) {
      for (const std::int64_t value : held) values.insert({place.first, value});
    }
    for (const Key& value : values) count(anomaly::duplicate, offsets_of(value).size() > 1);
    for (const auto& [value, readers] : readers_) judge_read_value(value, readers);
    for (const auto& [value, writer] : writer_) {
      if (!readers_.contains(value) && committed(*writer)) judge_unread_value(value, *writer);
    }
  }

  void judge_read_value(Key value, const std::vector<const LogOperation*>& readers) {
    const auto writer = writer_.find(value);
    const bool failed = writer != writer_.end() && writer->second->outcome == Outcome::fail;
    count(anomaly::aborted_read, failed);
    count(anomaly::garbage_read,
          writer == writer_.end() || (!failed && std::any_of(readers.begin(), readers.end(), [&](const auto* read) {
            return read->completion_index < writer->second->invoke_index;
          })));
  }

  void judge_unread_value(Key value, const LogOperation& writer) {
    const std::vector<std::int64_t> offsets = offsets_of(value);
    const std::int64_t owed_from = retained(value.first);
    if (owed_from > 0 && (offsets.empty() || offsets.back() < owed_from)) return;
    std::int64_t bound = -1;
    for (const auto& [other, readers] : readers_) {
      const std::vector<std::int64_t> places = offsets_of(other);
      if (other.first == value.first && !places.empty()) bound = std::max(bound, index_of_offset({other.first, places.front()}));
    }
    const bool lost = !offsets.empty() && index_of_offset({value.first, offsets.back()}) <= bound;
    count(anomaly::lost_write, lost);
    const bool read_after =
        std::any_of(history_.operations.begin(), history_.operations.end(), [&](const LogOperation& operation) {
          return operation.final_read && operation.outcome == Outcome::ok && operation.end_offset != no_offset &&
                 operation.end_partition.value() == value.first && operation.invoke_index > writer.completion_index;
        });
    count(anomaly::unseen, !lost && writer.outcome == Outcome::ok && read_after);
  }

  std::vector<LogRecord> placed_records(const LogOperation& operation, bool sends, std::uint32_t partition) const {
    std::vector<LogRecord> result;
    for (const LogRecord& record : side_of(operation, sends)) {
      if (record.partition.value() == partition && index_of(record)) result.push_back(record);
    }
    return result;
  }

  void judge_order(const LogOperation& operation, bool sends) {
    for (std::uint32_t p = 0; p < history_.partitions.size(); ++p) {
      const std::vector<LogRecord> records = placed_records(operation, sends, p);
      for (std::size_t i = 1; i < records.size(); ++i) judge_step(sends, true, records[i - 1], records[i]);
      if (records.empty()) continue;
      if (const auto before = position_before(operation, sends, p)) judge_step(sends, false, *before, records.front());
    }
  }

  // The last record of the last operation of this kind that this process had finished, unless its position was forgotten.
  std::optional<LogRecord> position_before(const LogOperation& operation, bool sends, std::uint32_t partition) const {
    const LogOperation* last = nullptr;
    for (const LogOperation& other : history_.operations) {
      const bool counts = other.process == operation.process && other.outcome == Outcome::ok &&
                          other.completion_index < operation.invoke_index && !placed_records(other, sends, partition).empty();
      if (counts) last = &other;
    }
    if (last == nullptr) return std::nullopt;
    if (!sends && forgotten(*last, operation, partition)) return std::nullopt;
    return placed_records(*last, sends, partition).back();
  }

  bool forgotten(const LogOperation& from, const LogOperation& to, std::uint32_t partition) const {
    for (const LogOperation& other : history_.operations) {
      if (other.process != from.process) continue;
      const auto records = history_.records_of(other);
      const bool listed = std::any_of(records.begin(), records.end(),
                                      [&](const LogRecord& record) { return record.partition.value() == partition; });
      const auto between = [&](std::uint32_t event) { return event > from.invoke_index && event < to.invoke_index; };
      const bool moves = other.kind == OperationKind::assign || (other.kind == OperationKind::seek && listed);
      if (moves && (between(other.invoke_index) || between(other.completion_index))) return true;
      const auto polled = history_.polled_by(other);
      const bool half_done = other.outcome != Outcome::ok &&
                             std::any_of(polled.begin(), polled.end(),
                                         [&](const LogRecord& record) { return record.partition.value() == partition; });
      if (half_done && between(other.completion_index)) return true;
      if (other.rebalanced && between(other.invoke_index) && other.completion_index < to.invoke_index) return true;
    }
    return false;
  }

  void judge_step(bool sends, bool internal, const LogRecord& from, const LogRecord& to) {
    const std::int64_t before = *index_of(from);
    const std::int64_t after = *index_of(to);
    const bool back = after - before < 1;
    if (sends) {
      count(internal ? anomaly::int_nonmonotonic_send : anomaly::nonmonotonic_send, back);
      count(anomaly::int_send_skip, internal && after - before > 1);
      return;
    }
    count(internal ? anomaly::int_nonmonotonic_poll : anomaly::nonmonotonic_poll, back);
    const std::uint32_t partition = from.partition.value();
    const bool skips = std::any_of(log_.begin(), log_.end(), [&](const auto& entry) {
      const std::int64_t index = entry.first.first == partition ? index_of_offset(entry.first) : -1;
      return index > before && index < after && entry.first.second >= retained(partition);
    });
    count(internal ? anomaly::int_poll_skip : anomaly::poll_skip, skips);
  }

  const LogHistory& history_;
  std::map<std::uint32_t, std::int64_t> retained_;
  std::map<Key, const LogOperation*> writer_;
  std::map<Key, std::vector<const LogOperation*>> readers_;  // ok polls only
  std::map<Key, std::set<std::int64_t>> log_;
  std::map<std::string, std::uint64_t> counts_;
};

}  // namespace faultline::checkers
