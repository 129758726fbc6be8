// FaultCollector: what was done to the system, out of the events of those who are no clients.
//
// In our own format a fault is one line with its end. Jepsen's nemesis leaves two :info events an operation, and an operation often
// begins what another one ends (:start-partition and :stop-partition, :kill and :start, :pause and :resume): the fault lasts from
// the first event of the one to the last of the other. What nothing ends lasts as long as its own operation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "checkers/formats/event_reader.h"
#include "checkers/history.h"

namespace faultline::formats {

class FaultCollector {
 public:
  /// Notes an event of no client. `now`: its time.
  void add(const Event& event, Time now);
  /// An operation was under way from `begin` to `end`, which is now; called as operations end. One that never ends is told of when it
  /// begins, with both equal.
  void note_operation(Time begin, Time end);
  std::uint64_t count() const { return faults_.size(); }
  /// How many faults were in force during an operation.
  std::uint64_t overlapping() const { return met_; }
  /// The faults so far, in order of their beginning. `end`: the time of the history's last event.
  std::vector<checkers::FaultInterval> take(Time end) &&;

 private:
  enum class Stage : std::uint8_t { begun, lasting, ending };
  struct Active {
    std::size_t fault = 0;  // in faults_
    Stage stage = Stage::begun;
    bool second_event_due = true;
  };

  bool note_end(std::string_view name, Time now);
  bool note_second_event(std::string_view name, Time now);
  void begin(const Event& event, Time now);
  checkers::FaultInterval& fault(const Active& active) { return faults_[active.fault]; }

  bool is_active(std::size_t fault) const;
  void push(checkers::FaultInterval fault);

  std::vector<checkers::FaultInterval> faults_;
  std::vector<Active> active_;      // those that may still change
  std::vector<std::size_t> unmet_;  // the latest of those that met no operation yet
  std::uint64_t met_ = 0;
};

}  // namespace faultline::formats
