// Who wrote a value: a hash table per key, all in one array.
//
// Keys whose values are small and dense, as generators make them (1, 2, 3, ...), are addressed directly; the others by open
// addressing. Either way the slots of one key are neighbours, so that the keys in use stay in the cache.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "checkers/transactions/transaction_history.h"

namespace faultline::transactions {

inline constexpr std::uint32_t no_operation = 0xffff'ffffu;
inline constexpr std::uint32_t no_transaction = 0xffff'ffffu;

/// A value's only write.
struct Write {
  std::uint32_t value = 0;
  std::uint32_t operation = no_operation;  // an index into TransactionHistory::operations; no_operation: a free slot
  std::uint32_t transaction_and_final = 0;
  /// Of an append: one more than its position in the longest list read; 0 if that list does not have it. Others are free to use it.
  std::uint32_t place = 0;

  std::uint32_t transaction() const { return transaction_and_final >> 1; }
  /// Whether it is its transaction's last write of the key: the version that the transaction installs.
  bool is_final() const { return (transaction_and_final & 1u) != 0; }
};

class WriteIndex {
 public:
  WriteIndex(const TransactionHistory& history, Workload workload);

  /// The write of `value` to `key`, or nullptr. Requires: the key is usable.
  Write* find(Key key, Value value);
  const Write* find(Key key, Value value) const { return const_cast<WriteIndex*>(this)->find(key, value); }

  /// All writes of `key` among free slots, in an order that depends on the values only.
  std::span<Write> slots_of(Key key);
  std::span<const Write> slots_of(Key key) const { return const_cast<WriteIndex*>(this)->slots_of(key); }

  /// Writes by number: below slot_count(), free slots among them.
  std::uint32_t slot_count() const { return static_cast<std::uint32_t>(slots_.size()); }
  std::uint32_t slot_of(const Write& write) const { return static_cast<std::uint32_t>(&write - slots_.data()); }
  const Write& slot(std::uint32_t number) const { return slots_[number]; }

  /// False for a key that breaks the rules of the workload: a value written twice, an operation of the other workload. Nothing can be
  /// said about such a key.
  bool usable(Key key) const { return rows_[key.value()].layout != Layout::unusable; }
  /// What is wrong with the first such key; empty if all are usable.
  const std::string& flaw() const { return flaw_; }
  std::uint64_t unusable_keys() const { return unusable_keys_; }

 private:
  enum class Layout : std::uint8_t { direct, hashed, unusable };
  struct Row {
    std::size_t base = 0;
    std::uint32_t slots = 0;
    std::uint32_t least = 0;  // value: direct addressing starts there
    Layout layout = Layout::direct;
  };
  struct Range;

  void measure(const TransactionHistory& history, Workload workload, std::vector<Range>& ranges);
  void lay_out(const std::vector<Range>& ranges);
  void fill(const TransactionHistory& history);
  void reject(Key key, const std::string& flaw);
  std::uint32_t probe(const Row& row, std::uint32_t value) const;

  std::vector<Row> rows_;  // per key
  std::vector<Write> slots_;
  std::string flaw_;
  std::uint64_t unusable_keys_ = 0;
};

}  // namespace faultline::transactions
