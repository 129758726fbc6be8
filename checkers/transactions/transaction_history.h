// A history of transactions over several keys: who asked for what, what came back, and between which events.
//
// Flat on purpose, as 10 million transactions are to fit: transactions, micro-operations and the elements of list reads are three
// arrays of 28-, 12- and 4-byte entries. Keys and values are 32-bit codes. A value that is an integer below 2^31 is its own code;
// every other one (text, negative and large numbers) is kept once, as text, and its code is its place in that table.
// Order is by event index, never by time. A transaction without a completion, or with an indefinite one, may have taken effect at
// any moment after its invocation, or never.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strong.h"
#include "checkers/history.h"

namespace faultline::transactions {

struct KeyTag;
/// A key of the history: an index into TransactionHistory::keys.
using Key = Strong<KeyTag, std::uint32_t>;
struct ValueTag;
/// The code of a value.
using Value = Strong<ValueTag, std::uint32_t>;

/// Codes from here on are texts: TransactionHistory::texts[code - first_text].
inline constexpr std::uint32_t first_text = 0x8000'0000u;
/// What a register holds before the first write.
inline constexpr Value nil{std::numeric_limits<std::uint32_t>::max()};

/// What the keys of a history are.
enum class Workload : std::uint8_t { list_append, rw_register };

enum class Function : std::uint8_t {
  append,         // adds a value at the end of a list
  write,          // sets a register
  read_list,      // returned a list, possibly empty
  read_register,  // returned a value, or nil
  read_unknown,   // a read whose answer is not known: of an indefinite or failed transaction
};

struct MicroOperation {
  std::uint32_t key_and_function = 0;
  std::uint32_t argument = 0;  // a value, or the first element of a list in TransactionHistory::elements
  std::uint32_t count = 0;     // of elements

  Key key() const { return Key(key_and_function >> function_bits); }
  Function function() const { return static_cast<Function>(key_and_function & ((1u << function_bits) - 1)); }
  /// The value of an append, a write or a read_register.
  Value value() const { return Value(argument); }
  bool is_write() const { return function() == Function::append || function() == Function::write; }

  static constexpr unsigned function_bits = 3;
};

struct Transaction {
  std::int32_t process = 0;
  std::uint32_t invoke_index = 0;
  std::uint32_t completion_index = checkers::no_event;
  std::uint32_t first = 0;   // its first micro-operation
  std::uint32_t source = 0;  // the index of its operation in the file it came from
  std::uint32_t count = 0;   // of micro-operations
  checkers::Outcome outcome = checkers::Outcome::indefinite;
};

struct TransactionHistory {
  std::vector<std::string> keys;
  std::vector<std::string> texts;
  std::vector<Transaction> transactions;  // in order of invocation
  std::vector<MicroOperation> operations;
  std::vector<std::uint32_t> elements;  // codes of values
  std::uint32_t event_count = 0;        // event indices are dense from 0, each used at most once
  /// False for formats that know sessions but no time: then only the order within a process means anything.
  bool has_realtime = true;

  std::span<const MicroOperation> operations_of(std::uint32_t transaction) const {
    const Transaction& t = transactions[transaction];
    return std::span(operations).subspan(t.first, t.count);
  }
  /// The list that a read_list returned.
  std::span<const std::uint32_t> list_of(const MicroOperation& read) const {
    return std::span(elements).subspan(read.argument, read.count);
  }
  std::string_view key_name(Key key) const { return keys[key.value()]; }
  /// "17", "nil", or the text.
  std::string value_text(Value value) const;
};

struct TransactionIdTag;
/// A transaction of a builder: the index it has in TransactionHistory::transactions.
using TransactionId = Strong<TransactionIdTag, std::uint32_t>;

/// Builds a history from events in their order. A transaction's micro-operations are added right before it is completed:
///
///     const TransactionId id = builder.invoke(process, source);      // when the invocation is met in the file
///     ...
///     builder.append(key, value);                                    // when its completion is met
///     builder.read_list(other, elements);
///     builder.complete(id, checkers::Outcome::ok);
///
/// What exceeds the 32-bit indices makes the builder `full()`: it then ignores everything, and the history ends there.
class TransactionHistoryBuilder {
 public:
  /// The key called `name`; the same for the same name.
  Key key(std::string_view name);
  Value value(std::int64_t number);
  /// The code of a value that is no integer. Texts that print alike are one value.
  Value value(std::string_view text);

  /// A transaction begins; this is the next event. `source`: the index of the operation in its file.
  TransactionId invoke(std::int32_t process, std::uint32_t source);

  void append(Key key, Value value) { add(Function::append, key, value.value(), 0); }
  void write(Key key, Value value) { add(Function::write, key, value.value(), 0); }
  void read_list(Key key, std::span<const Value> list);
  /// `value` may be `nil`.
  void read_register(Key key, Value value) { add(Function::read_register, key, value.value(), 0); }
  void read_unknown(Key key) { add(Function::read_unknown, key, 0, 0); }

  /// A transaction ends with the micro-operations added since the last end; this is the next event.
  /// Requires: `id` is under way.
  void complete(TransactionId id, checkers::Outcome outcome);
  /// The history ends and nobody knows what became of `id`: like complete, but no event. Requires: `id` is under way.
  void leave_open(TransactionId id);

  bool full() const { return full_; }
  void set_has_realtime(bool has_realtime) { history_.has_realtime = has_realtime; }

  const TransactionHistory& history() const { return history_; }
  /// The history. Transactions still under way are left open without micro-operations.
  TransactionHistory take() &&;

 private:
  void add(Function function, Key key, std::uint32_t argument, std::uint32_t count);
  void finish(TransactionId id, checkers::Outcome outcome);

  TransactionHistory history_;
  std::unordered_map<std::string, Key> key_ids_;
  std::unordered_map<std::string, Value> text_ids_;
  std::uint32_t first_ = 0;  // of the micro-operations that belong to the next end
  bool full_ = false;
};

}  // namespace faultline::transactions
