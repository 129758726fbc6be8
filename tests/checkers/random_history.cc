#include "random_history.h"

#include <algorithm>
#include <array>

#include "checkers/verdict.h"
#include "script.h"

namespace faultline::checkers {

namespace {

constexpr std::array<std::int32_t, 3> processes{1, 2, 3};

Outcome draw_outcome(RandomStream& random) {
  const std::uint64_t draw = random.below(8);
  return draw < 5 ? Outcome::ok : draw < 7 ? Outcome::indefinite : Outcome::fail;
}

std::vector<LogRecord> nonsense_records(RandomStream& random, std::uint64_t values) {
  std::vector<LogRecord> records;
  const std::uint64_t count = random.below(4);
  for (std::uint64_t i = 0; i < count; ++i) {
    LogRecord record;
    record.partition = PartitionId(static_cast<std::uint32_t>(random.below(2)));
    record.offset = random.chance({1, 10}) ? no_offset : random.between(std::int64_t{0}, std::int64_t{5});
    record.value = static_cast<std::int64_t>(random.below(values + 1));
    records.push_back(record);
  }
  return records;
}

// Writes nonsense: operations begin, and end in any order or not at all.
class Nonsense {
 public:
  explicit Nonsense(RandomStream& random) : random_(random) { script_.partition(1); }

  LogHistory run() {
    const std::uint64_t steps = 4 + random_.below(24);
    for (std::uint64_t i = 0; i < steps; ++i) {
      if (!open_.empty() && random_.chance({3, 5})) {
        end_one();
      } else {
        begin_one();
      }
    }
    return script_.history();
  }

 private:
  void begin_one() {
    const std::int32_t process = random_.pick(std::span<const std::int32_t>(processes));
    const std::uint64_t draw = random_.below(12);
    if (draw < 5) {
      std::vector<LogRecord> records = nonsense_records(random_, 0);
      for (LogRecord& record : records) record.value = static_cast<std::int64_t>(next_value_++);
      if (random_.chance({1, 4})) {
        open_.push_back({script_.recorder().invoke_txn(process, script_.tick(), records), OperationKind::txn, records.size()});
      } else {
        open_.push_back({script_.recorder().invoke_send(process, script_.tick(), records), OperationKind::send, records.size()});
      }
    } else if (draw < 11) {
      open_.push_back({script_.recorder().invoke_poll(process, script_.tick(), random_.chance({1, 4})), OperationKind::poll, 0});
    } else {
      const OperationKind kind = random_.chance({1, 2}) ? OperationKind::assign : OperationKind::seek;
      const std::vector<LogRecord> records = nonsense_records(random_, 0);
      open_.push_back({script_.recorder().invoke_positioning(kind, process, script_.tick(), records), kind, 0});
    }
  }

  void end_one() {
    const std::size_t chosen = random_.below(open_.size());
    const Open open = open_[chosen];
    open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(chosen));
    const Outcome outcome = draw_outcome(random_);
    const Time now = script_.tick();
    HistoryRecorder& recorder = script_.recorder();
    if (open.kind == OperationKind::send || open.kind == OperationKind::txn) {
      std::vector<std::int64_t> offsets;
      for (std::size_t i = 0; i < open.records; ++i) offsets.push_back(random_.between(std::int64_t{-1}, std::int64_t{5}));
      if (open.kind == OperationKind::send) return recorder.complete_send(open.id, now, outcome, offsets);
      recorder.complete_txn(open.id, now, outcome, offsets, nonsense_records(random_, next_value_));
    } else if (open.kind == OperationKind::poll) {
      if (random_.chance({1, 8})) recorder.set_rebalanced(open.id);
      if (random_.chance({1, 3})) recorder.set_exact_end(open.id, PartitionId(static_cast<std::uint32_t>(random_.below(2))), 3);
      recorder.complete_poll(open.id, now, outcome, nonsense_records(random_, next_value_));
    } else {
      recorder.complete(open.id, now, outcome);
    }
  }

  struct Open {
    OperationId id;
    OperationKind kind = OperationKind::send;
    std::size_t records = 0;
  };

  RandomStream& random_;
  Script script_;
  std::vector<Open> open_;
  std::uint64_t next_value_ = 0;
};

class Sound {
 public:
  explicit Sound(RandomStream& random) : random_(random) { script_.partition(1); }

