// LogModel: what a history reveals about each partition's log; the tables on which the log checkers work.
//
// Rows instead of maps: a row for each value and each offset, and for each record of the history the two rows it belongs to.
// Everything that is not one-to-one (an offset with two values, a value at two offsets) goes to `conflicts`, which is empty in a
// healthy history. Offsets lie dense in a log, so that a partition's rows are its offsets from the lowest to the highest, and
// finding the row of one is a subtraction; rows that nothing is known of stay empty. Where they do not lie dense (a log compacted
// to a thousandth), a hash index takes over.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "checkers/flat_index.h"
#include "checkers/history.h"
#include "checkers/history_survey.h"
#include "checkers/verdict.h"

namespace faultline::checkers {

struct LogModel {
  struct Value {
    std::int64_t value = 0;
    std::uint32_t partition = 0;
    std::uint32_t writer = no_row;         // operation that sent it
    std::uint32_t first_ok_read = no_row;  // the ok poll that completed first among those that returned it
    std::uint32_t offset_row = no_row;     // the first of its offsets that was met, in order of operations
    std::uint32_t first_index = no_row;    // smallest and largest index among its offsets
    std::uint32_t last_index = no_row;
  };
  struct Offset {
    std::int64_t offset = 0;
    std::uint32_t partition = 0;
    std::uint32_t value_row = no_row;  // the first value met there; no_row: nothing is known of this offset
    std::uint32_t operation = no_row;  // ... and the operation that told
    std::uint32_t index = no_row;      // rank within the partition
  };
  /// A pair (offset, value) beyond the first of either.
  struct Conflict {
    std::uint32_t offset_row = 0;
    std::uint32_t value_row = 0;
    std::uint32_t operation = 0;

    bool operator==(const Conflict&) const = default;
    auto operator<=>(const Conflict&) const = default;
  };

  std::vector<Value> values;
  std::vector<Offset> offsets;
  std::vector<Conflict> conflicts;            // sorted; the earliest operation of each pair
  std::vector<std::uint32_t> value_rows;      // per record of the history that was sent or polled
  std::vector<std::uint32_t> offset_rows;     // per record; no_row if the record has no place in the log
  std::vector<bool> committed;                // per operation
  std::vector<std::uint32_t> by_index;        // offset rows of which something is known, by (partition, offset)
  std::vector<std::uint32_t> partition_base;  // where each partition starts in by_index; one more at the end

  /// The index of record `record` of the history: that of its offset, or else the first of its value; no_row if it has none.
  std::uint32_t index_of(std::uint32_t record) const {
    const std::uint32_t row = offset_rows[record];
    return row != no_row ? offsets[row].index : values[value_rows[record]].first_index;
  }
  const Offset& at_index(std::uint32_t partition, std::uint32_t index) const {
    return offsets[by_index[partition_base[partition] + index]];
  }
  std::uint32_t index_count(std::uint32_t partition) const { return partition_base[partition + 1] - partition_base[partition]; }

  HistorySurvey survey;
  /// Rows of values that an ok poll returned although they were never sent, by a send that failed, or only later; ascending.
  std::vector<std::uint32_t> unexplained_reads;
  std::vector<bool> read_partitions;    // per partition: an ok poll returned a record of it
  std::uint64_t acknowledged_read = 0;  // acknowledged values that an ok poll returned

  /// An ok poll that returned a record without saying its offset, if there is one.
  std::uint32_t placeless_read = no_row;

  /// Why the history cannot be judged at all: a value that was sent twice to one partition.
  std::optional<std::string> flaw;
};

LogModel build_log_model(const LogHistory& history);

/// measure_vacuity (checkers/log_checker.h) for who has the model already.
Vacuity measure_vacuity(const LogHistory& history, const LogModel& model);

}  // namespace faultline::checkers
