// The inferences behind checkers/transactions/visibility.h: which commits must precede which, by the axioms of the three levels.
//
// Each is a pass over the transactions that calls a visitor with every forced order; the passes need no more memory than one block of
// vector clocks. Where "which keys did W write that T also read" is asked, the smaller of the two sets is walked, which keeps the whole in
// O(n * sqrt(n)).
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "checkers/transactions/register_reads.h"
#include "checkers/transactions/write_index.h"

namespace faultline::transactions {

/// A read of somebody else's value.
struct OutsideRead {
  Key key;
  std::uint32_t writer = no_transaction;  // a transaction that took effect, or the initial state
  Value value = nil;                      // the version that was read
};

/// `first` commits before `second`, since `reader` could see `first` and read `key`, which both wrote, from `second`.
struct ForcedOrder {
  std::uint32_t first = no_transaction;
  std::uint32_t second = no_transaction;
  std::uint32_t reader = no_transaction;
  Key key;
};

class VisibilityReads {
 public:
  /// `out_of_budget`: asked in the passes, which end early if it says so; empty: no budget. It must outlive this.
  VisibilityReads(const TransactionHistory& history, const WriteIndex& writes, const RegisterReads& reads,
                  const std::function<bool()>& out_of_budget);

  /// Whether some pass ended early.
  bool stopped() const { return stopped_; }
  /// From here on passes go on to their end.
  void ask_no_more() { asks_ = false; }

  /// Transactions, and the initial state as the last node.
  std::uint32_t node_count() const { return initial() + 1; }
  std::uint32_t initial() const { return static_cast<std::uint32_t>(history_.transactions.size()); }
  /// In the order of the transaction.
  std::span<const OutsideRead> reads_of(std::uint32_t t) const { return row(reads_, read_rows_, t); }
  /// The keys that `t` wrote, ascending.
  std::span<const Key> written_by(std::uint32_t t) const { return row(written_, written_rows_, t); }
  /// The ok transaction before `t` in its session, or no_transaction. A process whose transactions overlap is no session.
  std::uint32_t session_before(std::uint32_t t) const { return session_before_[t]; }

  /// Whom T read from earlier is visible to its later reads.
  template <class Visit>
  void infer_committed(Visit visit);
  /// Whom T read from is visible to all its reads; with `sessions`, so is what precedes it in its session.
  template <class Visit>
  void infer_atomic(bool sessions, Visit visit);
  /// Whether infer_causal is affordable: it takes transactions times sessions steps.
  bool causal_is_affordable() const { return std::uint64_t{initial()} * sessions_ <= causal_steps_max; }
  /// Everything that precedes T in sessions and wr is visible to its reads. Visits nothing if these two have a cycle.
  template <class Visit>
  void infer_causal(Visit visit);

 private:
  // How many transactions a pass goes through between two questions for the budget.
  static constexpr std::uint32_t transactions_per_look = 1u << 14;

  bool go_on(std::uint32_t t) {
    if (asks_ && t % transactions_per_look == 0 && out_of_budget_ && out_of_budget_()) stopped_ = true;
    return !stopped_;
  }

  static constexpr std::uint64_t causal_steps_max = 20'000'000'000;  // about ten seconds

  struct KeyMark {
    std::uint32_t transaction = no_transaction;
    std::uint32_t read = 0;  // an index into reads_of(transaction)
  };
  // A write in its session.
  struct SessionWrite {
    Key key;
    std::uint32_t session;
    std::uint32_t position;  // from 1
    std::uint32_t transaction;
    auto operator<=>(const SessionWrite&) const = default;
  };

  struct Session {
    std::uint32_t number = 0;
    std::uint32_t last = no_transaction;   // its last ok transaction so far
    std::uint32_t final = no_transaction;  // the last of all that took effect
    std::uint32_t length = 0;
    bool overlaps = false;
  };

