#include "checkers/log_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "checkers/flat_index.h"

namespace faultline::checkers {

namespace {

// The last record that was met in some order: its place in LogHistory::records, and its index in its partition.
struct Position {
  std::uint32_t record = no_row;
  std::uint32_t operation = no_row;
  std::uint32_t index = no_row;
};

// What one process does to one partition, in one direction.
struct Walk {
  Position position{};     // where its operations that have ended left off
  Position last_walked{};  // by the operation that began last
};

struct Track {
  std::uint32_t process_row = 0;
  std::uint32_t partition = 0;
  Walk sent{};
  Walk polled{};
  std::uint32_t forgotten_at = 0;  // event index: positions of polls that began earlier mean nothing
};

// An operation that has begun and will end.
struct UnderWay {
  std::uint32_t completion_index = 0;
  std::uint32_t operation = 0;
  std::uint32_t only_track = no_row;  // the one that it walks along, if there is just one

  // For a heap: the first to end is in front.
  bool operator<(const UnderWay& other) const { return completion_index > other.completion_index; }
};

struct Process {
  std::int32_t id = 0;
  std::uint32_t forgotten_at = 0;  // likewise, of all its tracks
  std::uint32_t latest_track = no_row;
  std::vector<UnderWay> under_way{};  // a heap
};

// Finds processes by their ids: in a table if these are dense, else in a hash index.
class ProcessTable {
 public:
  explicit ProcessTable(const Extent& ids) : ids_(ids), table_(ids.dense() ? ids.width() : 0, no_row) {}

  std::uint32_t row_of(std::int32_t id) {
    if (!table_.empty()) {
      std::uint32_t& row = table_[ids_.at(id)];
      if (row == no_row) row = add(id);
      return row;
    }
    const std::uint32_t row = hashed_.find(hash(id), [&](std::uint32_t at) { return rows_[at].id == id; });
    if (row != no_row) return row;
    hashed_.insert(hash(id), add(id), [&](std::uint32_t at) { return hash(rows_[at].id); });
    return static_cast<std::uint32_t>(rows_.size() - 1);
  }

  Process& operator[](std::uint32_t row) { return rows_[row]; }

 private:
  static std::uint64_t hash(std::int32_t id) { return FlatIndex::hash(0, static_cast<std::uint32_t>(id)); }

  std::uint32_t add(std::int32_t id) {
    rows_.push_back({.id = id});
    return static_cast<std::uint32_t>(rows_.size() - 1);
  }

  const Extent ids_;
  std::vector<std::uint32_t> table_;
  FlatIndex hashed_;
  std::vector<Process> rows_;
};

class OrderCheck {
 public:
  OrderCheck(const LogHistory& history, const LogModel& model, const std::vector<std::int64_t>& retained_from, FindingList& found)
      : history_(history), model_(model), found_(found), processes_(model.survey.processes) {
    for (std::uint32_t p = 0; p < retained_from.size(); ++p) {
      const auto begin = model.by_index.begin() + model.partition_base[p];
      const auto end = model.by_index.begin() + model.partition_base[p + 1];
      const auto first =
          std::partition_point(begin, end, [&](std::uint32_t row) { return model.offsets[row].offset < retained_from[p]; });
      first_owed_index_.push_back(static_cast<std::uint32_t>(first - begin));
    }
  }

  void run() {
    for_each_operation(history_, [&](std::uint32_t i, const LogOperation& operation) {
      const std::uint32_t row = processes_.row_of(operation.process);
      std::vector<UnderWay>& under_way = processes_[row].under_way;
      while (!under_way.empty() && under_way.front().completion_index < operation.invoke_index) {
        end(under_way.front(), row);
        std::pop_heap(under_way.begin(), under_way.end());
        under_way.pop_back();
      }
      const std::uint32_t only_track = begin(i, row);
      if (operation.completion_index == no_event) return;
      under_way.push_back({operation.completion_index, i, only_track});
      std::push_heap(under_way.begin(), under_way.end());
    });
  }

 private:
  // Consecutive records of a process are mostly of one partition.
  std::uint32_t track_row(std::uint32_t process_row, std::uint32_t partition) {
    std::uint32_t& row = processes_[process_row].latest_track;
    if (row != no_row && tracks_[row].partition == partition) return row;
    const std::uint64_t hash = FlatIndex::hash(process_row, partition);
    row = index_.find(
        hash, [&](std::uint32_t at) { return tracks_[at].partition == partition && tracks_[at].process_row == process_row; });
    if (row == no_row) {
      row = static_cast<std::uint32_t>(tracks_.size());
      tracks_.push_back({.process_row = process_row, .partition = partition});
      index_.insert(hash, row, [&](std::uint32_t at) { return FlatIndex::hash(tracks_[at].process_row, tracks_[at].partition); });
    }
    return row;
  }

