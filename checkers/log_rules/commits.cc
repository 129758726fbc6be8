// Committed offsets: within a generation they do not go back, a member of an older generation is refused, and what was committed is
// what is found.
//
// One pass over the events. At the beginning of a commit everything that had ended is known: the highest offset that its generation
// has committed for the partition, and the newest generation that any member was brought into.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <tuple>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
using checkers::no_event;
using checkers::no_offset;
using checkers::OperationKind;
using checkers::Outcome;

struct Commit {
  std::int64_t offset = no_offset;
  std::uint32_t operation = 0;
};

class Commits {
 public:
  explicit Commits(const Context& context) : context_(context), history_(context.history) {}

  void run() {
    if (history_.groups.size() == 1) return;
    for (const checkers::EventRef& event : checkers::events_in_order(history_)) {
      const LogOperation& operation = history_.operations[event.operation];
      const checkers::OperationDetails& details = history_.details_of(operation);
      if (details.group == 0) continue;
      if (operation.kind == OperationKind::commit) {
        if (event.completion) {
          end_commit(event.operation, operation, details);
        } else {
          begin_commit(event.operation, operation, details);
        }
      } else if (operation.outcome == Outcome::ok && event.completion && operation.kind == OperationKind::rebalance) {
        Commit& newest = newest_.try_emplace(details.group, Commit{-1, 0}).first->second;
        if (details.generation > newest.offset) newest = {details.generation, event.operation};
      }
    }
    for (std::uint32_t i = 0; i < history_.operations.size(); ++i) {
      const LogOperation& operation = history_.operations[i];
      if (operation.kind == OperationKind::offset_fetch && operation.outcome == Outcome::ok) judge_fetch(i, operation);
    }
  }

 private:
  void begin_commit(std::uint32_t index, const LogOperation& operation, const checkers::OperationDetails& details) {
    for (const checkers::LogRecord& record : history_.records_of(operation)) {
      commits_[{details.group, record.partition.value()}].push_back({record.offset, index});
    }
    if (operation.outcome != Outcome::ok) return;
    if (const auto newest = newest_.find(details.group); newest != newest_.end() && newest->second.offset > details.generation) {
      context_.found.add(anomaly::zombie_commit, [&] {
        return checkers::Finding{
            .witness = {newest->second.operation, index},
            .text = fmt::format("process {} committed offsets for generation {} of group {} in op {}, although op {} had brought "
                                "generation {}",
                                operation.process, details.generation, history_.groups[details.group], index,
                                newest->second.operation, newest->second.offset)};
      });
    }
    for (const checkers::LogRecord& record : history_.records_of(operation)) judge_commit(index, record, details);
  }

  void judge_commit(std::uint32_t index, const checkers::LogRecord& record, const checkers::OperationDetails& details) {
    const auto before = highest_.find({details.group, details.generation, record.partition.value()});
    if (before == highest_.end() || before->second.offset <= record.offset) return;
    context_.found.add(anomaly::commit_went_back, [&] {
      return checkers::Finding{
          .partition = history_.partitions[record.partition.value()],
          .witness = {before->second.operation, index},
          .text = fmt::format("in generation {} of group {}, op {} committed offset {} of {}, and then op {} offset {}",
                              details.generation, history_.groups[details.group], before->second.operation, before->second.offset,
                              history_.partitions[record.partition.value()], index, record.offset)};
    });
  }

  void end_commit(std::uint32_t index, const LogOperation& operation, const checkers::OperationDetails& details) {
    if (operation.outcome != Outcome::ok) return;
    for (const checkers::LogRecord& record : history_.records_of(operation)) {
      Commit& highest =
          highest_.try_emplace({details.group, details.generation, record.partition.value()}, Commit{record.offset, index})
              .first->second;
      if (record.offset > highest.offset) highest = {record.offset, index};
    }
  }

  // Lost: a commit of a higher offset that had ended, unless one of the offset found can have come after it.
  void judge_fetch(std::uint32_t index, const LogOperation& fetch) {
    const std::uint32_t group = history_.details_of(fetch).group;
    for (const checkers::LogRecord& record : history_.records_of(fetch)) {
      const auto entry = commits_.find({group, record.partition.value()});
      if (entry == commits_.end()) continue;
      std::int64_t explained_until = -1;  // commits that began before this event may have been overwritten by what was found
      for (const Commit& commit : entry->second) {
        const LogOperation& by = history_.operations[commit.operation];
        if (commit.offset != record.offset || by.outcome == Outcome::fail || by.invoke_index > fetch.completion_index) continue;
        const std::uint32_t end = by.outcome == Outcome::ok ? by.completion_index : no_event;
        explained_until = std::max(explained_until, std::int64_t{end});
      }
      const auto lost = std::find_if(entry->second.begin(), entry->second.end(), [&](const Commit& commit) {
        const LogOperation& by = history_.operations[commit.operation];
        return by.outcome == Outcome::ok && commit.offset > record.offset && by.completion_index < fetch.invoke_index &&
               std::int64_t{by.invoke_index} > explained_until;
      });
      if (lost != entry->second.end()) report_lost(index, record, *lost, group);
    }
  }

  void report_lost(std::uint32_t index, const checkers::LogRecord& record, const Commit& lost, std::uint32_t group) {
    context_.found.add(anomaly::lost_commit, [&] {
      const std::string& name = history_.partitions[record.partition.value()];
      return checkers::Finding{
          .partition = name,
          .witness = {lost.operation, index},
          .text = fmt::format("op {} found {} committed for {} by group {}, although op {} had committed {}", index,
                              record.offset == no_offset ? "nothing" : fmt::format("offset {}", record.offset), name,
                              history_.groups[group], lost.operation, lost.offset)};
    });
  }

  const Context& context_;
  const checkers::LogHistory& history_;
  std::map<std::tuple<std::uint32_t, std::int32_t, std::uint32_t>, Commit> highest_;  // group, generation, partition
  std::map<std::uint32_t, Commit> newest_;                                            // group: generation and who brought it
  std::map<std::pair<std::uint32_t, std::uint32_t>, std::vector<Commit>> commits_;    // group, partition: all of them
};

}  // namespace

void find_bad_commits(const Context& context) { Commits(context).run(); }

}  // namespace faultline::log_rules
