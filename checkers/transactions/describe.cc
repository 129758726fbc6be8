#include <algorithm>

#include "checkers/transactions/check_transactions.h"
#include "checkers/transactions/versions.h"

namespace faultline::transactions {

namespace {

// A witness is read by people: of what is longer, the beginning and the end.
constexpr std::uint32_t list_elements_shown = 12;
constexpr std::uint32_t operations_shown = 8;

std::string text_of(const TransactionHistory& history, const MicroOperation& operation) {
  const std::string key(history.key_name(operation.key()));
  switch (operation.function()) {
    case Function::append: return "append(" + key + ", " + history.value_text(operation.value()) + ")";
    case Function::write: return "write(" + key + ", " + history.value_text(operation.value()) + ")";
    case Function::read_list: return "read(" + key + ") -> " + list_text(history, operation);
    case Function::read_register: return "read(" + key + ") -> " + history.value_text(operation.value());
    case Function::read_unknown: return "read(" + key + ")";
  }
  return {};
}

std::string operations_text(const TransactionHistory& history, std::uint32_t transaction) {
  const auto operations = history.operations_of(transaction);
  std::string text;
  for (std::size_t i = 0; i < operations.size(); ++i) {
    if (i == operations_shown && operations.size() > operations_shown + 1) {
      return text + " ... " + std::to_string(operations.size() - i) + " more";
    }
    text += (i == 0 ? "" : " ") + text_of(history, operations[i]);
  }
  return text;
}

}  // namespace

std::string list_text(const TransactionHistory& history, const MicroOperation& read) {
  const auto list = history.list_of(read);
  std::string text = "[";
  for (std::size_t i = 0; i < list.size(); ++i) {
    const std::size_t left = list.size() - i;
    if (i == list_elements_shown / 2 && left > list_elements_shown / 2 + 1) {
      const std::size_t skipped = left - list_elements_shown / 2;
      text += " ...(" + std::to_string(skipped) + " more)...";
      i += skipped;
    }
    text += (i == 0 ? "" : " ") + history.value_text(Value(list[i]));
  }
  return text + "]";
}

std::string name_of(const TransactionHistory& history, std::uint32_t transaction) {
  return "op " + std::to_string(history.transactions[transaction].source) + " {" + operations_text(history, transaction) + "}";
}

std::string describe(const TransactionHistory& history, std::uint32_t transaction) {
  const Transaction& t = history.transactions[transaction];
  return "op " + std::to_string(t.source) + ", process " + std::to_string(t.process) + ": " +
         operations_text(history, transaction) + ", " + std::string(checkers::to_string(t.outcome));
}

}  // namespace faultline::transactions
