// One look at all operations tells how far offsets and values reach (history_survey.h), so that finding the row of either is a
// subtraction. A second pass gives each value and offset its row and finds at the row of a polled record's offset the very value it
// holds. Consumers are mostly near the end of the log: what a poll asks for is still in the cache from the send. So whatever ties
// the two together is settled there and then, and not in passes of its own.
#include "checkers/log_model.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

namespace faultline::checkers {

namespace {

// A range of rows or places that stands for consecutive numbers.
struct Dense {
  std::int64_t low = 0;
  std::uint32_t first = 0;
  std::uint32_t width = 0;

  // The place of `number`, or nothing if it lies outside.
  std::optional<std::uint32_t> find(std::int64_t number) const {
    const std::uint64_t at = static_cast<std::uint64_t>(number) - static_cast<std::uint64_t>(low);
    if (at >= width) return std::nullopt;
    return first + static_cast<std::uint32_t>(at);
  }
};

// Finds the row of a value. Values that were sent have places in a table if they are dense in each partition, or dense in all
// together and none goes to two; the others are in a hash index.
class ValueIndex {
 public:
  ValueIndex(const std::vector<LogModel::Value>& rows, const std::vector<HistorySurvey::Partition>& partitions) : rows_(rows) {
    Extent all;
    std::uint64_t width = 0;  // of a table for each
    bool dense = true;
    for (const HistorySurvey::Partition& partition : partitions) {
      all.add(partition.sent_values);
      dense = dense && (partition.sent_values.count == 0 || partition.sent_values.dense());
      if (dense) width += partition.sent_values.width();
    }
    std::uint32_t first = 0;
    for (const HistorySurvey::Partition& partition : partitions) {
      const Extent& extent = dense ? partition.sent_values : all;
      places_.push_back({extent.low, first, dense || all.dense() ? static_cast<std::uint32_t>(extent.width()) : 0});
      if (dense) first += places_.back().width;
    }
    table_.assign(dense ? width : all.dense() ? all.width() : 0, no_row);
    if (table_.empty()) hashed_ = FlatIndex(all.count);
  }

  std::uint32_t find(std::uint32_t partition, std::int64_t value) const {
    if (const auto place = places_[partition].find(value)) {
      const std::uint32_t row = table_[*place];
      if (row != no_row && rows_[row].partition == partition) return row;
    }
    if (!any_hashed_) return no_row;
    return hashed_.find(FlatIndex::hash(partition, static_cast<std::uint64_t>(value)),
                        [&](std::uint32_t at) { return rows_[at].value == value && rows_[at].partition == partition; });
  }

  // Requires: find() does not know the value of `row`.
  void insert(std::uint32_t row) {
    const LogModel::Value& value = rows_[row];
    if (const auto place = places_[value.partition].find(value.value)) {
      std::uint32_t& slot = table_[*place];
      if (slot == no_row) {
        slot = row;
        return;
      }
    }
    any_hashed_ = true;
    hashed_.insert(hash(row), row, [&](std::uint32_t at) { return hash(at); });
  }

 private:
  std::uint64_t hash(std::uint32_t row) const {
    return FlatIndex::hash(rows_[row].partition, static_cast<std::uint64_t>(rows_[row].value));
  }

  const std::vector<LogModel::Value>& rows_;
  std::vector<Dense> places_;  // in the table, per partition
  std::vector<std::uint32_t> table_;
  FlatIndex hashed_;
  bool any_hashed_ = false;
};

// Finds the row of an offset, and makes it. Rows of dense partitions come first, in order, and all exist from the start.
class OffsetIndex {
 public:
  OffsetIndex(std::vector<LogModel::Offset>& rows, const std::vector<HistorySurvey::Partition>& partitions) : rows_(rows) {
    std::uint64_t size = 0;
    for (const HistorySurvey::Partition& partition : partitions) {
      const std::uint64_t width = partition.offsets.dense() ? partition.offsets.width() : 0;
      dense_.push_back({partition.offsets.low, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(width)});
      size += width;
    }
    rows_.reserve(size);
    for (std::uint32_t p = 0; p < dense_.size(); ++p) {
      for (std::uint32_t i = 0; i < dense_[p].width; ++i) rows_.push_back({.offset = dense_[p].low + i, .partition = p});
    }
    dense_rows_ = static_cast<std::uint32_t>(size);
  }

  std::uint32_t row_of(std::uint32_t partition, std::int64_t offset) {
    const auto row = dense_[partition].find(offset);
    return row ? *row : scattered_row_of(partition, offset);
  }

