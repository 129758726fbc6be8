#include "checkers/log_order.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "checkers/flat_index.h"

namespace faultline::checkers {

namespace {

// The key of what concerns a process as a whole.
constexpr std::uint32_t all_partitions = no_row;

struct Position {
  std::uint32_t record = no_row;  // the last record, by its place in LogHistory::records
  std::uint32_t operation = no_row;
};

// What one process does to one partition, in one direction.
struct Walk {
  Position position{};
  std::uint32_t walking = no_row;      // the operation whose records are being walked through
  std::uint32_t last_walked = no_row;  // its last record in this partition with an index
};

struct Track {
  std::int32_t process = 0;
  std::uint32_t partition = 0;
  Walk sent{};
  Walk polled{};
  std::uint32_t forgotten_at = 0;  // event index: positions of polls that began earlier mean nothing
};

class OrderCheck {
 public:
  OrderCheck(const LogHistory& history, const LogModel& model, const std::vector<std::int64_t>& retained_from, FindingList& found)
      : history_(history), model_(model), found_(found) {
    for (std::uint32_t p = 0; p < retained_from.size(); ++p) {
      const auto begin = model.by_index.begin() + model.partition_base[p];
      const auto end = model.by_index.begin() + model.partition_base[p + 1];
      const auto first =
          std::partition_point(begin, end, [&](std::uint32_t row) { return model.offsets[row].offset < retained_from[p]; });
      first_owed_index_.push_back(static_cast<std::uint32_t>(first - begin));
    }
  }

  void run() {
    const std::vector<EventRef> events = events_in_order(history_);
    for (std::uint32_t event = 0; event < events.size(); ++event) {
      const std::uint32_t index = events[event].operation;
      const LogOperation& operation = history_.operations[index];
      switch (operation.kind) {
        case OperationKind::assign:
        case OperationKind::subscribe:
        case OperationKind::rebalance: track(operation.process, all_partitions).forgotten_at = event; break;
        case OperationKind::seek: forget(operation.process, history_.records_of(operation), event); break;
        case OperationKind::send:
        case OperationKind::poll:
        case OperationKind::txn:
          if (!events[event].completion) {
            begin(index);
          } else {
            end(index, event);
          }
          break;
        case OperationKind::commit:
        case OperationKind::offset_fetch: break;
      }
    }
  }

 private:
  static std::uint64_t key(std::int32_t process, std::uint32_t partition) {
    return FlatIndex::hash(static_cast<std::uint64_t>(static_cast<std::uint32_t>(process)), partition);
  }

  Track& track(std::int32_t process, std::uint32_t partition) {
    const std::uint64_t hash = key(process, partition);
    std::uint32_t row =
        index_.find(hash, [&](std::uint32_t at) { return tracks_[at].partition == partition && tracks_[at].process == process; });
    if (row == no_row) {
      row = static_cast<std::uint32_t>(tracks_.size());
      tracks_.push_back({.process = process, .partition = partition});
      index_.insert(hash, row, [&](std::uint32_t at) { return key(tracks_[at].process, tracks_[at].partition); });
    }
    return tracks_[row];
  }

  void forget(std::int32_t process, std::span<const LogRecord> listed, std::uint32_t event) {
    for (const LogRecord& record : listed) track(process, record.partition.value()).forgotten_at = event;
  }

  bool usable(const Position& position, const Track& at, std::uint32_t process_forgotten_at) const {
    const std::uint32_t began = history_.operations[position.operation].invoke_index;
    return began >= at.forgotten_at && began >= process_forgotten_at;
  }

  // An ok operation begins: its first record in each partition continues the position, the others continue each other.
  void begin(std::uint32_t index) {
    const LogOperation& operation = history_.operations[index];
    if (operation.outcome != Outcome::ok) return;
    walk(index, history_.sent_range(operation), &Track::sent,
         [&](const Track&, Position from, Position to) { compare_sends(from, to); });
    if (operation.rebalanced || operation.kind == OperationKind::send) return;
    const std::uint32_t process_forgotten_at = track(operation.process, all_partitions).forgotten_at;
    walk(index, history_.polled_range(operation), &Track::polled, [&](const Track& at, Position from, Position to) {
      if (from.operation == index || usable(from, at, process_forgotten_at)) compare_polls(from, to);
    });
  }

