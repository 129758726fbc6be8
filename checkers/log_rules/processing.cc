// Exactly once: of the records that a group's committed transactions read, none is read by two, and none is left out.
//
// A transaction that polls on behalf of a group processes what it polled, and commits it as processed, or neither. An indefinite one
// may have done either. Left out is a record between the first that the group read and the last that it has committed as processed.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
using checkers::no_row;
using checkers::OperationKind;
using checkers::Outcome;

class Processing {
 public:
  Processing(const Context& context, std::uint32_t group)
      : context_(context), history_(context.history), group_(group), by_(context.model.values.size()) {}

  void run() {
    std::vector<Reach> reach(history_.partitions.size());
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      if (operation.kind != OperationKind::txn || operation.outcome == Outcome::fail) continue;
      if (history_.details_of(operation).group == group_) add(i, operation, reach);
    }
    for (const By& by : by_) {
      if (by.twice != no_row) report_twice(by);
    }
    for (std::uint32_t p = 0; p < reach.size(); ++p) {
      for (std::uint32_t at = reach[p].first; at < reach[p].end; ++at) judge_left_out(p, at, reach[p]);
    }
  }

 private:
  struct By {
    std::uint32_t once = no_row;   // the first committed transaction that processed this value
    std::uint32_t twice = no_row;  // ... and another
    bool perhaps = false;          // an indefinite one polled it
  };
  struct Reach {
    std::uint32_t first = no_row;  // the lowest index that the group polled
    std::uint32_t end = 0;         // above the highest that it has committed as processed
    std::uint32_t last_operation = no_row;
  };

  void add(std::uint32_t index, const LogOperation& operation, std::vector<Reach>& reach) {
    const checkers::RecordRange polled = history_.polled_range(operation);
    for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
      By& by = by_[context_.model.value_rows[r]];
      const std::uint32_t at = context_.model.index_of(r);
      Reach& partition = reach[history_.records[r].partition.value()];
      if (at != no_row) partition.first = std::min(partition.first, at);
      if (operation.outcome != Outcome::ok) {
        by.perhaps = true;
        continue;
      }
      if (by.once == no_row) {
        by.once = index;
      } else if (by.once != index && by.twice == no_row) {
        by.twice = index;
      }
      if (at != no_row && at + 1 > partition.end) partition = {partition.first, at + 1, index};
    }
  }

  void report_twice(const By& by) {
    const checkers::LogModel::Value& value = context_.model.values[static_cast<std::size_t>(&by - by_.data())];
    context_.found.add(anomaly::processed_twice, [&] {
      return checkers::Finding{
          .partition = history_.partitions[value.partition],
          .witness = {by.once, by.twice},
          .text = fmt::format("value {} of {} was processed for group {} by op {} and again by op {}, and both were committed",
                              value.value, history_.partitions[value.partition], history_.groups[group_], by.once, by.twice)};
    });
  }

  void judge_left_out(std::uint32_t partition, std::uint32_t index, const Reach& reach) {
    const checkers::LogModel::Offset& offset = context_.model.at_index(partition, index);
    const checkers::LogModel::Value& value = context_.model.values[offset.value_row];
    const By& by = by_[offset.value_row];
    if (by.once != no_row || by.perhaps || value.first_index != index || offset.offset < context_.owed_from(partition)) return;
    if (value.writer == no_row || !context_.model.committed[value.writer]) return;
    const RetentionPolicy* policy = context_.policy_of(partition);
    if (policy != nullptr && policy->compact) return;
    context_.found.add(anomaly::never_processed, [&] {
      return checkers::Finding{
          .partition = history_.partitions[partition],
          .witness = {value.writer, reach.last_operation},
          .text = fmt::format("no transaction of group {} processed value {} at offset {} of {}, although op {} processed what "
                              "lies behind it",
                              history_.groups[group_], value.value, offset.offset, history_.partitions[partition],
                              reach.last_operation)};
    });
  }

  const Context& context_;
  const checkers::LogHistory& history_;
  const std::uint32_t group_;
  std::vector<By> by_;  // per value row
};

}  // namespace

void find_processing_errors(const Context& context) {
  for (const std::string& name : context.promises.exactly_once_groups) {
    const auto& groups = context.history.groups;
    const auto found = std::find(groups.begin() + 1, groups.end(), name);
    if (found != groups.end()) Processing(context, static_cast<std::uint32_t>(found - groups.begin())).run();
  }
}

}  // namespace faultline::log_rules
