#include "random_transactions.h"

#include <algorithm>
#include <map>
#include <optional>
#include <span>

namespace faultline::transactions {

namespace {

using checkers::Outcome;

class RandomHistory {
 public:
  RandomHistory(RandomStream& random, const RandomPlan& options) : random_(random), options_(options) {}

  PlannedHistory run() {
    plan_operations();
    plan_events();
    if (options_.valid || random_.chance({1, 2})) {
      execute();
      if (!options_.valid && random_.chance({3, 4})) read_at_random(1);
    } else {
      read_at_random(100);
    }
    if (!options_.valid && random_.chance({1, 8})) spoil();
    return std::move(plan_);
  }

 private:
  bool lists() const { return options_.workload == Workload::list_append; }
  std::uint32_t below(std::uint32_t bound) { return static_cast<std::uint32_t>(random_.below(bound)); }

  void plan_operations() {
    const std::uint32_t count = 1 + below(options_.transactions_max);
    const std::uint32_t keys = 1 + below(options_.keys_max);
    const std::uint32_t processes = 1 + below(options_.processes_max);
    std::vector<std::uint32_t> values(keys, 0);
    for (std::uint32_t t = 0; t < count; ++t) {
      PlannedTransaction transaction;
      transaction.process = static_cast<std::int32_t>(below(processes));
      const std::uint32_t outcome = options_.only_ok ? 9 : below(10);
      transaction.outcome = outcome == 0 ? Outcome::fail : outcome == 1 ? Outcome::indefinite : Outcome::ok;
      const std::uint32_t operations = below(options_.operations_max + 1);
      for (std::uint32_t i = 0; i < operations; ++i) {
        const std::uint32_t key = below(keys);
        const bool write = random_.chance({1, 2});
        if (write) {
          transaction.operations.push_back({lists() ? Function::append : Function::write, key, ++values[key]});
        } else if (transaction.outcome == Outcome::ok) {
          transaction.operations.push_back({lists() ? Function::read_list : Function::read_register, key, nothing});
        } else {
          transaction.operations.push_back(unknown(key));
        }
      }
      plan_.transactions.push_back(std::move(transaction));
    }
  }

  // Begins transactions in order and ends the open ones at random; a process has one at a time, but for a few odd histories.
  void plan_events() {
    const bool overlapping = !options_.valid && random_.chance({1, 50});
    std::vector<std::uint32_t> open;
    std::uint32_t next = 0;
    const auto end = [&](std::size_t i) {
      const std::uint32_t t = open[i];
      open.erase(open.begin() + static_cast<std::ptrdiff_t>(i));
      commits_.push_back(t);
      // An indefinite transaction may have no end at all.
      if (plan_.transactions[t].outcome == Outcome::indefinite && random_.chance({1, 2})) return;
      plan_.events.push_back({t, true});
    };
    while (next < plan_.transactions.size() || !open.empty()) {
      const bool begin = next < plan_.transactions.size() && random_.chance({1, 2});
      if (!begin) {
        if (!open.empty()) end(below(static_cast<std::uint32_t>(open.size())));
        continue;
      }
      const auto same = [&](std::uint32_t t) { return plan_.transactions[t].process == plan_.transactions[next].process; };
      const auto busy = std::find_if(open.begin(), open.end(), same);
      if (busy != open.end() && !overlapping) end(static_cast<std::size_t>(busy - open.begin()));
      plan_.events.push_back({next, false});
      open.push_back(next++);
    }
  }

  // One transaction after another, in the order in which they end.
  void execute() {
    std::map<std::uint32_t, std::vector<std::uint32_t>> store;
    for (const std::uint32_t t : commits_) {
      PlannedTransaction& transaction = plan_.transactions[t];
      const bool takes_effect =
          transaction.outcome == Outcome::ok || (transaction.outcome == Outcome::indefinite && random_.chance({1, 2}));
      auto after = store;
      for (PlannedOperation& operation : transaction.operations) {
        std::vector<std::uint32_t>& held = after[operation.key];
        if (operation.function == Function::append || operation.function == Function::write) held.push_back(operation.value);
        if (operation.function == Function::read_list) operation.list = held;
        if (operation.function == Function::read_register) operation.value = held.empty() ? nothing : held.back();
      }
      if (takes_effect) store = std::move(after);
    }
  }

  // Reads return a random version, in an order of versions that is drawn per key; at most `most` of them are changed.
  void read_at_random(std::uint32_t most) {
    std::map<std::uint32_t, std::vector<std::uint32_t>> orders;
    std::vector<PlannedOperation*> reads;
    for (PlannedTransaction& transaction : plan_.transactions) {
      for (PlannedOperation& operation : transaction.operations) {
        const bool write = operation.function == Function::append || operation.function == Function::write;
        if (write && (transaction.outcome != Outcome::fail || random_.chance({1, 8})))
          orders[operation.key].push_back(operation.value);
        if (operation.function == Function::read_list || operation.function == Function::read_register)
          reads.push_back(&operation);
      }
    }
    const bool shuffled = most > 1 && random_.chance({1, 2});
    for (auto& [key, order] : orders) {
      if (shuffled) random_.shuffle(std::span(order));
    }
    random_.shuffle(std::span(reads));
    for (std::size_t i = 0; i < std::min<std::size_t>(most, reads.size()); ++i) {
      PlannedOperation& read = *reads[i];
      const auto& order = orders[read.key];
      const std::uint32_t length = below(static_cast<std::uint32_t>(order.size()) + 1);
      if (lists()) {
        read.list.assign(order.begin(), order.begin() + length);
      } else {
        read.value = length == 0 ? nothing : order[length - 1];
      }
    }
  }

  // What no store does.
  void spoil() {
    std::vector<PlannedOperation*> operations;
    for (PlannedTransaction& transaction : plan_.transactions) {
      for (PlannedOperation& operation : transaction.operations) operations.push_back(&operation);
    }
    if (operations.empty()) return;
    PlannedOperation& operation = *operations[below(static_cast<std::uint32_t>(operations.size()))];
    std::vector<std::uint32_t>& values = operation.list;
    if (operation.function == Function::read_register) {
      operation.value = 77;
    } else if (operation.function != Function::read_list) {
      operation.value = 1 + below(3);  // perhaps somebody else's as well
    } else if (values.empty()) {
      values.push_back(77);
    } else if (random_.chance({1, 3})) {
      values.push_back(values[below(static_cast<std::uint32_t>(values.size()))]);
    } else if (random_.chance({1, 2})) {
      values.insert(values.begin() + below(static_cast<std::uint32_t>(values.size()) + 1), 77);
    } else {
      random_.shuffle(std::span(values));
    }
  }

  RandomStream& random_;
  const RandomPlan& options_;
  PlannedHistory plan_;
  std::vector<std::uint32_t> commits_;  // transactions in the order in which they end or fall silent
};

}  // namespace

PlannedHistory random_history(RandomStream& random, const RandomPlan& options) { return RandomHistory(random, options).run(); }

}  // namespace faultline::transactions
