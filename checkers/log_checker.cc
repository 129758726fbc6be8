#include "checkers/log_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>
#include <string_view>

#include "base/check.h"
#include "checkers/finding_list.h"
#include "checkers/log_model.h"
#include "checkers/log_order.h"

namespace faultline::checkers {

LogRules LogRules::idempotent() {
  LogRules rules;
  std::erase(rules.tolerated, std::string(anomaly::duplicate));
  return rules;
}

namespace {

class LogChecker {
 public:
  LogChecker(const LogHistory& history, const LogRules& rules)
      : history_(history),
        rules_(rules),
        model_(build_log_model(history)),
        retained_from_(history.partitions.size(), 0),
        compacted_(history.partitions.size(), false),
        tolerated_(rules.tolerated),
        found_(tolerated_, rules.findings_per_anomaly),
        excused_until_(last_excess(history, rules.claims)) {
    for (const PartitionId partition : rules.compacted) compacted_[partition.value()] = true;
    tolerated_.emplace_back(anomaly::lost_beyond_bound);
    for (const RetainedFrom& bound : rules.retained_from) {
      ENSURE(bound.partition.value() < retained_from_.size());
      retained_from_[bound.partition.value()] = std::max(retained_from_[bound.partition.value()], bound.offset);
    }
  }

  Verdict run() && {
    Verdict verdict;
    verdict.vacuity = measure_vacuity(history_, model_);
    if (model_.flaw) {
      verdict.outcome = Verdict::Outcome::unknown;
      verdict.reason = *model_.flaw;
      return verdict;
    }
    find_lost_writes();
    find_inconsistent_offsets();
    find_duplicates();
    find_bad_reads();
    find_precommitted_reads();
    check_log_order(history_, model_, owed_from(), found_);
    if (found_.has_failure()) verdict.outcome = Verdict::Outcome::invalid;
    if (verdict.outcome == Verdict::Outcome::valid && rules_.require_final_reads && !unjudged_.empty()) {
      verdict.outcome = Verdict::Outcome::unknown;
      verdict.reason =
          fmt::format("no final read reached a stated end of {}, so it cannot be told whether acknowledged records are left",
                      fmt::join(unjudged_, ", "));
    }
    std::move(found_).into(verdict);
    return verdict;
  }

 private:
  const std::string& name_of(std::uint32_t partition) const { return history_.partitions[partition]; }

  // "value 17 of t-0, acknowledged at offset 5 by op 34 at 1.203000 s"
  std::string origin(const LogModel::Value& value) const {
    const LogOperation& writer = history_.operations[value.writer];
    const std::string place =
        value.offset_row == no_row ? "" : fmt::format(" at offset {}", model_.offsets[value.offset_row].offset);
    if (writer.outcome == Outcome::ok) {
      return fmt::format("value {} of {}, acknowledged{} by op {} at {}", value.value, name_of(value.partition), place,
                         value.writer, seconds_text(writer.completed));
    }
    return fmt::format("value {} of {}, sent by op {} at {} and known to be{}", value.value, name_of(value.partition),
                       value.writer, seconds_text(writer.invoked), place);
  }

  // For each partition the row of the value with the highest first index that any ok poll returned.
  std::vector<std::uint32_t> highest_reads() const {
    std::vector<std::uint32_t> highest(history_.partitions.size(), no_row);
    const auto consider = [&](std::uint32_t row) {
      const LogModel::Value& value = model_.values[row];
      if (value.first_ok_read == no_row || value.first_index == no_row) return;
      std::uint32_t& best = highest[value.partition];
      if (best == no_row || model_.values[best].first_index < value.first_index) best = row;
    };
    for (std::uint32_t p = 0; p < highest.size(); ++p) {  // mostly the last
      for (std::uint32_t at = model_.index_count(p); at-- > 0 && highest[p] == no_row;) {
        const std::uint32_t row = model_.at_index(p, at).value_row;
        if (model_.values[row].first_index == at) consider(row);
      }
    }
    for (const LogModel::Conflict& conflict : model_.conflicts) consider(conflict.value_row);
    return highest;
  }

