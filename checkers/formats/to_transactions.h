// TransactionConverter: events of transactions as a history for the transaction checkers (checkers/transactions).
//
// A transaction is an operation whose value is a vector of micro-operations: [:append k v] and [:r k [v ...]] over lists, [:w k v] and
// [:r k v] over registers, as Elle has them. Its writes are known from the invocation on; what it read is known if it is ok.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "checkers/formats/pairing.h"
#include "checkers/formats/tally.h"
#include "checkers/transactions/transaction_history.h"

namespace faultline::formats {

struct ReadTransactions {
  transactions::TransactionHistory history;
  checkers::Vacuity vacuity;
  bool cut_short = false;  // the history was too long for 32-bit indices; the rest was not read
};

class TransactionConverter {
 public:
  /// `lists`: whether reads return lists (list-append) or values (rw-register).
  explicit TransactionConverter(bool lists) : lists_(lists) {}

  /// Takes the event that `reader` has just read. Errors: malformed, with its place.
  Result<> add(const Event& event, const EventReader& reader);
  ReadTransactions take() &&;

 private:
  struct Write {
    transactions::Key key;
    transactions::Value value{0};
    transactions::Function function = transactions::Function::write;  // or read_unknown
  };
  // A transaction under way. Slots are used again, and with them the memory of their lists.
  struct Open {
    transactions::TransactionId id;
    Time begun{};
    std::vector<Write> operations;
    bool writes = false;
    bool in_use = false;
  };

  Result<std::uint32_t> begin(const Event& event, const EventReader& reader, bool paired);
  Result<> read_operations(const Event& event, const EventReader& reader, Open& open);
  Result<> complete(const Event& event, const EventReader& reader, Open& open);
  Result<> add_operation(const Value& mop, const EventReader& reader);
  void add_list(transactions::Key key, const Value& list);
  void add_known(const Open& open);
  void settle_initial_zero(transactions::TransactionHistory& history) const;
  transactions::Key key_of(const Value& value);
  transactions::Value value_of(const Value& value);

  const bool lists_;
  bool realtime_ = true;
  transactions::TransactionHistoryBuilder builder_;
  Pairing pairing_;
  Tally tally_;
  std::vector<Open> open_;
  std::vector<std::uint32_t> free_;
  std::vector<transactions::Value> list_;
  std::vector<std::uint32_t> small_keys_;  // keys that are small numbers, by number; unknown_key if not met yet
  std::string text_;
  std::uint32_t operations_ = 0;
};

}  // namespace faultline::formats
