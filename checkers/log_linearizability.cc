#include "checkers/log_linearizability.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "checkers/finding_list.h"
#include "checkers/log_checker.h"
#include "checkers/log_model.h"

namespace faultline::checkers {

namespace {

// Something that must be placed in the order of a partition. Times are event indices.
struct Item {
  enum class Kind : std::uint8_t { append, lower_bound, exact_read };

  std::int64_t position = 0;  // an append's offset; one less than the end that a read found or reached
  Kind kind = Kind::append;
  std::uint32_t invoke = 0;
  std::uint32_t completion = no_event;
  std::uint32_t operation = 0;

  // A read of end t comes after append t-1; an exact one also before append t.
  auto key() const { return std::tie(position, kind, invoke); }
};

class Sweep {
 public:
  Sweep(const LogHistory& history, const LogModel& model, const LinearizabilityRules& rules)
      : history_(history), model_(model), rules_(rules), items_(history.partitions.size()), fillers_(history.partitions.size()) {}

  Verdict run() && {
    Verdict verdict;
    verdict.vacuity = measure_vacuity(history_, model_);
    if (model_.flaw) return unknown(std::move(verdict), *model_.flaw);
    collect_offsets_of_sends();
    collect_appends();
    collect_reads();
    if (!obstacle_.empty()) return unknown(std::move(verdict), obstacle_);
    for (std::uint32_t p = 0; p < items_.size(); ++p) check_partition(p);
    if (found_.has_failure()) verdict.outcome = Verdict::Outcome::invalid;
    std::move(found_).into(verdict);
    return verdict;
  }

 private:
  static Verdict unknown(Verdict verdict, std::string reason) {
    verdict.outcome = Verdict::Outcome::unknown;
    verdict.reason = std::move(reason);
    return verdict;
  }

  // For each sent value the offset row of the copy that must take effect before its send ends.
  void collect_offsets_of_sends() {
    main_copy_.assign(model_.values.size(), no_row);
    for (std::uint32_t row = 0; row < model_.values.size(); ++row) {
      const LogModel::Value& value = model_.values[row];
      // Where the client was not told which copy was acknowledged, the lowest can be the earliest, and asks the least.
      if (value.first_index != no_row)
        main_copy_[row] = model_.by_index[model_.partition_base[value.partition] + value.first_index];
    }
    for (const LogOperation& operation : history_.operations) {
      if (operation.kind != OperationKind::send || operation.outcome != Outcome::ok) continue;
      for (std::uint32_t r = operation.first_record; r < operation.first_record + operation.record_count; ++r) {
        if (model_.offset_rows[r] != no_row) main_copy_[model_.value_rows[r]] = model_.offset_rows[r];
      }
    }
  }

  void collect_appends() {
    for (std::uint32_t row = 0; row < model_.offsets.size(); ++row) {
      const LogModel::Offset& offset = model_.offsets[row];
      const LogModel::Value& value = model_.values[offset.value_row];
      if (value.writer == no_row) {
        violation(offset.partition, {offset.operation}, "{} of {} was read, but never sent", value.value);
        continue;
      }
      const LogOperation& writer = history_.operations[value.writer];
      if (writer.outcome == Outcome::fail) {
        violation(offset.partition, {value.writer, offset.operation}, "{} of {} was read, but its send had failed", value.value);
        continue;
      }
      const bool bounded = writer.outcome == Outcome::ok && main_copy_[offset.value_row] == row;
      items_[offset.partition].push_back({.position = offset.offset,
                                          .kind = Item::Kind::append,
                                          .invoke = writer.invoke_index,
                                          .completion = bounded ? writer.completion_index : no_event,
                                          .operation = value.writer});
    }
    for (const LogModel::Conflict& conflict : model_.conflicts) collect_conflict(conflict);
    for (const LogModel::Value& value : model_.values) {
      if (value.writer == no_row || value.offset_row != no_row) continue;
      const LogOperation& writer = history_.operations[value.writer];
      if (writer.outcome == Outcome::ok)
        obstacle_ = fmt::format("op {} was acknowledged, but its offset is not known", value.writer);
      if (writer.outcome == Outcome::indefinite) fillers_[value.partition].push_back(value.writer);
    }
  }