  // Calls visit(row) for each row of each partition of which something is known, in order; before a partition, begin().
  template <class Begin, class Visit>
  void in_order(Begin begin, Visit visit) const {
    const auto before = [&](std::uint32_t a, std::uint32_t b) { return rows_[a].offset < rows_[b].offset; };
    std::vector<std::vector<std::uint32_t>> scattered(dense_.size());
    for (auto row = dense_rows_; row < rows_.size(); ++row) scattered[rows_[row].partition].push_back(row);
    for (std::uint32_t p = 0; p < dense_.size(); ++p) {
      begin();
      const std::uint32_t end = dense_[p].first + dense_[p].width;
      std::sort(scattered[p].begin(), scattered[p].end(), before);
      auto outside = scattered[p].begin();
      for (; outside != scattered[p].end() && rows_[*outside].offset < dense_[p].low; ++outside) visit(*outside);
      for (std::uint32_t row = dense_[p].first; row < end; ++row) {
        if (rows_[row].value_row != no_row) visit(row);
      }
      for (; outside != scattered[p].end(); ++outside) visit(*outside);
    }
  }

 private:
  std::uint32_t scattered_row_of(std::uint32_t partition, std::int64_t offset) {
    const std::uint64_t hash = FlatIndex::hash(partition, static_cast<std::uint64_t>(offset));
    std::uint32_t row =
        hashed_.find(hash, [&](std::uint32_t at) { return rows_[at].offset == offset && rows_[at].partition == partition; });
    if (row != no_row) return row;
    row = static_cast<std::uint32_t>(rows_.size());
    rows_.push_back({.offset = offset, .partition = partition});
    hashed_.insert(hash, row, [&](std::uint32_t at) {
      return FlatIndex::hash(rows_[at].partition, static_cast<std::uint64_t>(rows_[at].offset));
    });
    return row;
  }

  std::vector<LogModel::Offset>& rows_;
  std::vector<Dense> dense_;  // the rows of each partition; what lies outside is scattered
  std::uint32_t dense_rows_ = 0;
  FlatIndex hashed_;
};

class Builder {
 public:
  explicit Builder(const LogHistory& history)
      : history_(history),
        model_(survey_of(history)),
        value_index_(model_.values, model_.survey.partitions),
        offset_index_(model_.offsets, model_.survey.partitions) {
    model_.value_rows.resize(history.records.size(), no_row);
    model_.offset_rows.resize(history.records.size(), no_row);
    model_.committed.assign(history.operations.size(), false);
    model_.read_partitions.assign(history.partitions.size(), false);
    std::uint64_t values = 0;
    for (const HistorySurvey::Partition& partition : model_.survey.partitions) values += partition.sent_values.count;
    model_.values.reserve(values);
    read_at_.reserve(values);
  }

  LogModel build() && {
    for_each_operation(history_, [&](std::uint32_t i, const LogOperation& operation) {
      add_sent(i, operation);
      add_polled(i, operation);
    });
    collect_unsent();
    place_late_sends();
    rank_offsets();
    settle_conflicts();
    return std::move(model_);
  }

 private:
  static LogModel survey_of(const LogHistory& history) {
    LogModel model;
    model.survey = survey(history);
    return model;
  }

  std::uint32_t add_value(const LogRecord& record) {
    const auto row = static_cast<std::uint32_t>(model_.values.size());
    model_.values.push_back({.value = record.value, .partition = record.partition.value()});
    read_at_.push_back(no_event);
    value_index_.insert(row);
    return row;
  }

  // Notes that a record lies where it says. `value`: the row of its value.
  void place(std::uint32_t record, std::uint32_t row, std::uint32_t value, std::uint32_t operation) {
    model_.offset_rows[record] = row;
    LogModel::Offset& offset = model_.offsets[row];
    if (offset.value_row == no_row) {
      offset.value_row = value;
      offset.operation = operation;
    }
    LogModel::Value& entry = model_.values[value];
    if (entry.offset_row == no_row) entry.offset_row = row;
    if (entry.offset_row != row || offset.value_row != value) model_.conflicts.push_back({row, value, operation});
  }

  void add_sent(std::uint32_t index, const LogOperation& operation) {
    const RecordRange sent = history_.sent_range(operation);
    const bool ok = operation.outcome == Outcome::ok;
    if (ok) model_.committed[index] = true;
    for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
      const LogRecord& record = history_.records[r];
      std::uint32_t row = value_index_.find(record.partition.value(), record.value);
      if (row == no_row) {
        row = add_value(record);
      } else {
        meet_again(row, index);
      }
      model_.values[row].writer = index;
      model_.value_rows[r] = row;
      if (ok) place_sent(r, index);
    }
  }

  void place_sent(std::uint32_t record, std::uint32_t operation) {
    const LogRecord& at = history_.records[record];
    if (at.offset == no_offset) return;
    place(record, offset_index_.row_of(at.partition.value(), at.offset), model_.value_rows[record], operation);
  }