  LogHistory run() {
    const std::uint64_t steps = 20 + random_.below(40);
    for (std::uint64_t i = 0; i < steps; ++i) {
      if (random_.chance({1, 2})) {
        send();
      } else {
        poll();
      }
    }
    for (std::uint32_t p = 0; p < 2; ++p) script_.final_poll(9, log_[p], static_cast<std::int64_t>(log_[p].size()), p);
    return script_.history();
  }

 private:
  void send() {
    const std::int32_t process = random_.pick(std::span<const std::int32_t>(processes));
    const auto p = static_cast<std::uint32_t>(random_.below(2));
    const Outcome outcome = draw_outcome(random_);
    const bool appended = outcome == Outcome::ok || (outcome == Outcome::indefinite && random_.chance({1, 2}));
    std::vector<At> records;
    const std::uint64_t count = 1 + random_.below(3);
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::int64_t value = next_value_++;
      records.push_back({outcome == Outcome::ok ? static_cast<std::int64_t>(log_[p].size()) : no_offset, value});
      if (appended) log_[p].push_back({static_cast<std::int64_t>(log_[p].size()), value});
    }
    script_.send_all(process, records, outcome, p);
  }

  void poll() {
    const std::size_t consumer = random_.below(3);
    const auto p = static_cast<std::uint32_t>(random_.below(2));
    const auto process = static_cast<std::int32_t>(4 + consumer);
    std::size_t& position = position_[consumer][p];
    if (random_.chance({1, 12})) {
      script_.position(OperationKind::seek, process, p);
      position = random_.below(log_[p].size() + 1);
    }
    const std::size_t count = std::min<std::size_t>(log_[p].size() - position, random_.below(5));
    const auto begin = log_[p].begin() + static_cast<std::ptrdiff_t>(position);
    script_.poll(process, std::vector<At>(begin, begin + static_cast<std::ptrdiff_t>(count)), Outcome::ok, p);
    position += count;
  }

  RandomStream& random_;
  Script script_;
  std::array<std::vector<At>, 2> log_;
  std::array<std::array<std::size_t, 2>, 3> position_{};
  std::int64_t next_value_ = 0;
};

// A random record of an ok operation of `kind` for which `fits` holds, by its place; or the number of records.
template <class Fits>
std::size_t pick_record(const LogHistory& history, RandomStream& random, OperationKind kind, Fits fits) {
  std::vector<std::size_t> candidates;
  for (const LogOperation& operation : history.operations) {
    if (operation.kind != kind || operation.outcome != Outcome::ok) continue;
    for (std::size_t r = operation.first_record; r < operation.first_record + operation.record_count; ++r) {
      if (fits(operation, history.records[r])) candidates.push_back(r);
    }
  }
  return candidates.empty() ? history.records.size() : candidates[random.below(candidates.size())];
}

bool any(const LogOperation&, const LogRecord&) { return true; }

bool is_acknowledged(const LogHistory& history, const LogRecord& record) {
  return std::any_of(history.operations.begin(), history.operations.end(), [&](const LogOperation& operation) {
    const auto records = history.records_of(operation);
    return operation.kind == OperationKind::send && operation.outcome == Outcome::ok &&
           std::find(records.begin(), records.end(), record) != records.end();
  });
}

// Takes a value out of every poll. The operations' record ranges shrink; the gaps between them do no harm.
void hide(LogHistory& history, const LogRecord& hidden) {
  for (LogOperation& operation : history.operations) {
    if (operation.kind != OperationKind::poll) continue;
    const auto begin = history.records.begin() + operation.first_record;
    const auto end = std::remove(begin, begin + operation.record_count, hidden);
    operation.record_count = static_cast<std::uint32_t>(end - begin);
  }
}

std::int64_t length_of(const LogHistory& history, PartitionId partition) {
  std::int64_t length = 0;
  for (const LogOperation& operation : history.operations) {
    if (operation.end_offset != no_offset && operation.end_partition == partition) length = operation.end_offset;
  }
  return length;
}

bool plant_lost_write(LogHistory& history, RandomStream& random) {
  const std::size_t at = pick_record(history, random, OperationKind::send, [&](const LogOperation&, const LogRecord& record) {
    return record.offset + 1 < length_of(history, record.partition);
  });
  if (at == history.records.size()) return false;
  hide(history, LogRecord(history.records[at]));
  return true;
}

