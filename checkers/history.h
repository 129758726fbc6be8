// A history: what clients of a partitioned log did and what they were told, and nothing else.
//
// Operations are single sends and polls, whole transactions that do both (Jepsen's Kafka workload calls them :txn), and what a
// member of a consumer group does: subscribe, be given partitions, commit offsets, ask for committed ones.
//
// The order of a history is the order of its *events* (an operation has two: its invocation and its completion), never its
// times: virtual times tie. Event indices are dense from 0, each used once. An operation without a completion, or with an
// indefinite one, may take effect at any time after its invocation, or never. `fail` is only for operations of which no attempt
// can have taken effect; a timeout, a broken connection and NOT_LEADER are indefinite.
//
// Flat on purpose: operations, records and names are three arrays, so that recording costs two pushes and the checkers run at
// memory speed. What few histories have (groups, keys, producers) lies in arrays of its own, which are empty without it.
// Values are unique per partition; that is the workload's duty and the checkers verify it.
// Its form on disk: docs/formats/history.md (checkers/formats/history_jsonl.h).
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
  send,          // records to append; offsets are filled in by the completion
  poll,          // records returned, in the order they were returned
  assign,        // the consumer starts afresh: all of the process's positions are forgotten
  seek,          // the positions of the listed partitions are forgotten
  txn,           // a whole transaction: records sent, then records polled; `ok` is committed, `fail` is certainly aborted
  subscribe,     // the process joins its group for the listed partitions; none: it leaves. Positions are forgotten
  rebalance,     // completes with what the process owns from then on, in the group's `generation`. Positions are forgotten
  commit,        // the group's position is to become the listed offsets (those of the next records to read)
  offset_fetch,  // completes with the group's committed offsets; no_offset: none is committed
};

enum class Outcome : std::uint8_t { ok, fail, indefinite };

std::string_view to_string(OperationKind kind);
std::string_view to_string(Outcome outcome);

/// One record that an operation sent or received. In all other kinds: a partition and an offset.
struct LogRecord {
  PartitionId partition;
  std::int64_t offset = no_offset;
  std::int64_t value = 0;

  bool operator==(const LogRecord&) const = default;
};

/// What is known of a record beyond its place and value. `key`, `bytes` and `tombstone` are those of the value, whoever tells
/// them; producer, epoch, sequence and timestamp are as the log holds them (a poll) or as they were sent (a send).
struct RecordAttributes {
  std::int64_t key = no_key;
  std::int64_t producer = -1;  // Kafka's producer id
  std::int32_t sequence = -1;  // of this record, not of its batch
  std::int16_t epoch = -1;     // of the producer
  bool tombstone = false;      // a null value: deletes its key in a compacted partition
  std::int32_t bytes = 0;      // its size as retention by size counts it
  Time timestamp = no_time;    // the record's

  static constexpr std::int64_t no_key = std::numeric_limits<std::int64_t>::min();
  static constexpr Time no_time = Time::min();

  bool operator==(const RecordAttributes&) const = default;
};

/// What few operations have: transactions and those of group members.
struct OperationDetails {
  std::uint32_t group = 0;       // into LogHistory::groups; 0 is the empty one. A poll or txn with one reads on behalf of it
  std::int32_t generation = -1;  // of the group, as the process believes it; a rebalance: the one it brought
  /// Of a txn: how many events had happened when its client asked to commit or abort. Until then it was certainly open.
  /// no_event if not recorded: it may have been asked for as soon as it was invoked.
  std::uint32_t decided_at = no_event;

  bool operator==(const OperationDetails&) const = default;
};

struct LogOperation {
  OperationKind kind = OperationKind::send;
  Outcome outcome = Outcome::indefinite;
  bool rebalanced : 1 = false;      // a poll in the middle of which partitions changed hands: positions before it mean nothing
  bool final_read : 1 = false;      // a poll made after all sends, to see what is left
  bool read_committed : 1 = false;  // its polls return what is committed, up to the last stable offset
  std::int32_t process = 0;
  std::uint32_t invoke_index = 0;
  std::uint32_t completion_index = no_event;
  Time invoked{};
  Time completed{};  // of an operation with a completion
  std::uint32_t first_record = 0;
  std::uint32_t record_count = 0;
  /// Of a txn: the first so many of its records were sent, the others polled. The order between a send and a poll of one
  /// transaction is not kept: no verdict depends on it.
  std::uint32_t sent_count = 0;
  PartitionId end_partition;
  /// A poll's exact end: the log end of `end_partition` as ListOffsets(latest) gave it *inside* this operation, with everything
  /// below it that the log still has returned. For a read_committed poll it is the last stable offset. An empty poll is not
  /// exact. no_offset if there is none.
  std::int64_t end_offset = no_offset;
  std::uint32_t error = 0;    // into LogHistory::errors; 0 is the empty one
  std::uint32_t details = 0;  // into LogHistory::details; 0 is the empty one
};
static_assert(sizeof(LogOperation) == 64);  // a cache line

