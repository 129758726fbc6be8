// What transactions over registers read and wrote, seen from outside: per key the first read, if it came before any write, and the last
// write. And what single transactions did wrong: internal, future-read, G1a, G1b, garbage-read, lost-update.
#pragma once

#include <cstdint>
#include <vector>

#include "checkers/finding_list.h"
#include "checkers/transactions/versions.h"
#include "checkers/transactions/write_index.h"

namespace faultline::transactions {

/// A transaction's outside view of one key.
struct Touch {
  std::uint32_t transaction = 0;
  Key key;
  bool has_read = false;
  bool has_write = false;
  Value read = nil;   // what the first operation on the key read, if that was a read
  Value write = nil;  // what the last write wrote
};

struct RegisterReads {
  Effective effective;
  std::vector<Touch> touches;  // of ok transactions, and the writes of indefinite ones; by transaction
};

RegisterReads read_registers(const TransactionHistory& history, const WriteIndex& writes, checkers::FindingList& found);

}  // namespace faultline::transactions
