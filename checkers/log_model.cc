#include "checkers/log_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline::checkers {

namespace {

class Builder {
 public:
  explicit Builder(const LogHistory& history)
      : history_(history), value_index_(sent_records(history)), offset_index_(sent_records(history)) {
    model_.value_rows.assign(history.records.size(), no_row);
    model_.offset_rows.assign(history.records.size(), no_row);
    model_.committed.assign(history.operations.size(), false);
    model_.values.reserve(sent_records(history));
    model_.offsets.reserve(sent_records(history));
  }

  LogModel build() && {
    add_sends();
    add_polls();
    add_offsets_of_committed_sends();
    rank_offsets();
    settle_conflicts();
    return std::move(model_);
  }

 private:
  // In a healthy history every value and every offset comes from a send.
  static std::size_t sent_records(const LogHistory& history) {
    std::size_t count = 0;
    for (const LogOperation& operation : history.operations) {
      const RecordRange sent = history.sent_range(operation);
      count += sent.end - sent.begin;
    }
    return count;
  }

  static std::uint64_t key(std::uint32_t partition, std::int64_t number) {
    return FlatIndex::hash(partition, static_cast<std::uint64_t>(number));
  }

  std::uint32_t value_row(const LogRecord& record) {
    const std::uint32_t partition = record.partition.value();
    auto& rows = model_.values;
    const std::uint64_t hash = key(partition, record.value);
    std::uint32_t row = value_index_.find(
        hash, [&](std::uint32_t at) { return rows[at].value == record.value && rows[at].partition == partition; });
    if (row != no_row) return row;
    row = static_cast<std::uint32_t>(rows.size());
    rows.push_back({.partition = partition, .value = record.value});
    value_index_.insert(hash, row, [&](std::uint32_t at) { return key(rows[at].partition, rows[at].value); });
    return row;
  }

  std::uint32_t offset_row(const LogRecord& record, std::uint32_t value, std::uint32_t operation) {
    const std::uint32_t partition = record.partition.value();
    auto& rows = model_.offsets;
    const std::uint64_t hash = key(partition, record.offset);
    std::uint32_t row = offset_index_.find(
        hash, [&](std::uint32_t at) { return rows[at].offset == record.offset && rows[at].partition == partition; });
    if (row != no_row) return row;
    row = static_cast<std::uint32_t>(rows.size());
    rows.push_back({.partition = partition, .offset = record.offset, .value_row = value, .operation = operation});
    offset_index_.insert(hash, row, [&](std::uint32_t at) { return key(rows[at].partition, rows[at].offset); });
    return row;
  }

  void place(std::uint32_t record, std::uint32_t operation) {
    if (history_.records[record].offset == no_offset) return;
    const std::uint32_t value = model_.value_rows[record];
    const std::uint32_t offset = offset_row(history_.records[record], value, operation);
    model_.offset_rows[record] = offset;
    LogModel::Value& entry = model_.values[value];
    if (entry.offset_row == no_row) entry.offset_row = offset;
    if (entry.offset_row != offset || model_.offsets[offset].value_row != value) {
      model_.conflicts.push_back({offset, value, operation});
    }
  }

  void add_sends() {
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      const RecordRange sent = history_.sent_range(operation);
      for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
        const std::uint32_t row = value_row(history_.records[r]);
        model_.value_rows[r] = row;
        LogModel::Value& value = model_.values[row];
        if (value.writer != no_row && !model_.flaw) {
          model_.flaw = fmt::format("value {} of {} was sent by op {} and by op {}; values must be unique in a partition",
                                    value.value, history_.partitions[value.partition], value.writer, i);
        }
        value.writer = i;
      }
    }
  }

  void add_polls() {
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      const RecordRange polled = history_.polled_range(operation);
      for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
        const std::uint32_t row = value_row(history_.records[r]);
        model_.value_rows[r] = row;
        LogModel::Value& value = model_.values[row];
        if (operation.outcome == Outcome::ok) {
          if (value.first_ok_read == no_row ||
              operation.completion_index < history_.operations[value.first_ok_read].completion_index) {
            value.first_ok_read = i;
          }
          if (value.writer != no_row && history_.operations[value.writer].outcome == Outcome::indefinite) {
            model_.committed[value.writer] = true;
          }
        }
        place(r, i);
      }
    }
  }

  void add_offsets_of_committed_sends() {
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      if (operation.outcome == Outcome::ok) model_.committed[i] = true;
      if (!model_.committed[i]) continue;
      const RecordRange sent = history_.sent_range(operation);
      for (std::uint32_t r = sent.begin; r < sent.end; ++r) place(r, i);
    }
  }

  void rank_offsets() {
    auto& rows = model_.offsets;
    auto& order = model_.by_index;
    order.resize(rows.size());
    std::vector<std::uint32_t>& base = model_.partition_base;
    base.assign(history_.partitions.size() + 1, 0);
    for (const LogModel::Offset& row : rows) ++base[row.partition + 1];
    for (std::size_t p = 1; p < base.size(); ++p) base[p] += base[p - 1];
    std::vector<std::uint32_t> next(base.begin(), base.end() - 1);
    for (std::uint32_t i = 0; i < rows.size(); ++i) order[next[rows[i].partition]++] = i;
    const auto before = [&](std::uint32_t a, std::uint32_t b) { return rows[a].offset < rows[b].offset; };
    for (std::size_t p = 0; p + 1 < base.size(); ++p) {
      const auto begin = order.begin() + base[p];
      const auto end = order.begin() + base[p + 1];
      if (!std::is_sorted(begin, end, before)) std::sort(begin, end, before);  // readers mostly discover them in order
    }
    for (std::uint32_t at = 0; at < order.size(); ++at) {
      LogModel::Offset& row = rows[order[at]];
      row.index = at - model_.partition_base[row.partition];
    }
    for (LogModel::Value& value : model_.values) {
      if (value.offset_row == no_row) continue;
      value.first_index = rows[value.offset_row].index;
      value.last_index = value.first_index;
    }
  }

  void settle_conflicts() {
    auto& conflicts = model_.conflicts;
    std::sort(conflicts.begin(), conflicts.end());
    const auto same_pair = [](const LogModel::Conflict& a, const LogModel::Conflict& b) {
      return a.offset_row == b.offset_row && a.value_row == b.value_row;
    };
    conflicts.erase(std::unique(conflicts.begin(), conflicts.end(), same_pair), conflicts.end());
    for (const LogModel::Conflict& conflict : conflicts) {
      LogModel::Value& value = model_.values[conflict.value_row];
      const std::uint32_t index = model_.offsets[conflict.offset_row].index;
      value.first_index = std::min(value.first_index, index);
      value.last_index = std::max(value.last_index, index);
    }
  }

  const LogHistory& history_;
  LogModel model_;
  FlatIndex value_index_;
  FlatIndex offset_index_;
};

}  // namespace

LogModel build_log_model(const LogHistory& history) { return Builder(history).build(); }

}  // namespace faultline::checkers