bool plant_unseen(LogHistory& history, RandomStream& random) {
  const std::size_t at = pick_record(history, random, OperationKind::send, [&](const LogOperation&, const LogRecord& record) {
    return record.offset + 1 == length_of(history, record.partition);
  });
  if (at == history.records.size()) return false;
  hide(history, LogRecord(history.records[at]));
  return true;
}

bool plant_inconsistent_offsets(LogHistory& history, RandomStream& random) {
  const std::size_t at = pick_record(history, random, OperationKind::poll, [&](const LogOperation&, const LogRecord& record) {
    return record.offset + 1 < length_of(history, record.partition);
  });
  if (at == history.records.size()) return false;
  ++history.records[at].offset;
  return true;
}

// A poll sees an acknowledged record further on than its send was told.
bool plant_duplicate(LogHistory& history, RandomStream& random) {
  const std::size_t at = pick_record(history, random, OperationKind::send, any);
  if (at == history.records.size()) return false;
  const auto copy = std::find(history.records.rbegin(), history.records.rend(), history.records[at]);
  copy->offset = length_of(history, copy->partition) + 1;
  return true;
}

bool plant_aborted_read(LogHistory& history, RandomStream& random) {
  const std::size_t at = pick_record(history, random, OperationKind::send, any);
  if (at == history.records.size()) return false;
  for (LogOperation& operation : history.operations) {
    if (at >= operation.first_record && at < operation.first_record + operation.record_count) operation.outcome = Outcome::fail;
  }
  return true;
}

bool plant_garbage_read(LogHistory& history, RandomStream& random) {
  const std::size_t at = pick_record(history, random, OperationKind::poll, any);
  if (at == history.records.size()) return false;
  history.records[at].value = 1000000;
  return true;
}

bool plant_skip(LogHistory& history, RandomStream& random) {
  const std::size_t at =
      pick_record(history, random, OperationKind::poll, [&](const LogOperation& operation, const LogRecord& record) {
        const auto records = history.records_of(operation);
        return records.size() > 2 && !(record == records.front()) && !(record == records.back()) &&
               is_acknowledged(history, record);
      });
  if (at == history.records.size()) return false;
  for (LogOperation& operation : history.operations) {
    if (at < operation.first_record || at >= operation.first_record + operation.record_count) continue;
    const auto begin = history.records.begin() + static_cast<std::ptrdiff_t>(at);
    std::move(begin + 1, history.records.begin() + operation.first_record + operation.record_count, begin);
    --operation.record_count;
    return true;
  }
  return false;
}

bool plant_int_nonmonotonic_poll(LogHistory& history, RandomStream& random) {
  const std::size_t at = pick_record(
      history, random, OperationKind::poll,
      [&](const LogOperation& operation, const LogRecord& record) { return !(record == history.records_of(operation).back()); });
  if (at == history.records.size()) return false;
  std::swap(history.records[at], history.records[at + 1]);
  return true;
}

// The operation after the one that `process` made first and that has records becomes a repetition of it.
bool plant_nonmonotonic_poll(LogHistory& history, RandomStream& random) {
  const std::int32_t process = static_cast<std::int32_t>(4 + random.below(3));
  const LogOperation* before = nullptr;
  for (LogOperation& operation : history.operations) {
    if (operation.process != process) continue;
    if (operation.kind != OperationKind::poll) before = nullptr;
    if (operation.kind != OperationKind::poll || operation.record_count == 0) continue;
    if (before != nullptr &&
        history.records[before->first_record].partition == history.records[operation.first_record].partition) {
      operation.first_record = before->first_record;
      operation.record_count = before->record_count;
      return true;
    }
    before = &operation;
  }
  return false;
}

}  // namespace

LogHistory nonsense_history(RandomStream& random) { return Nonsense(random).run(); }

LogHistory sound_history(RandomStream& random) { return Sound(random).run(); }

const std::vector<Plant>& plants() {
  static const std::vector<Plant> all{
      {anomaly::lost_write, plant_lost_write},
      {anomaly::unseen, plant_unseen},
      {anomaly::inconsistent_offsets, plant_inconsistent_offsets},
      {anomaly::duplicate, plant_duplicate},
      {anomaly::aborted_read, plant_aborted_read},
      {anomaly::garbage_read, plant_garbage_read},
      {anomaly::int_poll_skip, plant_skip},
      {anomaly::int_nonmonotonic_poll, plant_int_nonmonotonic_poll},
      {anomaly::nonmonotonic_poll, plant_nonmonotonic_poll},
  };
  return all;
}

}  // namespace faultline::checkers