  void collect_conflict(const LogModel::Conflict& conflict) {
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

  void collect_reads() {
    // Per partition the furthest end of the poll at hand, and the polls in which it was set: no clearing between polls.
    std::vector<std::int64_t> reached(history_.partitions.size(), 0);
    std::vector<std::uint32_t> set_in(history_.partitions.size(), no_row);
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      if (operation.kind != OperationKind::poll || operation.outcome != Outcome::ok) continue;
      for (const LogRecord& record : history_.records_of(operation)) {
        if (record.offset == no_offset) obstacle_ = fmt::format("op {} read a record without saying its offset", i);
        const std::uint32_t p = record.partition.value();
        if (set_in[p] != i) reached[p] = 0;
        set_in[p] = i;
        reached[p] = std::max(reached[p], record.offset + 1);
      }
      for (const LogRecord& record : history_.records_of(operation)) {
        const std::uint32_t p = record.partition.value();
        if (record.offset + 1 == reached[p]) add_read(Item::Kind::lower_bound, p, reached[p], i);
      }
      if (operation.end_offset != no_offset)
        add_read(Item::Kind::exact_read, operation.end_partition.value(), operation.end_offset, i);
    }
  }

  void add_read(Item::Kind kind, std::uint32_t partition, std::int64_t end, std::uint32_t index) {
    const LogOperation& operation = history_.operations[index];
    items_[partition].push_back({.position = end - 1,
                                 .kind = kind,
                                 .invoke = operation.invoke_index,
                                 .completion = operation.completion_index,
                                 .operation = index});
  }

  void check_partition(std::uint32_t p) {
    std::vector<Item>& items = items_[p];
    const auto in_order = [](const Item& a, const Item& b) { return a.key() < b.key(); };
    std::sort(items.begin(), items.end(), in_order);
    if (rules_.fill_holes) {
      if (!fill_holes(p)) return;
      std::sort(items.begin(), items.end(), in_order);
    }
    const Item* latest = nullptr;  // the placed item with the latest invocation: nothing after it can take effect earlier
    for (const Item& item : items) {
      const std::uint32_t now = latest == nullptr ? 0 : latest->invoke;
      if (std::max(now, item.invoke) > item.completion) {
        report(p, *latest, item, static_cast<std::size_t>(&item - items.data()));
        return;
      }
      if (item.kind != Item::Kind::lower_bound && item.invoke >= now) latest = &item;
    }
  }

  // Every offset below the last known one needs an append. Requires: the items are sorted.
  bool fill_holes(std::uint32_t p) {
    std::vector<Item>& items = items_[p];
    const std::vector<std::uint32_t>& fillers = fillers_[p];  // in order of invocation, since values were met in that order
    std::size_t used = 0;
    std::int64_t next = 0;
    const std::size_t known = items.size();
    for (std::size_t i = 0; i < known; ++i) {
      const Item item = items[i];
      for (; next < item.position + (item.kind == Item::Kind::append ? 0 : 1); ++next) {
        if (used == fillers.size()) {
          found_.add(anomaly::not_linearizable, [&] {
            return Finding{
                .partition = history_.partitions[p],
                .witness = {item.operation},
                .text = fmt::format("op {} shows that offset {} of {} was taken, but no append is left that can have taken it",
                                    item.operation, next, history_.partitions[p])};
          });
          return false;
        }
        const std::uint32_t filler = fillers[used++];
        items.push_back({.position = next,
                         .kind = Item::Kind::append,
                         .invoke = history_.operations[filler].invoke_index,
                         .completion = no_event,
                         .operation = filler});
      }
      if (item.kind == Item::Kind::append) next = std::max(next, item.position + 1);
    }
    return true;
  }

  static std::string role(const Item& item) {
    switch (item.kind) {
      case Item::Kind::append: return fmt::format("an append at offset {}", item.position);
      case Item::Kind::lower_bound: return fmt::format("a read as far as offset {}", item.position);
      case Item::Kind::exact_read: return fmt::format("a read that found the end at {}", item.position + 1);
    }
    return "";
  }

  void report(std::uint32_t p, const Item& latest, const Item& item, std::size_t placed) {
    found_.add(anomaly::not_linearizable, [&] {
      return Finding{
          .partition = history_.partitions[p],
          .witness = {latest.operation, item.operation},
          .text = fmt::format("op {}, {} of {}, ended at event {}, yet op {}, {}, which comes before it in the log, began only "
                              "at event {}; the {} steps before it can be placed",
                              item.operation, role(item), history_.partitions[p], item.completion, latest.operation, role(latest),
                              latest.invoke, placed)};
    });
  }

  const LogHistory& history_;
  const LogModel& model_;
  const LinearizabilityRules& rules_;
  const std::vector<std::string> tolerated_;
  FindingList found_{tolerated_, 8};                 // of each kind of violation as many as of any other anomaly
  std::vector<std::vector<Item>> items_;             // per partition
  std::vector<std::vector<std::uint32_t>> fillers_;  // per partition: indefinite appends that nobody saw
  std::vector<std::uint32_t> main_copy_;             // per value row
  std::string obstacle_;                             // why there can be no answer
};

}  // namespace

Verdict check_linearizable(const LogHistory& history, const LinearizabilityRules& rules) {
  const LogModel model = build_log_model(history);
  return Sweep(history, model, rules).run();
}

}  // namespace faultline::checkers
