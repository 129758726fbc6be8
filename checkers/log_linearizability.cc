#include "checkers/log_linearizability.h"

#include <fmt/format.h>

#include <algorithm>

#include "checkers/finding_list.h"
#include "checkers/log_checker.h"
#include "checkers/log_model.h"

namespace faultline::checkers {

namespace {

// A record in the log of a partition.
struct Append {
  std::int64_t offset = 0;
  std::uint32_t operation = 0;
  std::uint32_t row = no_row;  // in LogModel::offsets
};

// A read that found the end of a partition.
struct ExactRead {
  std::int64_t end = 0;
  std::uint32_t operation = 0;
};

// The exact reads of all partitions, by the known offset that they come before.
class ReadTable {
 public:
  ReadTable(const LogHistory& history, const LogModel& model) : model_(model) {
    std::vector<std::uint32_t> slots;
    std::vector<ExactRead> reads;
    first_.assign(model.by_index.size() + history.partitions.size() + 1, 0);
    for (const std::uint32_t i : model.survey.exact_reads) {
      const LogOperation& operation = history.operations[i];
      const std::uint32_t slot = slot_of(operation.end_partition.value(), operation.end_offset);
      slots.push_back(slot);
      reads.push_back({operation.end_offset, i});
      ++first_[slot + 1];
    }
    for (std::size_t s = 1; s < first_.size(); ++s) first_[s] += first_[s - 1];
    std::vector<std::uint32_t> next(first_.begin(), first_.end() - 1);
    reads_.resize(reads.size());
    for (std::size_t i = 0; i < reads.size(); ++i) reads_[next[slots[i]]++] = reads[i];
    const auto before = [](const ExactRead& a, const ExactRead& b) {
      return a.end != b.end ? a.end < b.end : a.operation < b.operation;
    };
    for (std::size_t s = 0; s + 1 < first_.size(); ++s) {  // several ends without a known offset between them
      const auto begin = reads_.begin() + first_[s];
      const auto end = reads_.begin() + first_[s + 1];
      if (!std::is_sorted(begin, end, before)) std::sort(begin, end, before);
    }
  }

  /// Those before the known offset with this index, or after the last; by end, then by invocation.
  std::span<const ExactRead> before(std::uint32_t partition, std::uint32_t index) const {
    const std::uint32_t slot = model_.partition_base[partition] + partition + index;
    return std::span(reads_).subspan(first_[slot], first_[slot + 1] - first_[slot]);
  }

 private:
  // A partition has a slot before each of its known offsets, and one after them.
  std::uint32_t slot_of(std::uint32_t partition, std::int64_t end) const {
    const std::uint32_t count = model_.index_count(partition);
    const auto rows = model_.by_index.begin() + model_.partition_base[partition];
    const auto offset_at = [&](std::uint32_t index) { return model_.offsets[rows[index]].offset; };
    std::uint32_t index = 0;
    if (count > 0 && end > offset_at(0)) {
      // Without holes the index follows from the offset.
      const std::uint64_t guess = static_cast<std::uint64_t>(end) - static_cast<std::uint64_t>(offset_at(0));
      index = guess <= count && offset_at(static_cast<std::uint32_t>(guess) - 1) == end - 1
                  ? static_cast<std::uint32_t>(guess)
                  : static_cast<std::uint32_t>(
                        std::partition_point(rows, rows + count,
                                             [&](std::uint32_t row) { return model_.offsets[row].offset < end; }) -
                        rows);
    }
    return model_.partition_base[partition] + partition + index;
  }

  const LogModel& model_;
  std::vector<std::uint32_t> first_;  // per slot; one more at the end
  std::vector<ExactRead> reads_;
};

class Sweep {
 public:
  Sweep(const LogHistory& history, const LogModel& model, const LinearizabilityRules& rules)
      : history_(history),
        model_(model),
        rules_(rules),
        fillers_(history.partitions.size()),
        unseen_batch_(history.partitions.size(), false) {}

  Verdict run() && {
    Verdict verdict;
    verdict.vacuity = measure_vacuity(history_, model_);
    find_obstacle();
    if (!obstacle_.empty()) return unknown(std::move(verdict));
    find_main_copies();
    if (rules_.atomic_batches) find_batches();
    if (!obstacle_.empty()) return unknown(std::move(verdict));
    for (const LogModel::Conflict& conflict : model_.conflicts) judge_conflict(conflict);
    const ReadTable reads(history_, model_);
    for (std::uint32_t p = 0; p < history_.partitions.size(); ++p) check_partition(p, reads);
    if (found_.has_failure()) verdict.outcome = Verdict::Outcome::invalid;
    if (verdict.outcome == Verdict::Outcome::valid && !obstacle_.empty()) return unknown(std::move(verdict));
    std::move(found_).into(verdict);
    return verdict;
  }

