// Script: writes small histories by hand. Partitions are "t-0", "t-1", ...; every event takes one millisecond.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <vector>

#include "checkers/history.h"

namespace faultline::checkers {

/// Offset and value of a record.
struct At {
  std::int64_t offset = no_offset;
  std::int64_t value = 0;
};

class Script {
 public:
  /// A send of one value, whole: invoked and ended. Partition 0 unless `on` says otherwise.
  OperationId send(std::int32_t process, At record, Outcome outcome = Outcome::ok, std::uint32_t on = 0) {
    return send_all(process, {record}, outcome, on);
  }
  OperationId send_all(std::int32_t process, std::vector<At> records, Outcome outcome = Outcome::ok, std::uint32_t on = 0) {
    const OperationId id = begin_send(process, records, on);
    end_send(id, records, outcome);
    return id;
  }
  OperationId begin_send(std::int32_t process, const std::vector<At>& records, std::uint32_t on = 0) {
    return recorder_.invoke_send(process, tick(), rows(records, on));
  }
  void end_send(OperationId id, const std::vector<At>& records, Outcome outcome = Outcome::ok) {
    std::vector<std::int64_t> offsets;
    for (const At& record : records) offsets.push_back(record.offset);
    recorder_.complete_send(id, tick(), outcome, offsets);
  }

  OperationId poll(std::int32_t process, std::vector<At> records, Outcome outcome = Outcome::ok, std::uint32_t on = 0) {
    const OperationId id = recorder_.invoke_poll(process, tick());
    recorder_.complete_poll(id, tick(), outcome, rows(records, on));
    return id;
  }
  OperationId begin_poll(std::int32_t process) { return recorder_.invoke_poll(process, tick()); }
  void end_poll(OperationId id, std::vector<At> records, Outcome outcome = Outcome::ok, std::uint32_t on = 0) {
    recorder_.complete_poll(id, tick(), outcome, rows(records, on));
  }
  /// The last poll of a partition, which found its end at `end`.
  OperationId final_poll(std::int32_t process, std::vector<At> records, std::int64_t end, std::uint32_t on = 0) {
    const OperationId id = recorder_.invoke_poll(process, tick(), true);
    recorder_.set_exact_end(id, partition(on), end);
    recorder_.complete_poll(id, tick(), Outcome::ok, rows(records, on));
    return id;
  }

  void position(OperationKind kind, std::int32_t process, std::uint32_t on = 0) {
    const LogRecord listed{partition(on), no_offset, 0};
    const OperationId id = recorder_.invoke_positioning(kind, process, tick(), std::span(&listed, 1));
    recorder_.complete(id, tick(), Outcome::ok);
  }

  PartitionId partition(std::uint32_t number) {
    while (recorder_.history().partitions.size() <= number) {
      recorder_.partition("t-" + std::to_string(recorder_.history().partitions.size()));
    }
    return PartitionId(number);
  }
  HistoryRecorder& recorder() { return recorder_; }
  Time tick() { return now_ += 1ms; }
  const LogHistory& history() {
    partition(0);
    return recorder_.history();
  }

 private:
  std::vector<LogRecord> rows(const std::vector<At>& records, std::uint32_t on) {
    std::vector<LogRecord> result;
    for (const At& record : records) result.push_back({partition(on), record.offset, record.value});
    return result;
  }

  HistoryRecorder recorder_;
  Time now_{};
};

}  // namespace faultline::checkers
