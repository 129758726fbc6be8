// One pass over the sends tells how far offsets and values reach, a second gives each value its row, and the one pass over what was
// polled finds at the row of a record's offset the very value it holds: in a healthy history neither is ever searched for.
#include "checkers/log_model.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline::checkers {

namespace {

// A table is dense enough if it has at most so many entries per thing in it.
constexpr std::uint64_t dense_factor = 4;
constexpr std::uint64_t dense_slack = 64;

// The smallest and largest of some numbers.
struct Extent {
  std::int64_t low = std::numeric_limits<std::int64_t>::max();
  std::int64_t high = std::numeric_limits<std::int64_t>::min();
  std::uint64_t count = 0;

  void add(std::int64_t number) {
    low = std::min(low, number);
    high = std::max(high, number);
    ++count;
  }
  std::uint64_t at(std::int64_t number) const { return static_cast<std::uint64_t>(number) - static_cast<std::uint64_t>(low); }
  std::uint64_t width() const { return count == 0 ? 0 : at(high); }
  bool dense() const { return count > 0 && width() < dense_factor * count + dense_slack; }
};

// Finds the row of a value. As long as the values sent are dense and none goes to two partitions, a table; else a hash index.
class ValueIndex {
 public:
  ValueIndex(const std::vector<LogModel::Value>& rows, const Extent& sent)
      : rows_(rows), sent_(sent), hashed_(sent.dense() ? 0 : sent.count) {
    if (sent.dense()) table_.assign(sent.width() + 1, no_row);
  }

  std::uint32_t find(std::uint32_t partition, std::int64_t value) const {
    if (value >= sent_.low && value <= sent_.high && !table_.empty()) {
      const std::uint32_t row = table_[sent_.at(value)];
      if (row != no_row && rows_[row].partition == partition) return row;
    }
    if (!any_hashed_) return no_row;
    return hashed_.find(FlatIndex::hash(partition, static_cast<std::uint64_t>(value)),
                        [&](std::uint32_t at) { return rows_[at].value == value && rows_[at].partition == partition; });
  }

  // Requires: find() does not know the value of `row`.
  void insert(std::uint32_t row) {
    const LogModel::Value& value = rows_[row];
    if (value.value >= sent_.low && value.value <= sent_.high && !table_.empty()) {
      std::uint32_t& slot = table_[sent_.at(value.value)];
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
  const Extent sent_;
  std::vector<std::uint32_t> table_;
  FlatIndex hashed_;
  bool any_hashed_ = false;
};

// Finds the row of an offset, and makes it. Rows of dense partitions come first, in order, and all exist from the start.
class OffsetIndex {
 public:
  OffsetIndex(std::vector<LogModel::Offset>& rows, const std::vector<Extent>& extents) : rows_(rows) {
    std::uint64_t size = 0;
    for (const Extent& extent : extents) {
      const std::uint64_t width = extent.dense() ? extent.width() + 1 : 0;
      dense_.push_back({extent.low, static_cast<std::uint32_t>(size), static_cast<std::uint32_t>(width)});
      size += width;
    }
    rows_.resize(size);
    for (std::uint32_t p = 0; p < dense_.size(); ++p) {
      for (std::uint32_t i = 0; i < dense_[p].width; ++i) {
        rows_[dense_[p].first_row + i].offset = dense_[p].low + i;
        rows_[dense_[p].first_row + i].partition = p;
      }
    }
    dense_rows_ = static_cast<std::uint32_t>(size);
  }

  std::uint32_t row_of(std::uint32_t partition, std::int64_t offset) {
    const Dense& dense = dense_[partition];
    const std::uint64_t at = static_cast<std::uint64_t>(offset) - static_cast<std::uint64_t>(dense.low);
    return at < dense.width ? dense.first_row + static_cast<std::uint32_t>(at) : scattered_row_of(partition, offset);
  }

  // Appends the rows of which something is known, in order, and says where each partition starts.
  void rank(std::vector<std::uint32_t>& by_index, std::vector<std::uint32_t>& partition_base) const {
    const auto before = [&](std::uint32_t a, std::uint32_t b) { return rows_[a].offset < rows_[b].offset; };
    std::vector<std::vector<std::uint32_t>> scattered(dense_.size());
    for (auto row = dense_rows_; row < rows_.size(); ++row) scattered[rows_[row].partition].push_back(row);
    by_index.reserve(rows_.size());
    for (std::uint32_t p = 0; p < dense_.size(); ++p) {
      partition_base.push_back(static_cast<std::uint32_t>(by_index.size()));
      for (std::uint32_t row = dense_[p].first_row; row < dense_[p].first_row + dense_[p].width; ++row) {
        if (rows_[row].value_row != no_row) by_index.push_back(row);
      }
      if (scattered[p].empty()) continue;
      by_index.insert(by_index.end(), scattered[p].begin(), scattered[p].end());
      std::sort(by_index.begin() + partition_base.back(), by_index.end(), before);
    }
    partition_base.push_back(static_cast<std::uint32_t>(by_index.size()));
  }

 private:
  struct Dense {
    std::int64_t low = 0;
    std::uint32_t first_row = 0;
    std::uint32_t width = 0;  // in rows; what lies outside is scattered
  };

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
  std::vector<Dense> dense_;  // per partition
  std::uint32_t dense_rows_ = 0;
  FlatIndex hashed_;
};

struct Extents {
  Extent sent_values;
  std::vector<Extent> offsets;  // per partition
};

// Of a poll the first and the last record stand for all: what lies outside all the same is found by hash.
Extents measure(const LogHistory& history) {
  Extents extents;
  extents.offsets.resize(history.partitions.size());
  const auto add_offset = [&](const LogRecord& record) {
    if (record.offset != no_offset) extents.offsets[record.partition.value()].add(record.offset);
  };
  for (const LogOperation& operation : history.operations) {
    for (const LogRecord& record : history.sent_by(operation)) {
      extents.sent_values.add(record.value);
      add_offset(record);
    }
    const std::span<const LogRecord> polled = history.polled_by(operation);
    if (polled.empty()) continue;
    add_offset(polled.front());
    add_offset(polled.back());
  }
  return extents;
}

class Builder {
 public:
  Builder(const LogHistory& history, const Extents& extents)
      : history_(history), value_index_(model_.values, extents.sent_values), offset_index_(model_.offsets, extents.offsets) {
    model_.value_rows.resize(history.records.size(), no_row);
    model_.offset_rows.resize(history.records.size(), no_row);
    model_.committed.assign(history.operations.size(), false);
    model_.values.reserve(extents.sent_values.count);
    read_at_.reserve(extents.sent_values.count);
  }

  LogModel build() && {
    add_sends();
    add_polls();
    place_committed_sends();
    rank_offsets();
    settle_conflicts();
    return std::move(model_);
  }

 private:
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

  void place_sends(std::uint32_t index) {
    const RecordRange sent = history_.sent_range(history_.operations[index]);
    for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
      const LogRecord& record = history_.records[r];
      if (record.offset == no_offset) continue;
      place(r, offset_index_.row_of(record.partition.value(), record.offset), model_.value_rows[r], index);
    }
  }

  void add_sends() {
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      const RecordRange sent = history_.sent_range(operation);
      for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
        const LogRecord& record = history_.records[r];
        std::uint32_t row = value_index_.find(record.partition.value(), record.value);
        if (row != no_row) {
          note_repetition(model_.values[row], i);
        } else {
          row = add_value(record);
        }
        model_.values[row].writer = i;
        model_.value_rows[r] = row;
      }
      if (operation.outcome == Outcome::ok) {
        model_.committed[i] = true;
        place_sends(i);
      }
    }
  }