  // A value that `operation` sends was there before: polled by one that began earlier, or else it is sent twice.
  void meet_again(std::uint32_t row, std::uint32_t operation) {
    const LogModel::Value& value = model_.values[row];
    if (value.writer != no_row) return note_repetition(value, operation);
    if (value.first_ok_read == no_row) return;
    note_read_of(row, operation);
    // Polls that begin later cannot have ended before.
    if (read_at_[row] < history_.operations[operation].invoke_index) model_.unexplained_reads.push_back(row);
  }

  void note_repetition(const LogModel::Value& value, std::uint32_t operation) {
    if (model_.flaw) return;
    model_.flaw = fmt::format("value {} of {} was sent by op {} and by op {}; values must be unique in a partition", value.value,
                              history_.partitions[value.partition], value.writer, operation);
  }

  // An ok poll returned a value that `writer` sent.
  void note_read_of(std::uint32_t row, std::uint32_t writer) {
    switch (history_.operations[writer].outcome) {
      case Outcome::ok: ++model_.acknowledged_read; break;
      case Outcome::fail: model_.unexplained_reads.push_back(row); break;
      case Outcome::indefinite: late_.push_back(writer); break;
    }
  }

  void add_polled(std::uint32_t index, const LogOperation& operation) {
    const RecordRange polled = history_.polled_range(operation);
    const bool ok = operation.outcome == Outcome::ok;
    for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
      const std::uint32_t row = row_of_polled(r, index);
      if (!ok || operation.completion_index >= read_at_[row]) continue;
      read_at_[row] = operation.completion_index;
      LogModel::Value& value = model_.values[row];
      const bool first = value.first_ok_read == no_row;
      value.first_ok_read = index;
      if (!first) continue;
      model_.read_partitions[value.partition] = true;
      if (value.writer != no_row) note_read_of(row, value.writer);
    }
  }

  std::uint32_t row_of_polled(std::uint32_t r, std::uint32_t operation) {
    const LogRecord& record = history_.records[r];
    const std::uint32_t partition = record.partition.value();
    std::uint32_t row = no_row;
    if (record.offset != no_offset) {
      row = offset_index_.row_of(partition, record.offset);
      const std::uint32_t known = model_.offsets[row].value_row;
      if (known != no_row && model_.values[known].value == record.value && model_.values[known].offset_row == row) {
        model_.offset_rows[r] = row;
        model_.value_rows[r] = known;
        return known;
      }
    }
    std::uint32_t value = value_index_.find(partition, record.value);
    if (value == no_row) {
      value = add_value(record);
      polled_first_.push_back(value);
    }
    model_.value_rows[r] = value;
    if (row != no_row) {
      place(r, row, value, operation);
    } else if (history_.operations[operation].outcome == Outcome::ok) {
      model_.placeless_read = operation;
    }
    return value;
  }

  void collect_unsent() {
    for (const std::uint32_t row : polled_first_) {
      const LogModel::Value& value = model_.values[row];
      if (value.writer == no_row && value.first_ok_read != no_row) model_.unexplained_reads.push_back(row);
    }
    sort_and_unite(model_.unexplained_reads);
  }

  static void sort_and_unite(std::vector<std::uint32_t>& numbers) {
    std::sort(numbers.begin(), numbers.end());
    numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  }

  // An indefinite send of which a value was read did happen: what it was told of offsets counts.
  void place_late_sends() {
    sort_and_unite(late_);
    for (const std::uint32_t operation : late_) {
      model_.committed[operation] = true;
      const RecordRange sent = history_.sent_range(history_.operations[operation]);
      for (std::uint32_t r = sent.begin; r < sent.end; ++r) place_sent(r, operation);
    }
  }

  void rank_offsets() {
    model_.by_index.reserve(model_.offsets.size());
    const auto begin = [&] { model_.partition_base.push_back(static_cast<std::uint32_t>(model_.by_index.size())); };
    offset_index_.in_order(begin, [&](std::uint32_t row) {
      LogModel::Offset& offset = model_.offsets[row];
      offset.index = static_cast<std::uint32_t>(model_.by_index.size()) - model_.partition_base.back();
      model_.by_index.push_back(row);
      LogModel::Value& value = model_.values[offset.value_row];
      if (value.offset_row == row) value.first_index = value.last_index = offset.index;
    });
    begin();
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
      value.last_index = value.last_index == no_row ? index : std::max(value.last_index, index);
    }
  }

  const LogHistory& history_;
  LogModel model_;
  ValueIndex value_index_;
  OffsetIndex offset_index_;
  std::vector<std::uint32_t> read_at_;       // per value: the completion of its first_ok_read
  std::vector<std::uint32_t> polled_first_;  // rows of values that were polled before their send was met, if there is one
  std::vector<std::uint32_t> late_;          // indefinite sends that are committed
};

}  // namespace

LogModel build_log_model(const LogHistory& history) { return Builder(history).build(); }

}  // namespace faultline::checkers