/// A range of LogHistory::records.
struct RecordRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
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
  std::vector<LogOperation> operations;      // in order of invocation
  std::vector<LogRecord> records;            // those of one operation are neighbours
  std::vector<RecordAttributes> attributes;  // empty, or one per record
  std::vector<OperationDetails> details{{}};
  std::vector<std::string> groups{""};
  std::vector<std::string> errors{""};
  std::vector<FaultInterval> faults;
  std::uint32_t event_count = 0;

  std::span<const LogRecord> records_of(const LogOperation& operation) const {
    return std::span(records).subspan(operation.first_record, operation.record_count);
  }
  /// The records that an operation sent: all of a send, the first of a txn.
  RecordRange sent_range(const LogOperation& operation) const {
    const bool send = operation.kind == OperationKind::send;
    const std::uint32_t count = send ? operation.record_count : operation.kind == OperationKind::txn ? operation.sent_count : 0;
    return {operation.first_record, operation.first_record + count};
  }
  /// The records that an operation was given: all of a poll, the last of a txn.
  RecordRange polled_range(const LogOperation& operation) const {
    const std::uint32_t end = operation.first_record + operation.record_count;
    if (operation.kind == OperationKind::poll) return {operation.first_record, end};
    return {operation.kind == OperationKind::txn ? operation.first_record + operation.sent_count : end, end};
  }
  std::span<const LogRecord> records_in(RecordRange range) const {
    return std::span(records).subspan(range.begin, range.end - range.begin);
  }
  std::span<const LogRecord> sent_by(const LogOperation& operation) const { return records_in(sent_range(operation)); }
  std::span<const LogRecord> polled_by(const LogOperation& operation) const { return records_in(polled_range(operation)); }
  const OperationDetails& details_of(const LogOperation& operation) const { return details[operation.details]; }
  RecordAttributes attributes_of(std::uint32_t record) const {
    return record < attributes.size() ? attributes[record] : RecordAttributes{};
  }
  std::string_view partition_name(PartitionId id) const { return partitions[id.value()]; }
  /// The id of the partition called `name`, if the history has one. Linear in the number of partitions.
  std::optional<PartitionId> find_partition(std::string_view name) const;
};

/// Does it send, or poll, records: a send, a poll, a txn?
constexpr bool has_values(OperationKind kind) {
  return kind == OperationKind::send || kind == OperationKind::poll || kind == OperationKind::txn;
}

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

  /// A send begins. `records` say what goes where; their offsets are ignored. Here and below `attributes` is empty or has one row
  /// per record.
  OperationId invoke_send(std::int32_t process, Time now, std::span<const LogRecord> records,
                          std::span<const RecordAttributes> attributes = {});
  OperationId invoke_poll(std::int32_t process, Time now, bool final_read = false);
  /// A transaction begins that will send `records`.
  OperationId invoke_txn(std::int32_t process, Time now, std::span<const LogRecord> records,
                         std::span<const RecordAttributes> attributes = {});
  /// An assign, a seek, a subscribe or a commit begins; `partitions` with the offset to go on from, or no_offset.
  OperationId invoke_positioning(OperationKind kind, std::int32_t process, Time now, std::span<const LogRecord> partitions);
  /// A rebalance or an offset_fetch begins: its completion lists partitions.
  OperationId invoke_listing(OperationKind kind, std::int32_t process, Time now);

  /// A send ends. `offsets`: one per record in the order of invoke_send, or no_offset; may be empty if none is known.
  void complete_send(OperationId id, Time now, Outcome outcome, std::span<const std::int64_t> offsets,
                     std::string_view error = {});
  /// A poll ends, with the records it returned in their order, even when the outcome is not ok.
  void complete_poll(OperationId id, Time now, Outcome outcome, std::span<const LogRecord> records, std::string_view error = {},
                     std::span<const RecordAttributes> attributes = {});
  /// A transaction ends: `offsets` as in complete_send, `polled` as in complete_poll.
  void complete_txn(OperationId id, Time now, Outcome outcome, std::span<const std::int64_t> offsets,
                    std::span<const LogRecord> polled, std::string_view error = {},
                    std::span<const RecordAttributes> attributes = {});
  /// An assign, a seek, a subscribe or a commit ends.
  void complete(OperationId id, Time now, Outcome outcome, std::string_view error = {});
  /// A rebalance or an offset_fetch ends.
  void complete_listing(OperationId id, Time now, Outcome outcome, std::span<const LogRecord> partitions,
                        std::string_view error = {});

  /// The exact end of a poll (see LogOperation::end_offset). Before or after its completion.
  void set_exact_end(OperationId id, PartitionId partition, std::int64_t end_offset);
  void set_rebalanced(OperationId id);
  void set_read_committed(OperationId id);
  /// The operation belongs to `group`, whose generation its process believes to be `generation` (-1: it has none yet).
  void set_group(OperationId id, std::string_view group, std::int32_t generation = -1);
  /// The client of a txn asks, now, to commit or to abort it.
  void set_decided(OperationId id);
  /// For who replays a history: `set_decided` as of `events` events.
  void set_decided(OperationId id, std::uint32_t events);

  void add_fault(FaultInterval fault) { history_.faults.push_back(std::move(fault)); }

  const LogHistory& history() const { return history_; }
  LogHistory take() &&;

 private:
  OperationId invoke(OperationKind kind, std::int32_t process, Time now, std::span<const LogRecord> records,
                     std::span<const RecordAttributes> attributes);
  LogOperation& finish(OperationId id, Time now, Outcome outcome, std::string_view error);
  void add_records(LogOperation& operation, std::span<const LogRecord> records, std::span<const RecordAttributes> attributes);
  void fill_in_offsets(const LogOperation& operation, std::span<const std::int64_t> offsets);
  OperationDetails& details_of(OperationId id);

  LogHistory history_;
  std::unordered_map<std::string, PartitionId> partition_ids_;
  std::unordered_map<std::string, std::uint32_t> error_ids_;
  std::unordered_map<std::string, std::uint32_t> group_ids_;
};

}  // namespace faultline::checkers
