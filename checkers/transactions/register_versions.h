// The versions of registers. A register does not tell what it held before: without further assumptions only the initial nil is known to
// precede every written value. What may be assumed (RegisterOrders) adds pairs of versions: what a transaction read precedes what it
// wrote; what one transaction left precedes what the next one on that key, in its process or in time, found.
//
// Edges, for transactions that took effect: wr from a value's writer to each reader; for a pair of versions ww from writer to writer and
// rw from whoever read the older one (as its first operation on the key) to the writer of the newer one. A key whose pairs form a
// cycle (cyclic-versions) contradicts the assumptions and keeps only what nil tells.
#pragma once

#include <cstdint>
#include <vector>

#include "checkers/finding_list.h"
#include "checkers/transactions/check_transactions.h"
#include "checkers/transactions/dependency_graph.h"
#include "checkers/transactions/register_reads.h"
#include "checkers/transactions/versions.h"
#include "checkers/transactions/write_index.h"

namespace faultline::transactions {

class RegisterVersions {
 public:
  /// Keeps references to all but `orders`.
  RegisterVersions(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                   const RegisterOrders& orders, checkers::FindingList& found);

  void add_edges(EdgeList& edges) const;
  Evidence evidence(std::uint32_t from, std::uint32_t to, EdgeKind kind) const;

 private:
  // Two versions of one key, by the slots of their writes.
  struct Pair {
    std::uint32_t older;
    std::uint32_t newer;
    auto operator<=>(const Pair&) const = default;
  };
  struct Event;

  /// The slot of a version: the last write of a transaction that took effect; no_version for what is none, nil among them.
  std::uint32_t version_of(Key key, Value value) const;
  void add_pairs_in_order(bool by_process);
  void link(const Touch& before, const Touch& after);
  void pair_up(Key key, Value older, Value newer);
  void drop_cyclic(checkers::FindingList& found);
  void add_pair_edges(EdgeList& edges) const;
  void add_nil_edges(EdgeList& edges) const;

  const TransactionHistory& history_;
  const WriteIndex& writes_;
  const RegisterReads& reads_;
  std::vector<Pair> pairs_;   // sorted
  std::vector<bool> cyclic_;  // per key
};

}  // namespace faultline::transactions
