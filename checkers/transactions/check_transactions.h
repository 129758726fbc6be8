// Judges a history of transactions by Elle's method (Kingsbury and Alvaro, "Elle: inferring isolation anomalies from experimental
// observations", VLDB 2020): what was read tells in which order the versions of each key came, the order of versions tells which
// transaction depends on which, and a cycle of dependencies is an anomaly that no execution at the claimed level can show.
//
// All anomalies that are found are reported; those that the level of the options proscribes are failures. Linear in the size of the
// history but for the search of cycles inside strongly connected components, which is bounded work per component.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "checkers/transactions/consistency_level.h"
#include "checkers/transactions/transaction_history.h"
#include "checkers/verdict.h"

namespace faultline::transactions {

/// What may be assumed of single keys to learn the order of a register's versions. Lists need none of it.
struct RegisterOrders {
  bool sequential_keys = false;      // writes of one process to a key take effect in its order
  bool linearizable_keys = false;    // a write that ended before another began precedes it
  bool writes_follow_reads = false;  // who reads x and then writes it has overwritten what it read
};

struct TransactionOptions {
  Workload workload = Workload::list_append;
  ConsistencyLevel level = ConsistencyLevel::strict_serializable;
  RegisterOrders register_orders;
  std::uint32_t findings_per_anomaly = 8;
  /// Asked before each pass over the history and now and then in long ones: true ends the check, and what was not decided is `unknown`.
  /// Empty: no budget.
  std::function<bool()> out_of_budget;
};

/// `commit`: an axiom of visibility says that it must commit earlier.
enum class Dependency : std::uint8_t { ww, wr, rw, process, realtime, commit };
std::string_view to_string(Dependency dependency);

/// In place of a transaction: what was there before all of them.
inline constexpr std::uint32_t initial_state = 0xffff'ffffu;

/// One edge of a cycle, from a transaction to the transaction of the next step, and what proves it.
struct CycleStep {
  std::uint32_t transaction = 0;  // or initial_state, in a cycle of visibility
  Dependency dependency = Dependency::ww;
  Key key;                   // of ww, wr, rw and commit
  Value value{0};            // ww, rw: the older version (nil: the initial one); wr: the version written and read
  Value newer{0};            // ww, rw: the version that replaced it
  std::uint32_t reader = 0;  // commit: the transaction that could see this one and read `key` from the next
  std::string text;          // "T1 appended 3 to x before T2 appended 4"
};

struct Cycle {
  std::string anomaly;
  bool failure = false;
  std::vector<CycleStep> steps;
};

struct TransactionVerdict {
  checkers::Verdict verdict;  // witnesses are indices into TransactionHistory::transactions
  std::vector<Cycle> cycles;  // those behind the findings that are cycles, in the same order
  /// The weakest levels that the anomalies found rule out.
  std::vector<ConsistencyLevel> ruled_out;
};

/// Judges `history`. Any history gets an answer; one that breaks the rules of its workload (a value written twice, an append among
/// registers) is `unknown`, unless it is invalid whatever these mean.
TransactionVerdict check_transactions(const TransactionHistory& history, const TransactionOptions& options);

/// One line for people: "op 17, process 2: append(x, 3) read(y) -> [1 2], ok".
std::string describe(const TransactionHistory& history, std::uint32_t transaction);

}  // namespace faultline::transactions