  // Consecutive records are mostly of one partition: its track is looked up once.
  template <class Compare>
  void walk(std::uint32_t index, RecordRange range, Walk Track::* side, Compare compare) {
    const std::int32_t process = history_.operations[index].process;
    Track* at = nullptr;
    for (std::uint32_t r = range.begin; r < range.end; ++r) {
      if (model_.index_of(r) == no_row) continue;
      const std::uint32_t partition = model_.values[model_.value_rows[r]].partition;
      if (at == nullptr || at->partition != partition) at = &track(process, partition);
      Walk& way = at->*side;
      if (way.walking == index) {
        compare(*at, {way.last_walked, index}, {r, index});
      } else if (way.position.record != no_row) {
        compare(*at, way.position, {r, index});
      }
      way.walking = index;
      way.last_walked = r;
    }
  }

  void end(std::uint32_t index, std::uint32_t event) {
    const LogOperation& operation = history_.operations[index];
    if (operation.rebalanced) {
      Track& whole = track(operation.process, all_partitions);
      whole.forgotten_at = std::max(whole.forgotten_at, operation.invoke_index);
    }
    if (operation.outcome != Outcome::ok) return forget(operation.process, history_.polled_by(operation), event);
    remember(index, history_.sent_range(operation), &Track::sent);
    remember(index, history_.polled_range(operation), &Track::polled);
  }

  // The last record in each partition counts.
  void remember(std::uint32_t index, RecordRange range, Walk Track::* side) {
    const std::int32_t process = history_.operations[index].process;
    for (std::uint32_t r = range.begin; r < range.end;) {
      const std::uint32_t run = end_of_run(r, range.end);
      if (const std::uint32_t last = last_placed(r, run); last != no_row) {
        Position& position = (track(process, history_.records[r].partition.value()).*side).position;
        if (position.record == no_row || position.operation <= index) position = {last, index};
      }
      r = run;
    }
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

  void compare_polls(Position from, Position to) {
    const std::uint32_t before = model_.index_of(from.record);
    const std::uint32_t after = model_.index_of(to.record);
    const bool internal = from.operation == to.operation;
    if (after <= before) {
      report(internal ? anomaly::int_nonmonotonic_poll : anomaly::nonmonotonic_poll, "polled", "goes back", from, to);
      return;
    }
    const std::uint32_t partition = history_.records[to.record].partition.value();
    const std::uint32_t skipped = std::max(before + 1, first_owed_index_[partition]);
    if (skipped < after)
      report_skip(internal ? anomaly::int_poll_skip : anomaly::poll_skip, from, to, model_.at_index(partition, skipped));
  }

  void compare_sends(Position from, Position to) {
    const std::uint32_t before = model_.index_of(from.record);
    const std::uint32_t after = model_.index_of(to.record);
    const bool internal = from.operation == to.operation;
    if (after <= before) {
      report(internal ? anomaly::int_nonmonotonic_send : anomaly::nonmonotonic_send, "sent", "lies before it", from, to);
    } else if (internal && after > before + 1) {
      report(anomaly::int_send_skip, "sent", "does not follow it directly", from, to);
    }
  }

  static std::vector<std::uint32_t> witness_of(Position from, Position to) {
    return from.operation == to.operation ? std::vector{to.operation} : std::vector{from.operation, to.operation};
  }

  std::string place(std::uint32_t record) const {
    const LogRecord& at = history_.records[record];
    return at.offset == no_offset ? fmt::format("value {}", at.value) : fmt::format("value {} at offset {}", at.value, at.offset);
  }

  // "process 2 polled value 8 at offset 9 of t-0 in op 4 and then value 3 at offset 3 in op 6, which goes back"
  std::string walk(std::string_view verb, Position from, Position to) const {
    return fmt::format("process {} {} {} of {} in op {} and then {} in {}", history_.operations[to.operation].process, verb,
                       place(from.record), history_.partition_name(history_.records[to.record].partition), from.operation,
                       place(to.record), from.operation == to.operation ? "the same op" : fmt::format("op {}", to.operation));
  }

  void report(std::string_view name, std::string_view verb, std::string_view how, Position from, Position to) {
    found_.add(name, [&] {
      return Finding{.partition = history_.partitions[history_.records[to.record].partition.value()],
                     .witness = witness_of(from, to),
                     .text = fmt::format("{}, which {}", walk(verb, from, to), how)};
    });
  }

  void report_skip(std::string_view name, Position from, Position to, const LogModel::Offset& skipped) {
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
  std::vector<Track> tracks_;
  FlatIndex index_;
};

}  // namespace

void check_log_order(const LogHistory& history, const LogModel& model, const std::vector<std::int64_t>& retained_from,
                     FindingList& found) {
  OrderCheck(history, model, retained_from, found).run();
}

}  // namespace faultline::checkers