  template <class T>
  std::span<const T> row(const std::vector<T>& items, const std::vector<std::uint32_t>& rows, std::uint32_t t) const {
    return std::span(items).subspan(rows[t], rows[t + 1] - rows[t]);
  }
  bool writes_key(std::uint32_t t, Key key) const {
    const auto keys = written_by(t);
    return std::binary_search(keys.begin(), keys.end(), key);
  }
  void collect_reads(const WriteIndex& writes, const RegisterReads& reads);
  const Write* write_seen(std::uint32_t t, const MicroOperation& operation, const WriteIndex& writes, bool& nothing) const;
  void collect_writes(const RegisterReads& reads);
  void collect_sessions(const RegisterReads& reads);
  void place_in_session(std::uint32_t t, Session& session);
  bool overlaps(std::uint32_t before, std::uint32_t t) const;
  std::vector<std::uint32_t> causal_order() const;
  void advance_clocks(std::span<const std::uint32_t> order, std::uint32_t first_session, std::uint32_t width);
  template <class Visit>
  void visit_shared_keys(std::uint32_t writer, std::span<const Key> keys, Visit visit) const;
  template <class Visit>
  void infer_from_clocks(std::uint32_t first_session, std::uint32_t width, Visit visit);
  template <class Visit>
  void infer_from_sessions(Visit visit);

