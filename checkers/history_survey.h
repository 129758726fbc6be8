// HistorySurvey: what one look at every operation tells, before any record is looked up.
//
// The operations of a large history are far more memory than any cache has, and which kind comes next cannot be predicted: each
// pass over them costs as much as a good part of the checking. So one pass collects what several steps need to know of each.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <vector>

#include "checkers/flat_index.h"
#include "checkers/history.h"

namespace faultline::checkers {

/// The smallest and largest of some numbers, and how many there are: can a table stand in for a hash index?
struct Extent {
  std::int64_t low = std::numeric_limits<std::int64_t>::max();
  std::int64_t high = std::numeric_limits<std::int64_t>::min();
  std::uint64_t count = 0;

  void add(std::int64_t number) { add(Extent{number, number, 1}); }
  void add(const Extent& other) {
    low = std::min(low, other.low);
    high = std::max(high, other.high);
    count += other.count;
  }
  /// The place of `number` in a table of all from `low` on.
  std::uint64_t at(std::int64_t number) const { return static_cast<std::uint64_t>(number) - static_cast<std::uint64_t>(low); }
  /// How many places such a table has, up to 2^64-1.
  std::uint64_t width() const { return count == 0 ? 0 : std::max(at(high), at(high) + 1); }
  bool dense() const { return count > 0 && is_dense(width(), count); }

  /// A table is dense enough if it has at most so many places per thing in it.
  static bool is_dense(std::uint64_t width, std::uint64_t count) { return width <= dense_factor * count + dense_slack; }

 private:
  static constexpr std::uint64_t dense_factor = 4;
  static constexpr std::uint64_t dense_slack = 64;
};

struct HistorySurvey {
  /// What operations of one kind and outcome amount to.
  struct Tally {
    std::uint64_t operations = 0;
    std::uint64_t sent = 0;    // records
    std::uint64_t polled = 0;  // records
  };
  struct Partition {
    Extent sent_values;
    Extent offsets;                     // of what was sent, and of the first and the last record of each poll
    bool acknowledged = false;          // an ok operation sent something there
    std::uint32_t final_read = no_row;  // the last ok final read that states its end
  };

  static constexpr auto kinds = static_cast<std::size_t>(OperationKind::offset_fetch) + 1;
  static constexpr auto outcomes = static_cast<std::size_t>(Outcome::indefinite) + 1;
  std::array<std::array<Tally, outcomes>, kinds> tallies{};
  std::vector<Partition> partitions;
  Extent processes;
  std::vector<std::uint32_t> exact_reads;  // ok operations that state an end, in order

  const Tally& tally(OperationKind kind, Outcome outcome) const {
    return tallies[static_cast<std::size_t>(kind)][static_cast<std::size_t>(outcome)];
  }
  /// How many operations there are of `kind`.
  std::uint64_t count(OperationKind kind) const {
    return tally(kind, Outcome::ok).operations + tally(kind, Outcome::fail).operations +
           tally(kind, Outcome::indefinite).operations;
  }
};

HistorySurvey survey(const LogHistory& history);

/// Calls visit(index, operation) for all operations in order, and asks ahead for the memory of those to come: that is what the time
/// of a pass is spent on.
template <class Visit>
void for_each_operation(const LogHistory& history, Visit visit) {
  constexpr std::size_t operations_ahead = 16;  // far enough for the farthest cache, near enough to be still there
  constexpr std::size_t records_ahead = 64;
  const auto count = static_cast<std::uint32_t>(history.operations.size());
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t record = history.operations[i].first_record + records_ahead;
    __builtin_prefetch(history.operations.data() + std::min<std::size_t>(i + operations_ahead, count));
    __builtin_prefetch(history.records.data() + std::min(record, history.records.size()));
    visit(i, history.operations[i]);
  }
}

}  // namespace faultline::checkers