 private:
  Verdict unknown(Verdict verdict) const {
    verdict.outcome = Verdict::Outcome::unknown;
    verdict.reason = obstacle_;
    return verdict;
  }

  // What makes an answer impossible; and the indefinite appends that nobody saw.
  void find_obstacle() {
    if (model_.flaw) return static_cast<void>(obstacle_ = *model_.flaw);
    if (model_.survey.count(OperationKind::txn) > 0) {
      const auto first = std::find_if(history_.operations.begin(), history_.operations.end(),
                                      [](const LogOperation& operation) { return operation.kind == OperationKind::txn; });
      obstacle_ = fmt::format("op {} is a transaction: its records are appended at one moment and become visible at another",
                              first - history_.operations.begin());
    }
    if (model_.placeless_read != no_row)
      obstacle_ = fmt::format("op {} read a record without saying its offset", model_.placeless_read);
    if (rules_.atomic_batches && rules_.duplicates_allowed && !model_.conflicts.empty())
      obstacle_ = "values are at two offsets, so that it cannot be told which of them make a batch";
    for (const LogModel::Value& value : model_.values) {
      if (value.offset_row != no_row || value.writer == no_row) continue;
      const LogOperation& writer = history_.operations[value.writer];
      if (writer.outcome == Outcome::ok)
        obstacle_ = fmt::format("op {} was acknowledged, but its offset is not known", value.writer);
      if (writer.outcome == Outcome::indefinite) fillers_[value.partition].push_back(value.writer);
    }
  }

  // What each send of several records appended to one partition: side by side and in order. Of an indefinite one that was seen in
  // part the rest is not known, so that its place in the log cannot be judged.
  void find_batches() {
    batch_end_.assign(model_.offsets.size(), 0);
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      if (operation.kind != OperationKind::send || operation.record_count < 2 || operation.outcome == Outcome::fail) continue;
      for (std::uint32_t r = operation.first_record; r < operation.first_record + operation.record_count;) {
        const std::uint32_t end = end_of_batch(r, operation);
        if (end - r > 1) judge_batch(i, r, end);
        r = end;
      }
    }
  }

  // Where the records end that go to the same partition as `record`. A send that comes back to a partition begins another batch there.
  std::uint32_t end_of_batch(std::uint32_t record, const LogOperation& operation) const {
    const PartitionId partition = history_.records[record].partition;
    const std::uint32_t end = operation.first_record + operation.record_count;
    while (record < end && history_.records[record].partition == partition) ++record;
    return record;
  }

  void judge_batch(std::uint32_t operation, std::uint32_t begin, std::uint32_t end) {
    const std::uint32_t p = history_.records[begin].partition.value();
    std::uint32_t known = 0;
    for (std::uint32_t r = begin; r < end; ++r) known += offset_row_of(r) != no_row ? 1 : 0;
    if (known == 0) {
      // It takes its holes together or none: left to those who fill single ones, where they suffice.
      std::erase(fillers_[p], operation);
      unseen_batch_[p] = true;
      return;
    }
    if (known < end - begin) {
      obstacle_ = fmt::format("of the batch that op {} sent, only a part was seen", operation);
      return;
    }
    const LogModel::Offset& first = model_.offsets[offset_row_of(begin)];
    const std::int64_t last_offset = first.offset + (end - begin) - 1;
    for (std::uint32_t r = begin; r < end; ++r) {
      if (model_.offsets[offset_row_of(r)].offset == first.offset + (r - begin)) continue;
      return violation(p, {operation}, "{} of {} does not lie beside the record before it in its batch",
                       history_.records[r].value);
    }
    batch_end_[offset_row_of(begin)] = last_offset;
  }

  std::uint32_t offset_row_of(std::uint32_t record) const { return model_.values[model_.value_rows[record]].offset_row; }

  // For each value at several offsets the row of the copy that must take effect before its send ends.
  void find_main_copies() {
    if (model_.conflicts.empty()) return;
    main_copy_.assign(model_.values.size(), no_row);
    for (std::uint32_t row = 0; row < model_.values.size(); ++row) {
      const LogModel::Value& value = model_.values[row];
      // Where the client was not told which copy was acknowledged, the lowest can be the earliest, and asks the least.
      if (value.first_index != no_row)
        main_copy_[row] = model_.by_index[model_.partition_base[value.partition] + value.first_index];
    }
    earliest_read_.assign(model_.offsets.size(), no_row);
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      if (operation.outcome != Outcome::ok || !has_values(operation.kind)) continue;
      const bool send = operation.kind == OperationKind::send;
      for (std::uint32_t r = operation.first_record; r < operation.first_record + operation.record_count; ++r) {
        const std::uint32_t row = model_.offset_rows[r];
        if (row == no_row) continue;
        if (send) {
          main_copy_[model_.value_rows[r]] = row;
        } else if (earliest_read_[row] == no_row ||
                   operation.completion_index < history_.operations[earliest_read_[row]].completion_index) {
          earliest_read_[row] = i;
        }
      }
    }
  }

