// Histories as plain values that tests can write down, generate and change, and that become a TransactionHistory at the end.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "checkers/transactions/transaction_history.h"

namespace faultline::transactions {

struct PlannedOperation {
  Function function = Function::append;
  std::uint32_t key = 0;
  std::uint32_t value = 0;               // nil.value() for nil
  std::vector<std::uint32_t> list = {};  // of a read_list
};

struct PlannedTransaction {
  std::int32_t process = 0;
  checkers::Outcome outcome = checkers::Outcome::ok;
  std::vector<PlannedOperation> operations = {};
};

struct PlannedEvent {
  std::uint32_t transaction;
  bool ended;
};

struct PlannedHistory {
  std::vector<PlannedTransaction> transactions;
  std::vector<PlannedEvent> events;  // a transaction may have no end

  /// Appends a transaction that begins and ends after all others; returns its number.
  std::uint32_t add(PlannedTransaction transaction) {
    const auto number = static_cast<std::uint32_t>(transactions.size());
    transactions.push_back(std::move(transaction));
    events.push_back({number, false});
    events.push_back({number, true});
    return number;
  }
};

TransactionHistory build(const PlannedHistory& plan);

/// For messages: one line per event.
std::string to_text(const PlannedHistory& plan);

inline PlannedOperation append(std::uint32_t key, std::uint32_t value) { return {Function::append, key, value}; }
inline PlannedOperation write(std::uint32_t key, std::uint32_t value) { return {Function::write, key, value}; }
inline PlannedOperation list(std::uint32_t key, std::vector<std::uint32_t> values) {
  return {Function::read_list, key, 0, std::move(values)};
}
inline PlannedOperation reg(std::uint32_t key, std::uint32_t value) { return {Function::read_register, key, value}; }
inline PlannedOperation unknown(std::uint32_t key) { return {Function::read_unknown, key}; }
inline constexpr std::uint32_t nothing = nil.value();

}  // namespace faultline::transactions