  const TransactionHistory& history_;
  const std::function<bool()>& out_of_budget_;
  bool asks_ = true;
  bool stopped_ = false;
  std::vector<OutsideRead> reads_;
  std::vector<std::uint32_t> read_rows_;
  std::vector<Key> written_;
  std::vector<std::uint32_t> written_rows_;
  std::vector<std::uint32_t> session_before_;
  std::vector<std::uint32_t> session_;   // per transaction; no_transaction: none
  std::vector<std::uint32_t> position_;  // in its session, from 1
  std::uint32_t sessions_ = 0;
  std::vector<KeyMark> marks_;  // per key
  std::vector<Key> keys_read_;  // by the transaction at hand, each once
  std::vector<SessionWrite> session_writes_;
  std::vector<std::uint32_t> clocks_;  // per transaction and session of a block: the last position that precedes it
};

// Calls visit(key) for each of `keys` that `writer` wrote; `keys` are those marked with the transaction at hand.
template <class Visit>
void VisibilityReads::visit_shared_keys(std::uint32_t writer, std::span<const Key> keys, Visit visit) const {
  const auto written = written_by(writer);
  if (written.size() <= keys.size()) {
    for (const Key key : written) visit(key);
    return;
  }
  for (const Key key : keys) {
    if (writes_key(writer, key)) visit(key);
  }
}

template <class Visit>
void VisibilityReads::infer_committed(Visit visit) {
  marks_.assign(history_.keys.size(), {});
  std::vector<std::uint32_t> first_from(node_count(), no_transaction);  // per writer: the reader at hand, once met
  std::vector<bool> first;
  for (std::uint32_t t = 0; t < history_.transactions.size() && go_on(t); ++t) {
    const auto reads = reads_of(t);
    if (reads.size() < 2) continue;
    first.assign(reads.size(), false);
    for (std::size_t i = 0; i < reads.size(); ++i) {
      first[i] = first_from[reads[i].writer] != t;
      first_from[reads[i].writer] = t;
    }
    keys_read_.clear();
    // Backwards, so that the mark of a key is its next read. A writer counts from where it is first read; for its later reads the step
    // from one read of a key to the next does the rest.
    for (auto i = static_cast<std::uint32_t>(reads.size()); i-- > 0;) {
      const OutsideRead& read = reads[i];
      const auto force = [&](Key key) {
        const KeyMark& mark = marks_[key.value()];
        if (mark.transaction != t || reads[mark.read].writer == read.writer || read.writer == initial()) return;
        visit(ForcedOrder{read.writer, reads[mark.read].writer, t, key});
      };
      force(read.key);
      if (first[i] && read.writer != initial()) visit_shared_keys(read.writer, keys_read_, force);
      KeyMark& mark = marks_[read.key.value()];
      if (mark.transaction != t) keys_read_.push_back(read.key);
      mark = {t, i};
    }
  }
}

template <class Visit>
void VisibilityReads::infer_atomic(bool sessions, Visit visit) {
  marks_.assign(history_.keys.size(), {});
  std::vector<std::uint32_t> seen_writer(node_count(), no_transaction);
  for (std::uint32_t t = 0; t < history_.transactions.size() && go_on(t); ++t) {
    const auto reads = reads_of(t);
    keys_read_.clear();
    for (std::uint32_t i = 0; i < reads.size(); ++i) {
      KeyMark& mark = marks_[reads[i].key.value()];
      if (mark.transaction != t) {
        mark = {t, i};
        keys_read_.push_back(reads[i].key);
      } else if (reads[mark.read].writer != reads[i].writer && reads[mark.read].writer != initial()) {
        // Two versions of one key: each writer is visible and must precede the other, which the loop below does the other way round.
        visit(ForcedOrder{reads[mark.read].writer, reads[i].writer, t, reads[i].key});
      }
    }
    for (const OutsideRead& read : reads) {
      if (read.writer == initial() || seen_writer[read.writer] == t) continue;
      seen_writer[read.writer] = t;
      visit_shared_keys(read.writer, keys_read_, [&](Key key) {
        const KeyMark& mark = marks_[key.value()];
        if (mark.transaction != t || reads[mark.read].writer == read.writer) return;
        visit(ForcedOrder{read.writer, reads[mark.read].writer, t, key});
      });
    }
  }
  if (sessions) infer_from_sessions(visit);
}

template <class Visit>
void VisibilityReads::infer_from_clocks(std::uint32_t first_session, std::uint32_t width, Visit visit) {
  for (std::uint32_t t = 0; t < history_.transactions.size() && go_on(t); ++t) {
    const std::uint32_t* clock = &clocks_[std::size_t{t} * width];
    for (const OutsideRead& read : reads_of(t)) {
      // The writes of the key by the sessions of this block, session by session.
      auto it = std::lower_bound(session_writes_.begin(), session_writes_.end(), SessionWrite{read.key, first_session, 0, 0});
      while (it != session_writes_.end() && it->key == read.key && it->session < first_session + width) {
        const std::uint32_t session = it->session;
        const SessionWrite bound{read.key, session, clock[session - first_session], no_transaction};
        const auto end = std::upper_bound(it, session_writes_.end(), bound);
        if (end != it && std::prev(end)->transaction != read.writer) {
          visit(ForcedOrder{std::prev(end)->transaction, read.writer, t, read.key});
        }
        it = std::lower_bound(end, session_writes_.end(), SessionWrite{read.key, session + 1, 0, 0});
      }
    }
  }
}

template <class Visit>
void VisibilityReads::infer_causal(Visit visit) {
  const std::vector<std::uint32_t> order = causal_order();
  if (order.size() != history_.transactions.size()) return;
  // A block of sessions at a time, so that the clocks of all transactions fit into a bounded memory.
  constexpr std::size_t clock_entries_max = std::size_t{1} << 26;
  const std::size_t fit = clock_entries_max / std::max<std::size_t>(order.size(), 1);
  const auto width = static_cast<std::uint32_t>(std::clamp<std::size_t>(fit, 1, std::max(sessions_, 1u)));
  for (std::uint32_t first = 0; first < sessions_ && !stopped_; first += width) {
    advance_clocks(order, first, width);
    infer_from_clocks(first, width, visit);
  }
}

template <class Visit>
void VisibilityReads::infer_from_sessions(Visit visit) {
  for (std::uint32_t t = 0; t < history_.transactions.size() && go_on(t); ++t) {
    if (session_before_[t] == no_transaction) continue;
    const std::uint32_t before = session_before_[t];
    for (const OutsideRead& read : reads_of(t)) {
      const SessionWrite bound{read.key, session_[before], position_[before], no_transaction};
      const auto end = std::upper_bound(session_writes_.begin(), session_writes_.end(), bound);
      if (end == session_writes_.begin()) continue;
      const SessionWrite& last = *std::prev(end);
      if (last.key != read.key || last.session != session_[before] || last.transaction == read.writer) continue;
      visit(ForcedOrder{last.transaction, read.writer, t, read.key});
    }
  }
}

}  // namespace faultline::transactions