  void judge_conflict(const LogModel::Conflict& conflict) {
    const LogModel::Offset& offset = model_.offsets[conflict.offset_row];
    const LogModel::Value& value = model_.values[conflict.value_row];
    if (conflict.value_row != offset.value_row) {
      violation(offset.partition, {offset.operation, conflict.operation}, "{} of {} shares its offset with another value",
                value.value);
    } else if (!rules_.duplicates_allowed) {
      violation(offset.partition, {value.writer == no_row ? offset.operation : value.writer, conflict.operation},
                "{} of {} is at two offsets", value.value);
    }
  }

  void violation(std::uint32_t partition, std::vector<std::uint32_t> witness,
                 fmt::format_string<std::int64_t&, const std::string&> text, std::int64_t value) {
    found_.add(anomaly::not_linearizable, [&] {
      return Finding{.partition = history_.partitions[partition],
                     .witness = std::move(witness),
                     .text = "value " + fmt::format(text, value, history_.partitions[partition])};
    });
  }

  // The writer of what lies at an offset, unless there is none that can have written it.
  std::uint32_t writer_of(const LogModel::Offset& offset) {
    const LogModel::Value& value = model_.values[offset.value_row];
    if (value.writer == no_row) {
      violation(offset.partition, {offset.operation}, "{} of {} was read, but never sent", value.value);
    } else if (history_.operations[value.writer].outcome == Outcome::fail) {
      violation(offset.partition, {value.writer, offset.operation}, "{} of {} was read, but its send had failed", value.value);
    } else {
      return value.writer;
    }
    return no_row;
  }

  // The event by which an append must have taken effect.
  std::uint32_t bound_of(const Append& append) const {
    const LogOperation& writer = history_.operations[append.operation];
    if (writer.outcome != Outcome::ok) return no_event;
    const bool main_copy = main_copy_.empty() || main_copy_[model_.offsets[append.row].value_row] == append.row;
    return main_copy ? writer.completion_index : no_event;
  }

  // The poll that returned this record and ended first, or no_row.
  std::uint32_t first_read_of(const Append& append) const {
    if (append.row == no_row) return no_row;
    return earliest_read_.empty() ? model_.values[model_.offsets[append.row].value_row].first_ok_read
                                  : earliest_read_[append.row];
  }

  // What has been placed of the partition at hand.
  struct Progress {
    std::uint32_t now = 0;          // nothing further on can take effect before this event
    std::uint32_t latest = no_row;  // the operation that began there
    std::string (*role)(const Progress&) = nullptr;
    std::int64_t latest_position = 0;
    std::uint64_t steps = 0;
    std::int64_t next_offset = 0;  // the lowest that no append has taken
    std::size_t fillers_used = 0;
    std::int64_t batch_end = 0;  // the last offset of the batch that the last append began
    std::uint32_t batch = no_row;
  };

  static std::string append_role(const Progress& at) { return fmt::format("an append at offset {}", at.latest_position); }
  static std::string read_role(const Progress& at) { return fmt::format("a read that found the end at {}", at.latest_position); }

  void place(Progress& at, std::uint32_t operation, std::int64_t position, std::string (*role)(const Progress&)) const {
    ++at.steps;
    const std::uint32_t invoke = history_.operations[operation].invoke_index;
    if (at.latest != no_row && invoke < at.now) return;
    at.now = invoke;
    at.latest = operation;
    at.role = role;
    at.latest_position = position;
  }

  void check_partition(std::uint32_t p, const ReadTable& reads) {
    Progress at;
    const std::uint32_t count = model_.index_count(p);
    for (std::uint32_t index = 0; index <= count; ++index) {
      for (const ExactRead& read : reads.before(p, index)) {
        if (!place_exact_read(p, read, at)) return;
      }
      if (index < count && !place_append(p, model_.by_index[model_.partition_base[p] + index], at)) return;
    }
  }