  // Returns: the track that the operation walks along, if it is a send or a poll of one partition; else no_row.
  std::uint32_t begin(std::uint32_t index, std::uint32_t process_row) {
    const LogOperation& operation = history_.operations[index];
    if (!has_values(operation.kind)) return forget_for(operation, process_row, operation.invoke_index), no_row;
    if (operation.outcome != Outcome::ok) return no_row;
    const std::uint32_t sent = walk(index, process_row, history_.sent_range(operation), &Track::sent,
                                    [&](const Track&, const Position& from, const Position& to) { compare_sends(from, to); });
    if (operation.kind == OperationKind::send || operation.rebalanced) return sent;
    const std::uint32_t polled = walk(index, process_row, history_.polled_range(operation), &Track::polled,
                                      [&](const Track& at, const Position& from, const Position& to) {
                                        if (from.operation == index || usable(from, at)) compare_polls(from, to);
                                      });
    return operation.kind == OperationKind::poll ? polled : no_row;
  }

  void end(const UnderWay& ended, std::uint32_t process_row) {
    const LogOperation& operation = history_.operations[ended.operation];
    if (operation.rebalanced) {
      Process& whole = processes_[process_row];
      whole.forgotten_at = std::max(whole.forgotten_at, operation.invoke_index);
    }
    const auto side = operation.kind == OperationKind::send ? &Track::sent : &Track::polled;
    if (ended.only_track != no_row && (tracks_[ended.only_track].*side).last_walked.operation == ended.operation)
      return remember((tracks_[ended.only_track].*side).last_walked, tracks_[ended.only_track].*side);
    if (!has_values(operation.kind)) return forget_for(operation, process_row, operation.completion_index);
    if (operation.outcome != Outcome::ok) return forget(history_.polled_by(operation), process_row, operation.completion_index);
    remember(ended.operation, process_row, history_.sent_range(operation), &Track::sent);
    remember(ended.operation, process_row, history_.polled_range(operation), &Track::polled);
  }

  void forget_for(const LogOperation& operation, std::uint32_t process_row, std::uint32_t event) {
    switch (operation.kind) {
      case OperationKind::assign:
      case OperationKind::subscribe:
      case OperationKind::rebalance: processes_[process_row].forgotten_at = event; break;
      case OperationKind::seek: forget(history_.records_of(operation), process_row, event); break;
      case OperationKind::send:
      case OperationKind::poll:
      case OperationKind::txn:
      case OperationKind::commit:
      case OperationKind::offset_fetch: break;
    }
  }

  void forget(std::span<const LogRecord> listed, std::uint32_t process_row, std::uint32_t event) {
    for (const LogRecord& record : listed) tracks_[track_row(process_row, record.partition.value())].forgotten_at = event;
  }

  bool usable(const Position& position, const Track& at) {
    const std::uint32_t began = history_.operations[position.operation].invoke_index;
    return began >= at.forgotten_at && began >= processes_[at.process_row].forgotten_at;
  }

  // An ok operation: its first record in each partition continues the position, the others continue each other. What lies directly
  // behind the one before is in order whatever the rules. Returns: the only track, if all records are of one partition.
  template <class Compare>
  std::uint32_t walk(std::uint32_t index, std::uint32_t process_row, RecordRange range, Walk Track::* side, Compare compare) {
    std::uint32_t row = no_row;
    bool only = true;
    Position from;
    for (std::uint32_t r = range.begin; r < range.end; ++r) {
      const Position to{r, index, model_.index_of(r)};
      if (to.index == no_row) continue;
      const std::uint32_t partition = history_.records[r].partition.value();
      if (row == no_row || tracks_[row].partition != partition) {
        if (row != no_row) (tracks_[row].*side).last_walked = from;
        only = only && row == no_row;
        row = track_row(process_row, partition);
        const Walk& way = tracks_[row].*side;
        from = way.last_walked.operation == index ? way.last_walked : way.position;
      }
      if (from.record != no_row && to.index != from.index + 1) compare(tracks_[row], from, to);
      from = to;
    }
    if (row != no_row) (tracks_[row].*side).last_walked = from;
    return only ? row : no_row;
  }

