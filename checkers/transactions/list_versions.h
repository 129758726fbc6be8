// The versions of lists. A list names its own history: [1 2 3] was [1 2] before, so the longest list that was read of a key is the
// order of its versions, and a value that was appended and is not in it came later.
//
// What is derived from it, for transactions that took effect:
//   ww  the writer of a version -> the writer of the next version; the last version's writer -> every writer never seen
//   wr  the writer of the last element of a list -> whoever read that list
//   rw  whoever read a list -> the writer of the next version; of the whole list: every writer never seen
// A list that is not a prefix of the longest one contradicts the order and contributes only its wr edge; a key with such a list says
// nothing about writers never seen. Each pass goes through the history once, in its order, and touches the keys of the moment only.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "checkers/finding_list.h"
#include "checkers/transactions/dependency_graph.h"
#include "checkers/transactions/versions.h"
#include "checkers/transactions/write_index.h"

namespace faultline::transactions {

class ListVersions {
 public:
  /// Keeps references to both.
  ListVersions(const TransactionHistory& history, WriteIndex& writes);

  const Effective& effective() const { return effective_; }
  /// What is wrong with lists by themselves: garbage-read, duplicate-elements, incompatible-order, G1a, dirty-update.
  void find_version_anomalies(checkers::FindingList& found) const;
  /// Adds ww, wr and rw edges.
  void add_edges(EdgeList& edges) const;
  /// A proof that `from` -> `to` is an edge of this kind.
  Evidence evidence(std::uint32_t from, std::uint32_t to, EdgeKind kind) const;

  // For the checks of single transactions (list_reads.h).

  /// Whether the list that the read operation `operation` of an ok transaction returned is a prefix of the longest.
  bool fits(std::uint32_t operation) const { return !misfit_[operation]; }
  /// The write of the last element of a list, or nullptr.
  const Write* last_write(const MicroOperation& read) const;
  /// The writer of the element at `position` of the longest list of `key`, or no_transaction.
  std::uint32_t writer_at(Key key, std::uint32_t position) const;
  /// Whether `read` has an element twice.
  bool has_duplicate(std::uint32_t operation) const;

 private:
  // A position of the longest list of a key; each key has one more, for the end.
  struct Place {
    std::uint32_t writer = no_transaction;
    std::uint32_t next = 0;  // the first position from here on that is a version: whose writer took effect, not a repetition
  };
  struct Order {
    std::uint32_t read = no_operation;  // the read that returned the longest list
    std::uint32_t length = 0;
    std::uint32_t duplicate = no_operation;  // the first position whose element was there before
    std::uint32_t misfit = no_operation;     // the first read that does not fit
    std::size_t places = 0;                  // where its places start
  };
  struct Garbage {
    std::uint32_t key;
    std::uint32_t value;
    std::uint32_t operation;
  };

  template <class Visit>
  void for_each_ok_read(Visit visit) const;
  void find_longest();
  void place_elements();
  void place_elements_of(Key key, Order& order);
  void find_misfits();
  void link_versions();
  void note_read_of(Key key, std::uint32_t value, std::uint32_t operation);
  void add_read_edges(EdgeList& edges, std::vector<std::uint64_t>& last_readers) const;
  void add_version_edges(EdgeList& edges, std::span<const std::uint64_t> last_readers) const;
  std::vector<std::uint32_t> unseen_writers(Key key) const;
  bool own(std::uint32_t transaction, const MicroOperation& read) const;
  std::uint32_t transaction_of(std::uint32_t operation) const;
  std::span<const std::uint32_t> longest(Key key) const;
  Evidence ww_evidence(std::uint32_t from, const MicroOperation& append) const;
  Evidence rw_evidence(const MicroOperation& read, std::uint32_t to) const;

  const TransactionHistory& history_;
  WriteIndex& writes_;
  Effective effective_;
  std::vector<Order> orders_;  // per key
  std::vector<Place> places_;
  std::vector<bool> misfit_;      // per operation
  std::vector<Garbage> garbage_;  // each (key, value) once, by its first read
  std::vector<Garbage> aborted_;  // values of failed transactions that were read
};

/// Position of the first element that was there before, or the size of the list.
std::uint32_t first_duplicate(std::span<const std::uint32_t> list);

}  // namespace faultline::transactions
