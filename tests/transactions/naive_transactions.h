// The definitions of the anomalies and of the dependencies, word by word, with nested loops over small histories.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "checkers/transactions/check_transactions.h"
#include "naive_cycles.h"

namespace faultline::transactions {

/// One anomaly's count, for each that occurs. Cycles are counted per component.
using NaiveCounts = std::map<std::string, std::uint64_t>;

class NaiveTransactions {
 public:
  NaiveTransactions(const TransactionHistory& history, const TransactionOptions& options) : history_(history), options_(options) {
    collect();
    if (options.workload == Workload::list_append) {
      judge_lists();
    } else {
      judge_registers();
    }
    add_order();
  }

  const NaiveCounts& counts() const { return counts_; }
  const SmallGraph& graph() const { return graph_; }
  /// The anomalies of visibility at the level of the options, by going through all orders of commits (naive_visibility.cc).
  /// Nothing if reads, sessions and versions alone have a cycle, which is G0 or G1c.
  std::optional<std::set<std::string>> visibility() const;
  /// Whether `reader` read a version of `writer`; of a list that includes one on which it had already appended.
  bool reads_from(std::uint32_t reader, std::uint32_t writer) const { return visible_sources(false)[writer][reader]; }
  bool effective(std::uint32_t t) const { return effective_.count(t) != 0; }
  bool before(std::uint32_t a, std::uint32_t b) const {
    return history_.transactions[a].outcome == checkers::Outcome::ok &&
           history_.transactions[a].completion_index < history_.transactions[b].invoke_index;
  }

 private:
  using List = std::vector<std::uint32_t>;
  struct Operation {
    std::uint32_t transaction;
    std::uint32_t at;  // in its transaction
    std::uint32_t key;
    std::uint32_t value;
    List list;
    bool write;
  };
  struct Written {
    std::uint32_t transaction;
    std::uint32_t at;
    bool final;
  };

  bool ok(std::uint32_t t) const { return history_.transactions[t].outcome == checkers::Outcome::ok; }
  bool failed(std::uint32_t t) const { return history_.transactions[t].outcome == checkers::Outcome::fail; }
  void count(const std::string& name) { ++counts_[name]; }
  std::optional<Written> writer(std::uint32_t key, std::uint32_t value) const {
    const auto it = written_.find({key, value});
    return it == written_.end() ? std::nullopt : std::optional(it->second);
  }

  void collect();
  void judge_lists();
  void judge_lists_of(std::uint32_t key);
  void judge_list_transaction(std::uint32_t t);
  void list_edges(std::uint32_t key, const List& longest, bool compatible);
  void judge_registers();
  void judge_register_transaction(std::uint32_t t);
  void register_edges(std::uint32_t key);
  void add_order();
  using Relation = std::vector<std::vector<bool>>;  // [a][b]: a precedes b
  std::optional<std::uint32_t> source_of(const Operation& read) const;
  Relation visible_sources(bool sessions) const;
  Relation with_versions(Relation relation) const;
  Relation forced(const std::string& axiom, const Relation& before) const;
  bool session_order(std::uint32_t a, std::uint32_t b) const;

  const TransactionHistory& history_;
  const TransactionOptions& options_;
  std::vector<Operation> operations_;  // of usable keys; unknown reads are left out
  std::map<std::pair<std::uint32_t, std::uint32_t>, Written> written_;
  std::set<std::uint32_t> unusable_;
  std::set<std::uint32_t> effective_;
  NaiveCounts counts_;
  SmallGraph graph_;
};

}  // namespace faultline::transactions
