// Committed offsets: within a generation they do not go back, a member of an older generation is refused, and what was committed is
// what is found.
//
// One pass over the events. At the beginning of a commit everything that had ended is known: the highest offset that its generation
// has committed for the partition, and the newest generation that any member was brought into.
//
// A fetch that found X has lost a commit if one of a higher offset had ended before, and began after every commit of X had ended that
// can have overwritten it. So of the commits that have ended only those count that no other surpasses in both offset and beginning,
// and of the attempts to commit X how far into the history they may have taken effect: each is one look-up.
#include <fmt/format.h>

#include <algorithm>
#include <iterator>
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

// The attempts to commit one offset, in order of their beginning.
struct Attempt {
  std::uint32_t began = 0;
  std::uint32_t until = 0;  // the latest end among this one and those before; no_event: it may take effect at any later time
};

// What a group committed for a partition.
struct Committed {
  std::map<std::int64_t, std::vector<Attempt>> attempts{};  // by offset
  // The ok commits that have ended, by offset, without those that another surpasses in offset and began no earlier than: the higher
  // the offset, the earlier it began.
  std::map<std::int64_t, std::uint32_t> standing{};
};

class Commits {
 public:
  explicit Commits(const Context& context) : context_(context), history_(context.history) {}

  void run() {
    if (history_.groups.size() == 1) return;
    collect_attempts();
    for (const checkers::EventRef& event : checkers::events_in_order(history_)) {
      const LogOperation& operation = history_.operations[event.operation];
      const checkers::OperationDetails& details = history_.details_of(operation);
      if (details.group == 0) continue;
      if (operation.kind == OperationKind::commit && operation.outcome == Outcome::ok) {
        if (event.completion) {
          end_commit(event.operation, operation, details);
        } else {
          begin_commit(event.operation, operation, details);
        }
      } else if (operation.kind == OperationKind::offset_fetch && operation.outcome == Outcome::ok && !event.completion) {
        judge_fetch(event.operation, operation, details.group);
      } else if (operation.outcome == Outcome::ok && event.completion && operation.kind == OperationKind::rebalance) {
        Commit& newest = newest_.try_emplace(details.group, Commit{-1, 0}).first->second;
        if (details.generation > newest.offset) newest = {details.generation, event.operation};
      }
    }
  }

 private:
  void collect_attempts() {
    for (const LogOperation& operation : history_.operations) {
      const std::uint32_t group = history_.details_of(operation).group;
      if (operation.kind != OperationKind::commit || operation.outcome == Outcome::fail || group == 0) continue;
      const std::uint32_t end = operation.outcome == Outcome::ok ? operation.completion_index : no_event;
      for (const checkers::LogRecord& record : history_.records_of(operation)) {
        context_.step();
        std::vector<Attempt>& attempts = committed_[{group, record.partition.value()}].attempts[record.offset];
        attempts.push_back({operation.invoke_index, attempts.empty() ? end : std::max(end, attempts.back().until)});
      }
    }
  }

  void begin_commit(std::uint32_t index, const LogOperation& operation, const checkers::OperationDetails& details) {
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
    for (const checkers::LogRecord& record : history_.records_of(operation)) {
      Commit& highest =
          highest_.try_emplace({details.group, details.generation, record.partition.value()}, Commit{record.offset, index})
              .first->second;
      if (record.offset > highest.offset) highest = {record.offset, index};
      stand(committed_[{details.group, record.partition.value()}].standing, record.offset, index);
    }
  }

  // Operations are in order of their beginning, so that the later of two is the one with the higher index.
  void stand(std::map<std::int64_t, std::uint32_t>& standing, std::int64_t offset, std::uint32_t operation) const {
    auto at = standing.lower_bound(offset);
    if (at != standing.end() && at->second >= operation) return;
    if (at != standing.end() && at->first == offset) at = standing.erase(at);
    while (at != standing.begin() && std::prev(at)->second < operation) {
      context_.step();
      at = standing.erase(std::prev(at));
    }
    standing.emplace_hint(at, offset, operation);
  }

  // Lost: a commit of a higher offset that had ended, unless one of the offset found can have come after it.
  void judge_fetch(std::uint32_t index, const LogOperation& fetch, std::uint32_t group) {
    for (const checkers::LogRecord& record : history_.records_of(fetch)) {
      context_.step();
      const auto entry = committed_.find({group, record.partition.value()});
      if (entry == committed_.end()) continue;
      const auto& [attempts, standing] = entry->second;
      const auto lost = standing.upper_bound(record.offset);  // of the higher offsets, the one that began last
      if (lost == standing.end()) continue;
      const LogOperation& by = history_.operations[lost->second];
      if (explained_until(attempts, record.offset, fetch) >= std::int64_t{by.invoke_index}) continue;
      report_lost(index, record, {lost->first, lost->second}, group);
    }
  }

  // Commits that began before this event may have been overwritten by what was found; -1: none.
  static std::int64_t explained_until(const std::map<std::int64_t, std::vector<Attempt>>& attempts, std::int64_t found,
                                      const LogOperation& fetch) {
    const auto entry = attempts.find(found);
    if (entry == attempts.end()) return -1;
    const auto later = std::partition_point(entry->second.begin(), entry->second.end(),
                                            [&](const Attempt& each) { return each.began <= fetch.completion_index; });
    return later == entry->second.begin() ? -1 : std::int64_t{std::prev(later)->until};
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
  std::map<std::pair<std::uint32_t, std::uint32_t>, Committed> committed_;            // group, partition
};

}  // namespace

void find_bad_commits(const Context& context) { Commits(context).run(); }

}  // namespace faultline::log_rules