  // lost-write and unseen, over the sent values that no ok poll returned; one value is never both.
  void find_lost_writes() {
    const std::vector<std::uint32_t> highest = highest_reads();
    for (const LogModel::Value& value : model_.values) {
      if (value.first_ok_read != no_row || value.writer == no_row || !model_.committed[value.writer]) continue;
      if (no_longer_owed(value)) continue;
      const LogOperation& writer = history_.operations[value.writer];
      const std::uint32_t bound = highest[value.partition];
      const std::uint32_t last = model_.survey.partitions[value.partition].final_read;
      if (value.last_index != no_row && bound != no_row && value.last_index <= model_.values[bound].first_index) {
        report_lost(value, model_.values[bound]);
      } else if (writer.outcome == Outcome::ok && last != no_row &&
                 writer.completion_index < history_.operations[last].invoke_index) {
        report_unseen(value, last);
      }
    }
    for (std::uint32_t p = 0; p < history_.partitions.size(); ++p) {
      const HistorySurvey::Partition& partition = model_.survey.partitions[p];
      if (partition.acknowledged && partition.final_read == no_row) unjudged_.push_back(name_of(p));
    }
  }

  // Where a partition owes nothing any more, nothing is ever skipped.
  std::vector<std::int64_t> owed_from() const {
    std::vector<std::int64_t> bounds = retained_from_;
    for (std::size_t p = 0; p < bounds.size(); ++p) {
      if (compacted_[p]) bounds[p] = std::numeric_limits<std::int64_t>::max();
    }
    return bounds;
  }

  // The end of the last time during which more targets suffered a fault than was claimed to be survived.
  static std::optional<Time> last_excess(const LogHistory& history, const std::vector<FaultClaim>& claims) {
    std::optional<Time> last;
    for (const FaultClaim& claim : claims) {
      for (const FaultInterval& at : history.faults) {
        if (at.name != claim.fault) continue;
        std::set<std::string_view> targets;  // that suffer when this fault begins
        Time until = Time::max();
        for (const FaultInterval& other : history.faults) {
          if (other.name != claim.fault || other.begin > at.begin || other.end < at.begin) continue;
          targets.insert(other.target);
          until = std::min(until, other.end);
        }
        if (targets.size() > claim.targets_at_once) last = std::max(last.value_or(until), until);
      }
    }
    return last;
  }

  std::string_view loss_name(const LogModel::Value& value, std::string_view name) const {
    const bool excused = excused_until_ && history_.operations[value.writer].invoked <= *excused_until_;
    return excused ? anomaly::lost_beyond_bound : name;
  }

  // A value of unknown place is not owed either once anything was taken away: it may have been among that.
  bool no_longer_owed(const LogModel::Value& value) const {
    if (compacted_[value.partition]) return true;
    const std::int64_t bound = retained_from_[value.partition];
    return bound > 0 && (value.last_index == no_row || model_.at_index(value.partition, value.last_index).offset < bound);
  }

  void report_lost(const LogModel::Value& value, const LogModel::Value& bound) {
    found_.add(loss_name(value, anomaly::lost_write), [&] {
      return Finding{
          .partition = name_of(value.partition),
          .witness = {value.writer, bound.first_ok_read},
          .text = fmt::format("{}, was never returned by any read, although op {} read on to offset {} of that partition",
                              origin(value), bound.first_ok_read, model_.offsets[bound.offset_row].offset)};
    });
  }

  void report_unseen(const LogModel::Value& value, std::uint32_t last) {
    found_.add(loss_name(value, anomaly::unseen), [&] {
      return Finding{
          .partition = name_of(value.partition),
          .witness = {value.writer, last},
          .text = fmt::format("{}, was never returned by any read; the final read, op {}, found the end of the log at offset {}",
                              origin(value), last, history_.operations[last].end_offset)};
    });
  }

  void find_inconsistent_offsets() {
    const auto& conflicts = model_.conflicts;
    std::uint32_t reported = no_row;
    for (const LogModel::Conflict& conflict : conflicts) {
      const LogModel::Offset& offset = model_.offsets[conflict.offset_row];
      if (conflict.value_row == offset.value_row || conflict.offset_row == reported) continue;
      reported = conflict.offset_row;
      found_.add(anomaly::inconsistent_offsets, [&] {
        return Finding{.partition = name_of(offset.partition),
                       .witness = {offset.operation, conflict.operation},
                       .text = fmt::format("offset {} of {} holds value {} according to op {} and value {} according to op {}",
                                           offset.offset, name_of(offset.partition), model_.values[offset.value_row].value,
                                           offset.operation, model_.values[conflict.value_row].value, conflict.operation)};
      });
    }
  }

