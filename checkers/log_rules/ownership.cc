// Who owns a partition: in one generation of a group never two members, and some time after the last change always one.
//
// Whether a partition is owned is asked at one moment between each two changes. The moments ascend, so that one state per group is
// moved from each to the next, and says at any time which partitions are wanted and not owned.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
using checkers::no_row;
using checkers::OperationKind;
using checkers::Outcome;

struct Claim {
  std::uint32_t group = 0;
  std::int32_t generation = 0;
  std::uint32_t partition = 0;
  std::int32_t process = 0;
  std::uint32_t operation = 0;

  auto what() const { return std::tie(group, generation, partition); }
  auto key() const { return std::tie(group, generation, partition, operation); }
};

bool brings(const LogOperation& operation) {
  return operation.kind == OperationKind::rebalance && operation.outcome == Outcome::ok;
}

}  // namespace

void find_split_ownership(const Context& context) {
  const checkers::LogHistory& history = context.history;
  std::vector<Claim> claims;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    if (!brings(history.operations[i])) continue;
    const checkers::OperationDetails& details = history.details_of(history.operations[i]);
    for (const checkers::LogRecord& owned : history.records_of(history.operations[i])) {
      claims.push_back({details.group, details.generation, owned.partition.value(), history.operations[i].process, i});
    }
  }
  std::sort(claims.begin(), claims.end(), [](const Claim& a, const Claim& b) { return a.key() < b.key(); });
  for (auto first = claims.begin(); first != claims.end();) {
    const auto end = std::find_if(first, claims.end(), [&](const Claim& claim) { return claim.what() != first->what(); });
    const auto other = std::find_if(first, end, [&](const Claim& claim) { return claim.process != first->process; });
    if (other != end) {
      context.found.add(anomaly::split_ownership, [&] {
        return checkers::Finding{
            .partition = history.partitions[first->partition],
            .witness = {first->operation, other->operation},
            .text = fmt::format("in generation {} of group {}, {} was given to process {} (op {}) and to process {} (op {})",
                                first->generation, history.groups[first->group], history.partitions[first->partition],
                                first->process, first->operation, other->process, other->operation)};
      });
    }
    first = end;
  }
}

namespace {

// What holds of one group, as its members' operations end.
class GroupState {
 public:
  explicit GroupState(const Context& context)
      : context_(context), wanted_(context.history.partitions.size(), 0), owned_(context.history.partitions.size(), 0) {}

  // An ok subscribe or rebalance of the group has ended. Of a member's operations the last to begin counts, whichever ends last.
  void end(std::uint32_t index) {
    const LogOperation& operation = context_.history.operations[index];
    Member& member = members_[operation.process];
    if (operation.kind == OperationKind::subscribe) {
      if (member.subscribed != no_row && member.subscribed > index) return;
      disown(member);
      if (member.subscribed != no_row) change(wanted_, member.subscribed, -1);
      member.subscribed = index;
      change(wanted_, index, 1);
    } else {
      begin_generation(context_.history.details_of(operation).generation);
      if (member.brought != no_row && member.brought > index) return;
      disown(member);
      member.brought = index;
    }
    own(member);
  }

  /// Partitions that a member wants and none owns, in order.
  const std::set<std::uint32_t>& unowned() const { return unowned_; }

 private:
  struct Member {
    std::uint32_t subscribed = no_row;  // operations
    std::uint32_t brought = no_row;
    bool owns = false;  // its partitions are among owned_
  };

  void begin_generation(std::int32_t generation) {
    if (generation <= newest_) return;
    newest_ = generation;
    for (Member* owner : owners_) disown(*owner);
    owners_.clear();
  }

  void own(Member& member) {
    if (member.owns || member.brought == no_row) return;
    const bool left = member.subscribed != no_row && context_.history.operations[member.subscribed].record_count == 0;
    if (left || context_.history.details_of(context_.history.operations[member.brought]).generation != newest_) return;
    member.owns = true;
    owners_.push_back(&member);
    change(owned_, member.brought, 1);
  }

  void disown(Member& member) {
    if (!member.owns) return;
    member.owns = false;
    change(owned_, member.brought, -1);
  }

