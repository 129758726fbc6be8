// Who owns a partition: in one generation of a group never two members, and some time after the last change always one.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "checkers/log_rules/log_rules.h"
#include "checkers/log_rules/names.h"

namespace faultline::log_rules {

namespace {

using checkers::LogOperation;
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

// What holds of one group at one moment.
class GroupState {
 public:
  GroupState(const checkers::LogHistory& history, std::uint32_t group, Time now) {
    for (const LogOperation& operation : history.operations) {
      if (operation.outcome != Outcome::ok || operation.completed > now) continue;
      if (history.details_of(operation).group != group) continue;
      const auto records = history.records_of(operation);
      if (operation.kind == OperationKind::subscribe) {
        std::set<std::uint32_t>& wanted = wanted_[operation.process];
        wanted.clear();
        for (const checkers::LogRecord& record : records) wanted.insert(record.partition.value());
      } else if (operation.kind == OperationKind::rebalance) {
        const std::int32_t generation = history.details_of(operation).generation;
        newest_ = std::max(newest_, generation);
        Owned& owned = owned_[operation.process];
        owned.generation = generation;
        owned.partitions.clear();
        for (const checkers::LogRecord& record : records) owned.partitions.insert(record.partition.value());
      }
    }
  }

  std::set<std::uint32_t> unowned() const {
    std::set<std::uint32_t> result;
    for (const auto& [process, wanted] : wanted_) result.insert(wanted.begin(), wanted.end());
    for (const auto& [process, owned] : owned_) {
      const auto member = wanted_.find(process);
      if (owned.generation != newest_ || (member != wanted_.end() && member->second.empty())) continue;
      for (const std::uint32_t partition : owned.partitions) result.erase(partition);
    }
    return result;
  }

 private:
  struct Owned {
    std::int32_t generation = -1;
    std::set<std::uint32_t> partitions;
  };
  std::map<std::int32_t, std::set<std::uint32_t>> wanted_;
  std::map<std::int32_t, Owned> owned_;
  std::int32_t newest_ = -1;
};

// The moments at which somebody came or left, or a fault began or ended; the last is the end of the history.
std::vector<Time> changes_of(const checkers::LogHistory& history, std::uint32_t group) {
  std::vector<Time> changes;
  Time end{};
  for (const LogOperation& operation : history.operations) {
    const bool completed = operation.completion_index != checkers::no_event;
    end = std::max(end, completed ? operation.completed : operation.invoked);
    if (operation.kind != OperationKind::subscribe || history.details_of(operation).group != group) continue;
    changes.push_back(operation.invoked);
    if (completed) changes.push_back(operation.completed);
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

bool fault_between(const checkers::LogHistory& history, Time begin, Time end) {
  return std::any_of(history.faults.begin(), history.faults.end(),
                     [&](const checkers::FaultInterval& fault) { return fault.begin < end && fault.end > begin; });
}

}  // namespace

void find_unowned_partitions(const Context& context) {
  const checkers::LogHistory& history = context.history;
  const Duration bound = *context.promises.ownership_bound;
  for (std::uint32_t group = 1; group < history.groups.size(); ++group) {
    const std::vector<Time> changes = changes_of(history, group);
    for (std::size_t i = 0; i + 1 < changes.size(); ++i) {
      const Time due = changes[i] + bound;
      if (due >= changes[i + 1] || fault_between(history, changes[i], changes[i + 1])) continue;
      for (const std::uint32_t partition : GroupState(history, group, due).unowned()) {
        context.found.add(anomaly::unowned_partition, [&] {
          return checkers::Finding{
              .partition = history.partitions[partition],
              .text =
                  fmt::format("nobody in the newest generation of group {} owned {} at {}, though nothing had changed since {}",
                              history.groups[group], history.partitions[partition], checkers::seconds_text(due),
                              checkers::seconds_text(changes[i]))};
        });
      }
    }
  }
}

}  // namespace faultline::log_rules
