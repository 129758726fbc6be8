#include "checkers/formats/to_transactions.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

#include "checkers/formats/log_history_builder.h"
#include "checkers/formats/write_value.h"

namespace faultline::formats {

using transactions::Function;
using transactions::Key;
using transactions::TransactionHistory;
using transactions::TransactionId;

namespace {

constexpr std::size_t small_keys_max = 1u << 20;
constexpr std::uint32_t unknown_key = std::numeric_limits<std::uint32_t>::max();

enum class Mop : std::uint8_t { none, append, write, read };

Mop mop_of(const Value& mop) {
  const std::span<const Value> parts = mop.items();
  if (!mop.is_sequence() || parts.size() < 2 || !parts[0].is_name()) return Mop::none;
  const std::string_view name = parts[0].text();
  if (name == "r" || name == "read") return Mop::read;
  if (parts.size() != 3) return Mop::none;
  if (name == "append") return Mop::append;
  return name == "w" || name == "write" ? Mop::write : Mop::none;
}

constexpr std::string_view mop_hint = "expected a micro-operation: [:append key value], [:w key value] or [:r key value]";

}  // namespace

Key TransactionConverter::key_of(const Value& value) {
  if (!value.is_integer()) return builder_.key(plain_text(value));
  const fmt::format_int text(value.integer());
  if (value.integer() < 0 || value.integer() >= static_cast<std::int64_t>(small_keys_max))
    return builder_.key({text.data(), text.size()});
  const auto number = static_cast<std::size_t>(value.integer());
  if (number >= small_keys_.size()) small_keys_.resize(std::max(number + 1, small_keys_.size() * 2), unknown_key);
  if (small_keys_[number] == unknown_key) small_keys_[number] = builder_.key({text.data(), text.size()}).value();
  return Key(small_keys_[number]);
}

transactions::Value TransactionConverter::value_of(const Value& value) {
  if (value.is_integer()) return builder_.value(value.integer());
  if (value.is_nil()) return transactions::nil;
  text_.clear();
  append_edn(value, text_);
  return builder_.value(std::string_view(text_));
}

Result<> TransactionConverter::add(const Event& event, const EventReader& reader) {
  if (!event.client) {
    tally_.add_fault(event);
    return {};
  }
  if (builder_.full()) return {};
  realtime_ = realtime_ && reader.has_realtime();
  if (event.type == EventType::invoke) {
    TRY(begin(event, reader, true));
    return {};
  }
  std::optional<std::uint32_t> slot = TRY(pairing_.close(event, reader));
  if (!slot) slot = TRY(begin(event, reader, false));
  TRY(complete(event, reader, open_[*slot]));
  open_[*slot].in_use = false;
  free_.push_back(*slot);
  return {};
}

Result<std::uint32_t> TransactionConverter::begin(const Event& event, const EventReader& reader, bool paired) {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(open_.size()));
    open_.emplace_back();
  }
  const std::uint32_t slot = free_.back();
  if (paired) TRY(pairing_.open(event, slot, reader));
  free_.pop_back();
  Open& open = open_[slot];
  TRY(read_operations(event, reader, open));
  open.id = builder_.invoke(pairing_.process_of(event, operations_), operations_);
  open.begun = tally_.time_of(event);
  open.in_use = true;
  ++operations_;
  tally_.begun(open.begun);
  return slot;
}

// What the transaction sets out to do, kept until it ends, should its completion not repeat it.
Result<> TransactionConverter::read_operations(const Event& event, const EventReader& reader, Open& open) {
  open.operations.clear();
  open.writes = false;
  if (!event.value.is_sequence())
    return reader.error(event.value, "the value of a transaction must be a vector of micro-operations");
  for (const Value& mop : event.value.items()) {
    const std::span<const Value> parts = mop.items();
    const Mop kind = mop_of(mop);
    if (kind == Mop::none) return reader.error(mop, mop_hint);
    const bool read = kind == Mop::read;
    const Function function = read ? Function::read_unknown : kind == Mop::append ? Function::append : Function::write;
    open.operations.push_back({key_of(parts[1]), read ? transactions::Value(0) : value_of(parts[2]), function});
    open.writes = open.writes || !read;
  }
  return {};
}

Result<> TransactionConverter::complete(const Event& event, const EventReader& reader, Open& open) {
  const checkers::Outcome outcome = outcome_of(event.type);
  if (outcome == checkers::Outcome::ok) {
    if (!event.value.is_sequence())
      return reader.error(event.value, "the value of a transaction must be a vector of micro-operations");
    for (const Value& mop : event.value.items()) TRY(add_operation(mop, reader));
  } else {
    add_known(open);
  }
  builder_.complete(open.id, outcome);
  tally_.ended(open.begun, tally_.time_of(event), outcome, open.writes);
  return {};
}

Result<> TransactionConverter::add_operation(const Value& mop, const EventReader& reader) {
  const std::span<const Value> parts = mop.items();
  const Mop kind = mop_of(mop);
  if (kind == Mop::none) return reader.error(mop, mop_hint);
  const Key key = key_of(parts[1]);
  if (kind == Mop::append) {
    builder_.append(key, value_of(parts[2]));
  } else if (kind == Mop::write) {
    builder_.write(key, value_of(parts[2]));
  } else if (parts.size() < 3) {
    builder_.read_unknown(key);
  } else if (lists_ && (parts[2].is_sequence() || parts[2].is_nil())) {
    add_list(key, parts[2]);
  } else {
    builder_.read_register(key, value_of(parts[2]));
  }
  return {};
}

void TransactionConverter::add_list(Key key, const Value& list) {
  list_.clear();
  for (const Value& item : list.items()) list_.push_back(value_of(item));
  builder_.read_list(key, list_);
}

void TransactionConverter::add_known(const Open& open) {
  for (const Write& operation : open.operations) {
    if (operation.function == Function::append) {
      builder_.append(operation.key, operation.value);
    } else if (operation.function == Function::write) {
      builder_.write(operation.key, operation.value);
    } else {
      builder_.read_unknown(operation.key);
    }
  }
}

// The session notation has no word for "nothing": where nobody writes 0, a read of 0 is one of the initial value.
void TransactionConverter::settle_initial_zero(TransactionHistory& history) const {
  std::vector<bool> zero_written(history.keys.size(), false);
  for (const transactions::MicroOperation& operation : history.operations) {
    if (operation.is_write() && operation.value().value() == 0) zero_written[operation.key().value()] = true;
  }
  for (transactions::MicroOperation& operation : history.operations) {
    const bool zero = operation.function() == Function::read_register && operation.value().value() == 0;
    if (zero && !zero_written[operation.key().value()]) operation.argument = transactions::nil.value();
  }
}

ReadTransactions TransactionConverter::take() && {
  std::vector<const Open*> left;
  for (const Open& open : open_) {
    if (open.in_use) left.push_back(&open);
  }
  std::ranges::sort(left, {}, [](const Open* open) { return open->id; });
  for (const Open* open : left) {
    add_known(*open);
    builder_.leave_open(open->id);
    tally_.left_open(open->writes);
  }
  builder_.set_has_realtime(realtime_ && !pairing_.completions_only());
  ReadTransactions result;
  result.cut_short = builder_.full();
  result.history = std::move(builder_).take();
  if (!realtime_) settle_initial_zero(result.history);
  result.vacuity = tally_.vacuity();
  result.vacuity.partitions = result.history.keys.size();
  return result;
}

}  // namespace faultline::formats
