#include "checkers/transactions/transaction_history.h"

#include <utility>

#include "base/check.h"

namespace faultline::transactions {

using checkers::no_event;
using checkers::Outcome;

namespace {

// What the 32-bit indices can tell apart. The last code of each range is taken: no_event, nil.
constexpr std::size_t indices = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t keys_max = std::size_t{1} << (32 - MicroOperation::function_bits);
constexpr std::size_t texts_max = nil.value() - first_text;

}  // namespace

std::string TransactionHistory::value_text(Value value) const {
  if (value == nil) return "nil";
  if (value.value() >= first_text) return texts[value.value() - first_text];
  return std::to_string(value.value());
}

Key TransactionHistoryBuilder::key(std::string_view name) {
  const auto [it, added] = key_ids_.try_emplace(std::string(name), Key(static_cast<std::uint32_t>(history_.keys.size())));
  if (added && history_.keys.size() == keys_max) {
    full_ = true;
    key_ids_.erase(it);
    return Key(0);
  }
  if (added) history_.keys.emplace_back(name);
  return it->second;
}

Value TransactionHistoryBuilder::value(std::int64_t number) {
  if (number >= 0 && number < std::int64_t{first_text}) return Value(static_cast<std::uint32_t>(number));
  return value(std::string_view(std::to_string(number)));
}

Value TransactionHistoryBuilder::value(std::string_view text) {
  const auto code = static_cast<std::uint32_t>(first_text + history_.texts.size());
  const auto [it, added] = text_ids_.try_emplace(std::string(text), Value(code));
  if (added && history_.texts.size() == texts_max) {
    full_ = true;
    text_ids_.erase(it);
    return Value(0);
  }
  if (added) history_.texts.emplace_back(text);
  return it->second;
}

TransactionId TransactionHistoryBuilder::invoke(std::int32_t process, std::uint32_t source) {
  // Each transaction has two events, and every index of one must be below no_event.
  if (history_.transactions.size() >= indices / 2) full_ = true;
  if (full_) return TransactionId(no_event);
  const TransactionId id(static_cast<std::uint32_t>(history_.transactions.size()));
  history_.transactions.push_back({.process = process, .invoke_index = history_.event_count++, .source = source});
  return id;
}

void TransactionHistoryBuilder::read_list(Key key, std::span<const Value> list) {
  if (full_ || list.size() > indices - history_.elements.size()) {
    full_ = true;
    return;
  }
  const auto first = static_cast<std::uint32_t>(history_.elements.size());
  for (const Value value : list) history_.elements.push_back(value.value());
  add(Function::read_list, key, first, static_cast<std::uint32_t>(list.size()));
}

void TransactionHistoryBuilder::add(Function function, Key key, std::uint32_t argument, std::uint32_t count) {
  if (history_.operations.size() >= indices) full_ = true;
  if (full_) return;
  const std::uint32_t key_and_function = key.value() << MicroOperation::function_bits | static_cast<std::uint32_t>(function);
  history_.operations.push_back({key_and_function, argument, count});
}

void TransactionHistoryBuilder::complete(TransactionId id, Outcome outcome) {
  if (full_) return;
  finish(id, outcome);
  history_.transactions[id.value()].completion_index = history_.event_count++;
}

void TransactionHistoryBuilder::leave_open(TransactionId id) {
  if (full_) return;
  finish(id, Outcome::indefinite);
}

void TransactionHistoryBuilder::finish(TransactionId id, Outcome outcome) {
  ENSURE(id.value() < history_.transactions.size());
  Transaction& transaction = history_.transactions[id.value()];
  ENSURE(transaction.completion_index == no_event);
  ENSURE(transaction.count == 0);
  transaction.first = first_;
  transaction.count = static_cast<std::uint32_t>(history_.operations.size()) - first_;
  transaction.outcome = outcome;
  first_ = static_cast<std::uint32_t>(history_.operations.size());
}

TransactionHistory TransactionHistoryBuilder::take() && { return std::move(history_); }

}  // namespace faultline::transactions