  void change(std::vector<std::int32_t>& counts, std::uint32_t operation, std::int32_t by) {
    for (const checkers::LogRecord& record : context_.history.records_of(context_.history.operations[operation])) {
      context_.step();
      const std::uint32_t partition = record.partition.value();
      counts[partition] += by;
      if (wanted_[partition] > 0 && owned_[partition] == 0) {
        unowned_.insert(partition);
      } else {
        unowned_.erase(partition);
      }
    }
  }

  const Context& context_;
  std::map<std::int32_t, Member> members_;  // by process
  std::vector<Member*> owners_;             // of the newest generation; some may have left
  std::int32_t newest_ = -1;
  std::vector<std::int32_t> wanted_;  // per partition: how many members subscribed to it
  std::vector<std::int32_t> owned_;   // ... and were given it
  std::set<std::uint32_t> unowned_;
};

// The moments at which somebody came or left, or a fault began or ended; the last is the end of the history.
std::vector<Time> changes_of(const checkers::LogHistory& history, const std::vector<std::uint32_t>& members_did, Time end) {
  std::vector<Time> changes;
  for (const std::uint32_t index : members_did) {
    const LogOperation& operation = history.operations[index];
    if (operation.kind != OperationKind::subscribe) continue;
    changes.push_back(operation.invoked);
    if (operation.completion_index != checkers::no_event) changes.push_back(operation.completed);
  }
  for (const checkers::FaultInterval& fault : history.faults) {
    changes.push_back(fault.begin);
    changes.push_back(fault.end);
  }
  std::erase_if(changes, [&](Time change) { return change >= end; });
  changes.push_back(end);
  std::sort(changes.begin(), changes.end());
  changes.erase(std::unique(changes.begin(), changes.end()), changes.end());
  return changes;
}

Time end_of(const checkers::LogHistory& history) {
  Time end{};
  for (const LogOperation& operation : history.operations)
    end = std::max(end, operation.completion_index != checkers::no_event ? operation.completed : operation.invoked);
  return end;
}

// The subscribe and rebalance operations of each group, in order.
std::vector<std::vector<std::uint32_t>> membership(const checkers::LogHistory& history) {
  std::vector<std::vector<std::uint32_t>> groups(history.groups.size());
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) {
    const LogOperation& operation = history.operations[i];
    if (operation.kind == OperationKind::subscribe || operation.kind == OperationKind::rebalance)
      groups[history.details_of(operation).group].push_back(i);
  }
  return groups;
}

void judge_group(const Context& context, std::uint32_t group, std::vector<std::uint32_t> members_did, Time end,
                 const std::vector<checkers::FaultInterval>& faults) {
  const checkers::LogHistory& history = context.history;
  const Duration bound = *context.promises.ownership_bound;
  const std::vector<Time> changes = changes_of(history, members_did, end);
  std::erase_if(members_did, [&](std::uint32_t index) { return history.operations[index].outcome != Outcome::ok; });
  std::sort(members_did.begin(), members_did.end(), [&](std::uint32_t a, std::uint32_t b) {
    return history.operations[a].completion_index < history.operations[b].completion_index;
  });
  GroupState state(context);
  auto ended = members_did.begin();
  auto fault = faults.begin();
  Time faulty_until = Time::min();  // of those that have begun
  for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
    context.step();
    for (; fault != faults.end() && fault->begin < changes[i + 1]; ++fault) faulty_until = std::max(faulty_until, fault->end);
    const Time due = changes[i] + bound;
    if (due >= changes[i + 1] || faulty_until > changes[i]) continue;
    for (; ended != members_did.end() && history.operations[*ended].completed <= due; ++ended) state.end(*ended);
    for (const std::uint32_t partition : state.unowned()) {
      context.found.add(anomaly::unowned_partition, [&] {
        return checkers::Finding{
            .partition = history.partitions[partition],
            .text = fmt::format("nobody in the newest generation of group {} owned {} at {}, though nothing had changed since {}",
                                history.groups[group], history.partitions[partition], checkers::seconds_text(due),
                                checkers::seconds_text(changes[i]))};
      });
    }
  }
}

}  // namespace

void find_unowned_partitions(const Context& context) {
  std::vector<checkers::FaultInterval> faults = context.history.faults;
  std::sort(faults.begin(), faults.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
  const Time end = end_of(context.history);
  const std::vector<std::vector<std::uint32_t>> groups = membership(context.history);
  for (std::uint32_t group = 1; group < groups.size(); ++group) judge_group(context, group, groups[group], end, faults);
}

}  // namespace faultline::log_rules
