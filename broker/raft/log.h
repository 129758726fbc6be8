// The part of the log that is in memory: everything behind the point up to which it was discarded.
//
// A metadata log is short between two snapshots, so all of it stays here: terms are looked up and followers are served without a disk
// read, and the core stays pure. Payloads are shared slices.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "broker/raft/types.h"

namespace faultline::raft {

class Log {
 public:
  Log() = default;
  /// A log that begins behind `base`. Requires: `entries` are consecutive and begin right behind it.
  Log(Position base, std::vector<Entry> entries);

  /// The last entry, or base() if there is none.
  Position last() const { return entries_.empty() ? base_ : entries_.back().at; }
  /// The last entry that is no longer here; its term is still known.
  Position base() const { return base_; }
  bool empty() const { return entries_.empty(); }

  /// Nothing: below base() or behind last().
  std::optional<Term> term_at(Index index) const;
  bool has(const Position& position) const { return term_at(position.index) == position.term; }
  /// Requires: base().index < index <= last().index.
  const Entry& at(Index index) const;

  /// The greatest position with an index not above and a term not above those of `bound`; base() if all are above.
  Position last_not_after(const Position& bound) const;

  /// Entries [first, last], at most `max_bytes` of them, but one at least. Requires: first is here.
  std::vector<Entry> read(Index first, Index last, std::size_t max_bytes) const;

  /// Requires: entry.at.index is right behind last(), its term is not lower.
  void append(Entry entry);
  /// Requires: base().index <= index.
  void truncate_to(Index index);
  /// Drops entries up to `index`. Requires: base().index <= index <= last().index.
  void discard_to(Index index);
  /// Drops everything; the log begins behind `base`.
  void reset(Position base);

 private:
  Position base_;
  std::deque<Entry> entries_;
};

}  // namespace faultline::raft