  bool place_exact_read(std::uint32_t p, const ExactRead& read, Progress& at) {
    if (at.batch != no_row && read.end <= at.batch_end) return report_inside(p, read, at), false;
    if (!fill_holes(p, read.end, read.operation, at)) return false;
    if (at.now > history_.operations[read.operation].completion_index) {
      report(p, at, read.operation, fmt::format("a read that found the end at {}", read.end));
      return false;
    }
    place(at, read.operation, read.end, read_role);
    return true;
  }

  bool place_append(std::uint32_t p, std::uint32_t row, Progress& at) {
    const LogModel::Offset& offset = model_.offsets[row];
    const std::uint32_t writer = writer_of(offset);
    if (writer == no_row) return true;
    const Append append{offset.offset, writer, row};
    if (!fill_holes(p, append.offset, writer, at)) return false;
    if (at.now > bound_of(append)) {
      report(p, at, writer, fmt::format("an append at offset {}", append.offset));
      return false;
    }
    place(at, writer, append.offset, append_role);
    if (!batch_end_.empty() && batch_end_[row] > append.offset) {
      at.batch = writer;
      at.batch_end = batch_end_[row];
    }
    at.next_offset = std::max(at.next_offset, append.offset + 1);
    const std::uint32_t reader = first_read_of(append);
    if (reader == no_row) return true;
    if (at.now > history_.operations[reader].completion_index) {
      report(p, at, reader, fmt::format("a read as far as offset {}", append.offset));
      return false;
    }
    ++at.steps;
    return true;
  }

  // Every offset below `end` was taken by an append: those that nothing is known of by the earliest that nobody saw.
  bool fill_holes(std::uint32_t p, std::int64_t end, std::uint32_t operation, Progress& at) {
    if (!rules_.fill_holes) return true;
    for (; at.next_offset < end; ++at.next_offset) {
      if (at.fillers_used == fillers_[p].size()) {
        if (doubtful(p)) return false;
        found_.add(anomaly::not_linearizable, [&] {
          return Finding{
              .partition = history_.partitions[p],
              .witness = {operation},
              .text = fmt::format("op {} shows that offset {} of {} was taken, but no append is left that can have taken it",
                                  operation, at.next_offset, history_.partitions[p])};
        });
        return false;
      }
      place(at, fillers_[p][at.fillers_used++], at.next_offset, append_role);
    }
    return true;
  }

  // With holes to fill, unseen batches could fill them in more ways than are tried here.
  bool doubtful(std::uint32_t p) {
    if (!unseen_batch_[p]) return false;
    obstacle_ = fmt::format("holes of {} may have been taken by batches that nobody saw", history_.partitions[p]);
    return true;
  }

  void report_inside(std::uint32_t p, const ExactRead& read, const Progress& at) {
    found_.add(anomaly::not_linearizable, [&] {
      return Finding{.partition = history_.partitions[p],
                     .witness = {at.batch, read.operation},
                     .text = fmt::format("op {} found the end of {} at {}, inside the batch that op {} appended up to offset {}",
                                         read.operation, history_.partitions[p], read.end, at.batch, at.batch_end)};
    });
  }

  void report(std::uint32_t p, const Progress& at, std::uint32_t operation, const std::string& role) {
    if (at.fillers_used > 0 && doubtful(p)) return;
    found_.add(anomaly::not_linearizable, [&] {
      return Finding{
          .partition = history_.partitions[p],
          .witness = {at.latest, operation},
          .text = fmt::format("op {}, {} of {}, ended at event {}, yet op {}, {}, which comes before it in the log, began only "
                              "at event {}; the {} steps before it can be placed",
                              operation, role, history_.partitions[p], history_.operations[operation].completion_index, at.latest,
                              at.role(at), at.now, at.steps)};
    });
  }

  const LogHistory& history_;
  const LogModel& model_;
  const LinearizabilityRules& rules_;
  const std::vector<std::string> tolerated_;
  FindingList found_{tolerated_, 8};                 // of each kind of violation as many as of any other anomaly
  std::vector<std::vector<std::uint32_t>> fillers_;  // per partition, by invocation: indefinite appends that nobody saw
  std::vector<bool> unseen_batch_;                   // per partition: some of these were batches of several records
  std::vector<std::int64_t> batch_end_;              // per offset row that begins a batch; empty if batches are not atomic
  std::vector<std::uint32_t> main_copy_;             // per value row; empty if no value has two offsets
  std::vector<std::uint32_t> earliest_read_;         // per offset row, likewise
  std::string obstacle_;                             // why there can be no answer
};

}  // namespace

Verdict check_linearizable(const LogHistory& history, const LinearizabilityRules& rules) {
  const LogModel model = build_log_model(history);
  return Sweep(history, model, rules).run();
}

}  // namespace faultline::checkers
