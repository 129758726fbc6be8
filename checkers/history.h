// A history: what clients of a partitioned log did and what they were told, and nothing else.
//
// The order of a history is the order of its *events* (an operation has two: its invocation and its completion), never its
// times: virtual times tie. Event indices are dense from 0, each used once. An operation without a completion, or with an
// indefinite one, may take effect at any time after its invocation, or never. `fail` is only for operations of which no attempt
// can have taken effect; a timeout, a broken connection and NOT_LEADER are indefinite.
//
// Flat on purpose: operations, records and names are three arrays, so that recording costs two pushes and the checkers run at
// memory speed. Values are unique per partition; that is the workload's duty and the checkers verify it.
// Its form on disk: checkers/history_jsonl.h.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/strong.h"
#include "base/time.h"

namespace faultline::checkers {

struct PartitionIdTag;
/// A partition of the history: an index into LogHistory::partitions.
using PartitionId = Strong<PartitionIdTag, std::uint32_t>;

/// The event index of a completion that never came.
inline constexpr std::uint32_t no_event = std::numeric_limits<std::uint32_t>::max();
/// The offset of a record whose place in the log the client was not told.
inline constexpr std::int64_t no_offset = -1;

enum class OperationKind : std::uint8_t {
  send,    // records to append; offsets are filled in by the completion
  poll,    // records returned, in the order they were returned
  assign,  // the consumer starts afresh: all of the process's positions are forgotten
  seek,    // the positions of the listed partitions are forgotten
};

enum class Outcome : std::uint8_t { ok, fail, indefinite };

std::string_view to_string(OperationKind kind);
std::string_view to_string(Outcome outcome);

/// One record that an operation sent or received. In an assign or a seek: a partition and the offset to go on from.
struct LogRecord {
  PartitionId partition;
  std::int64_t offset = no_offset;
  std::int64_t value = 0;

  bool operator==(const LogRecord&) const = default;
};

struct LogOperation {
  OperationKind kind = OperationKind::send;
  Outcome outcome = Outcome::indefinite;
  bool rebalanced = false;  // a poll in the middle of which partitions changed hands: positions before it mean nothing
  bool final_read = false;  // a poll made after all sends, to see what is left
  std::int32_t process = 0;
  std::uint32_t invoke_index = 0;
  std::uint32_t completion_index = no_event;
  Time invoked{};
  Time completed{};  // of an operation with a completion
  std::uint32_t first_record = 0;
  std::uint32_t record_count = 0;
  PartitionId end_partition;
  /// A poll's exact end: the log end of `end_partition` as ListOffsets(latest) gave it *inside* this operation, with everything
  /// below it that the log still has returned. An empty poll is not exact. no_offset if there is none.
  std::int64_t end_offset = no_offset;
  std::uint32_t error = 0;  // into LogHistory::errors; 0 is the empty one
};

/// A fault that was in force from `begin` to `end`; an instantaneous one has both equal.
struct FaultInterval {
  std::string name;    // "crash", "partition"
  std::string target;  // "node 0"
  Time begin{};
  Time end{};
};

struct LogHistory {
  std::vector<std::string> partitions;
  std::vector<LogOperation> operations;  // in order of invocation
  std::vector<LogRecord> records;        // those of one operation are neighbours
  std::vector<std::string> errors{""};
  std::vector<FaultInterval> faults;
  std::uint32_t event_count = 0;

  std::span<const LogRecord> records_of(const LogOperation& operation) const {
    return std::span(records).subspan(operation.first_record, operation.record_count);
  }
  std::string_view partition_name(PartitionId id) const { return partitions[id.value()]; }
  /// The id of the partition called `name`, if the history has one. Linear in the number of partitions.
  std::optional<PartitionId> find_partition(std::string_view name) const;
};

/// One event of a history: an operation's index, and which of its two events it is.
struct EventRef {
  std::uint32_t operation = no_event;
  bool completion = false;
};

/// The events of `history` in order. Requires: the indices are dense (a HistoryRecorder and the JSONL reader see to it).
std::vector<EventRef> events_in_order(const LogHistory& history);

/// One line for people: "op 34, process 2: send t-0[17] ok at offset 5 (1.203000 s to 1.207000 s)".
std::string describe(const LogHistory& history, std::uint32_t operation);

/// "1.203000 s".
std::string seconds_text(Time time);

struct OperationIdTag;
/// An operation of a recorder: the index it has in LogHistory::operations.
using OperationId = Strong<OperationIdTag, std::uint32_t>;

/// Builds a history while a workload runs. One thread; a process may have several operations under way.
class HistoryRecorder {
 public:
  /// The id of the partition called `name`; the same for the same name. Look it up once per partition, not per operation.
  PartitionId partition(std::string_view name);

  /// A send begins. `records` say what goes where; their offsets are ignored.
  OperationId invoke_send(std::int32_t process, Time now, std::span<const LogRecord> records);
  OperationId invoke_poll(std::int32_t process, Time now, bool final_read = false);
  /// An assign or a seek begins; `partitions` with the offset to go on from, or no_offset.
  OperationId invoke_positioning(OperationKind kind, std::int32_t process, Time now, std::span<const LogRecord> partitions);

  /// A send ends. `offsets`: one per record in the order of invoke_send, or no_offset; may be empty if none is known.
  void complete_send(OperationId id, Time now, Outcome outcome, std::span<const std::int64_t> offsets,
                     std::string_view error = {});
  /// A poll ends, with the records it returned in their order, even when the outcome is not ok.
  void complete_poll(OperationId id, Time now, Outcome outcome, std::span<const LogRecord> records, std::string_view error = {});
  /// An assign or a seek ends.
  void complete(OperationId id, Time now, Outcome outcome, std::string_view error = {});

  /// The exact end of a poll (see LogOperation::end_offset). Before or after its completion.
  void set_exact_end(OperationId id, PartitionId partition, std::int64_t end_offset);
  void set_rebalanced(OperationId id);

  void add_fault(FaultInterval fault) { history_.faults.push_back(std::move(fault)); }

  const LogHistory& history() const { return history_; }
  LogHistory take() &&;

 private:
  OperationId invoke(OperationKind kind, std::int32_t process, Time now, std::span<const LogRecord> records);
  LogOperation& finish(OperationId id, Time now, Outcome outcome, std::string_view error);

  LogHistory history_;
  std::unordered_map<std::string, PartitionId> partition_ids_;
  std::unordered_map<std::string, std::uint32_t> error_ids_;
};

}  // namespace faultline::checkers