  void note_repetition(const LogModel::Value& value, std::uint32_t operation) {
    if (model_.flaw) return;
    model_.flaw = fmt::format("value {} of {} was sent by op {} and by op {}; values must be unique in a partition", value.value,
                              history_.partitions[value.partition], value.writer, operation);
  }

  void add_polls() {
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      const RecordRange polled = history_.polled_range(operation);
      const bool ok = operation.outcome == Outcome::ok;
      for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
        const std::uint32_t value = add_polled(r, i);
        if (!ok || operation.completion_index >= read_at_[value]) continue;
        read_at_[value] = operation.completion_index;
        model_.values[value].first_ok_read = i;
      }
    }
  }

  std::uint32_t add_polled(std::uint32_t r, std::uint32_t operation) {
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
    if (value == no_row) value = add_value(record);
    model_.value_rows[r] = value;
    if (row != no_row) {
      place(r, row, value, operation);
    } else if (history_.operations[operation].outcome == Outcome::ok) {
      model_.placeless_read = operation;
    }
    return value;
  }

  // An indefinite send of which a value was read did happen: what it was told of offsets counts.
  void place_committed_sends() {
    for (const LogModel::Value& value : model_.values) {
      if (value.writer == no_row || value.first_ok_read == no_row) continue;
      if (history_.operations[value.writer].outcome == Outcome::indefinite) late_.push_back(value.writer);
    }
    std::sort(late_.begin(), late_.end());
    late_.erase(std::unique(late_.begin(), late_.end()), late_.end());
    for (const std::uint32_t operation : late_) {
      model_.committed[operation] = true;
      place_sends(operation);
    }
  }

  void rank_offsets() {
    offset_index_.rank(model_.by_index, model_.partition_base);
    for (std::uint32_t at = 0; at < model_.by_index.size(); ++at) {
      LogModel::Offset& row = model_.offsets[model_.by_index[at]];
      row.index = at - model_.partition_base[row.partition];
    }
    for (LogModel::Value& value : model_.values) {
      if (value.offset_row == no_row) continue;
      value.first_index = model_.offsets[value.offset_row].index;
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
  ValueIndex value_index_;
  OffsetIndex offset_index_;
  std::vector<std::uint32_t> read_at_;  // per value: the completion of its first_ok_read
  std::vector<std::uint32_t> late_;     // indefinite sends that are committed
};

}  // namespace

LogModel build_log_model(const LogHistory& history) { return Builder(history, measure(history)).build(); }

}  // namespace faultline::checkers
