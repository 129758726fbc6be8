#include "planned_history.h"

#include "checkers/transactions/check_transactions.h"

namespace faultline::transactions {

namespace {

void add_operations(TransactionHistoryBuilder& builder, const PlannedTransaction& transaction) {
  std::vector<Value> values;
  for (const PlannedOperation& operation : transaction.operations) {
    const Key key = builder.key("k" + std::to_string(operation.key));
    switch (operation.function) {
      case Function::append: builder.append(key, Value(operation.value)); break;
      case Function::write: builder.write(key, Value(operation.value)); break;
      case Function::read_register: builder.read_register(key, Value(operation.value)); break;
      case Function::read_unknown: builder.read_unknown(key); break;
      case Function::read_list:
        values.clear();
        for (const std::uint32_t value : operation.list) values.emplace_back(value);
        builder.read_list(key, values);
        break;
    }
  }
}

}  // namespace

TransactionHistory build(const PlannedHistory& plan) {
  TransactionHistoryBuilder builder;
  std::vector<TransactionId> ids(plan.transactions.size());
  std::vector<bool> ended(plan.transactions.size(), false);
  for (const PlannedEvent& event : plan.events) {
    const PlannedTransaction& transaction = plan.transactions[event.transaction];
    if (!event.ended) {
      ids[event.transaction] = builder.invoke(transaction.process, event.transaction);
      continue;
    }
    add_operations(builder, transaction);
    builder.complete(ids[event.transaction], transaction.outcome);
    ended[event.transaction] = true;
  }
  for (const PlannedEvent& event : plan.events) {
    if (event.ended || ended[event.transaction]) continue;
    add_operations(builder, plan.transactions[event.transaction]);
    builder.leave_open(ids[event.transaction]);
  }
  return std::move(builder).take();
}

std::string to_text(const PlannedHistory& plan) {
  const TransactionHistory history = build(plan);
  std::string text;
  for (std::uint32_t t = 0; t < history.transactions.size(); ++t) {
    const Transaction& transaction = history.transactions[t];
    text += "t" + std::to_string(t) + " [" + std::to_string(transaction.invoke_index) + ", " +
            (transaction.completion_index == checkers::no_event ? "-" : std::to_string(transaction.completion_index)) + "] " +
            describe(history, t) + "\n";
  }
  return text;
}

}  // namespace faultline::transactions