  // The last record in each partition counts.
  void remember(std::uint32_t index, std::uint32_t process_row, RecordRange range, Walk Track::* side) {
    for (std::uint32_t r = range.begin; r < range.end;) {
      const std::uint32_t run = end_of_run(r, range.end);
      if (const std::uint32_t last = last_placed(r, run); last != no_row) {
        const std::uint32_t row = track_row(process_row, history_.records[r].partition.value());
        remember({last, index, model_.index_of(last)}, tracks_[row].*side);
      }
      r = run;
    }
  }

  static void remember(const Position& last, Walk& way) {
    if (way.position.record == no_row || way.position.operation <= last.operation) way.position = last;
  }

  // Where the records of one partition end that begin at `record`.
  std::uint32_t end_of_run(std::uint32_t record, std::uint32_t end) const {
    const PartitionId partition = history_.records[record].partition;
    while (record < end && history_.records[record].partition == partition) ++record;
    return record;
  }

  std::uint32_t last_placed(std::uint32_t begin, std::uint32_t end) const {
    for (; end > begin; --end) {
      if (model_.index_of(end - 1) != no_row) return end - 1;
    }
    return no_row;
  }

  void compare_polls(const Position& from, const Position& to) {
    const bool internal = from.operation == to.operation;
    if (to.index <= from.index) {
      report(internal ? anomaly::int_nonmonotonic_poll : anomaly::nonmonotonic_poll, "polled", "goes back", from, to);
      return;
    }
    const std::uint32_t partition = history_.records[to.record].partition.value();
    const std::uint32_t skipped = std::max(from.index + 1, first_owed_index_[partition]);
    if (skipped < to.index)
      report_skip(internal ? anomaly::int_poll_skip : anomaly::poll_skip, from, to, model_.at_index(partition, skipped));
  }

  void compare_sends(const Position& from, const Position& to) {
    const bool internal = from.operation == to.operation;
    if (to.index <= from.index) {
      report(internal ? anomaly::int_nonmonotonic_send : anomaly::nonmonotonic_send, "sent", "lies before it", from, to);
    } else if (internal && to.index > from.index + 1) {
      report(anomaly::int_send_skip, "sent", "does not follow it directly", from, to);
    }
  }

  static std::vector<std::uint32_t> witness_of(const Position& from, const Position& to) {
    return from.operation == to.operation ? std::vector{to.operation} : std::vector{from.operation, to.operation};
  }

  std::string place(std::uint32_t record) const {
    const LogRecord& at = history_.records[record];
    return at.offset == no_offset ? fmt::format("value {}", at.value) : fmt::format("value {} at offset {}", at.value, at.offset);
  }

  // "process 2 polled value 8 at offset 9 of t-0 in op 4 and then value 3 at offset 3 in op 6, which goes back"
  std::string walk(std::string_view verb, const Position& from, const Position& to) const {
    return fmt::format("process {} {} {} of {} in op {} and then {} in {}", history_.operations[to.operation].process, verb,
                       place(from.record), history_.partition_name(history_.records[to.record].partition), from.operation,
                       place(to.record), from.operation == to.operation ? "the same op" : fmt::format("op {}", to.operation));
  }

  void report(std::string_view name, std::string_view verb, std::string_view how, const Position& from, const Position& to) {
    found_.add(name, [&] {
      return Finding{.partition = history_.partitions[history_.records[to.record].partition.value()],
                     .witness = witness_of(from, to),
                     .text = fmt::format("{}, which {}", walk(verb, from, to), how)};
    });
  }

  void report_skip(std::string_view name, const Position& from, const Position& to, const LogModel::Offset& skipped) {
    found_.add(name, [&] {
      Finding finding{
          .partition = history_.partitions[skipped.partition],
          .witness = witness_of(from, to),
          .text = fmt::format("{}; it was not given value {} at offset {}, known from op {}", walk("polled", from, to),
                              model_.values[skipped.value_row].value, skipped.offset, skipped.operation)};
      if (std::find(finding.witness.begin(), finding.witness.end(), skipped.operation) == finding.witness.end()) {
        finding.witness.push_back(skipped.operation);
      }
      return finding;
    });
  }

  const LogHistory& history_;
  const LogModel& model_;
  FindingList& found_;
  std::vector<std::uint32_t> first_owed_index_;  // per partition
  ProcessTable processes_;
  std::vector<Track> tracks_;
  FlatIndex index_;  // of tracks
};

}  // namespace

void check_log_order(const LogHistory& history, const LogModel& model, const std::vector<std::int64_t>& retained_from,
                     FindingList& found) {
  OrderCheck(history, model, retained_from, found).run();
}

}  // namespace faultline::checkers