  bool must_not_repeat(const LogModel::Value& value) const {
    if (value.writer == no_row) return false;
    const auto& all = rules_.idempotent_processes;
    return std::find(all.begin(), all.end(), history_.operations[value.writer].process) != all.end();
  }

  void find_duplicates() {
    std::vector<LogModel::Conflict> elsewhere;
    for (const LogModel::Conflict& conflict : model_.conflicts) {
      if (model_.values[conflict.value_row].offset_row != conflict.offset_row) elsewhere.push_back(conflict);
    }
    std::sort(elsewhere.begin(), elsewhere.end(), [](const LogModel::Conflict& a, const LogModel::Conflict& b) {
      return a.value_row != b.value_row ? a.value_row < b.value_row : a.offset_row < b.offset_row;
    });
    std::uint32_t reported = no_row;
    for (const LogModel::Conflict& conflict : elsewhere) {
      if (conflict.value_row == reported) continue;
      reported = conflict.value_row;
      const LogModel::Value& value = model_.values[conflict.value_row];
      const LogModel::Offset& first = model_.offsets[value.offset_row];
      const auto describe_it = [&] {
        return Finding{.partition = name_of(value.partition),
                       .witness = {first.operation, conflict.operation},
                       .text = fmt::format("value {} of {} is at offset {} (op {}) and at offset {} (op {})", value.value,
                                           name_of(value.partition), first.offset, first.operation,
                                           model_.offsets[conflict.offset_row].offset, conflict.operation)};
      };
      if (must_not_repeat(value)) {
        found_.add_failure(anomaly::duplicate, describe_it);
      } else {
        found_.add(anomaly::duplicate, describe_it);
      }
    }
  }

  // Nothing is visible before its transaction has committed, to the transaction itself neither.
  void find_precommitted_reads() {
    if (model_.survey.count(OperationKind::txn) == 0) return;
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      if (history_.operations[i].kind != OperationKind::txn) continue;
      const RecordRange polled = history_.polled_range(history_.operations[i]);
      for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
        const LogModel::Value& value = model_.values[model_.value_rows[r]];
        if (value.writer != i) continue;
        found_.add(anomaly::precommitted_read, [&] {
          return Finding{.partition = name_of(value.partition),
                         .witness = {i},
                         .text = fmt::format("transaction op {} polled value {} from {}, which it had sent itself and not yet "
                                             "committed",
                                             i, value.value, name_of(value.partition))};
        });
        break;
      }
    }
  }

  // G1a and garbage-read.
  void find_bad_reads() {
    for (const std::uint32_t row : model_.unexplained_reads) {
      const LogModel::Value& value = model_.values[row];
      if (value.writer == no_row) {
        found_.add(anomaly::garbage_read, [&] {
          return Finding{.partition = name_of(value.partition),
                         .witness = {value.first_ok_read},
                         .text = fmt::format("op {} read value {} from {}, which no operation ever sent there",
                                             value.first_ok_read, value.value, name_of(value.partition))};
        });
      } else if (history_.operations[value.writer].outcome == Outcome::fail) {
        found_.add(anomaly::aborted_read, [&] {
          return Finding{.partition = name_of(value.partition),
                         .witness = {value.writer, value.first_ok_read},
                         .text = fmt::format("op {} read value {} from {}, but op {}, which sent it, had failed for certain",
                                             value.first_ok_read, value.value, name_of(value.partition), value.writer)};
        });
      } else {
        found_.add(anomaly::garbage_read, [&] {
          return Finding{.partition = name_of(value.partition),
                         .witness = {value.first_ok_read, value.writer},
                         .text = fmt::format("op {} had read value {} from {} before op {} began to send it", value.first_ok_read,
                                             value.value, name_of(value.partition), value.writer)};
        });
      }
    }
  }

  const LogHistory& history_;
  const LogRules& rules_;
  const LogModel model_;
  std::vector<std::int64_t> retained_from_;  // per partition
  std::vector<bool> compacted_;              // per partition
  std::vector<std::string> tolerated_;
  FindingList found_;
  const std::optional<Time> excused_until_;
  std::vector<std::string> unjudged_;  // partitions with acknowledged records but without a final read
};

}  // namespace

Verdict check_log(const LogHistory& history, const LogRules& rules) { return LogChecker(history, rules).run(); }

}  // namespace faultline::checkers
