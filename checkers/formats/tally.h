// Tally: how much a history has tested, counted while it is read. (A log checker measures this itself, on the whole history.)
//
// Of operations and transactions that are no log: what writes counts as a send, what only reads as a poll, one record each.
#pragma once

#include <algorithm>
#include <cstdint>

#include "checkers/formats/fault_collector.h"
#include "checkers/verdict.h"

namespace faultline::formats {

class Tally {
 public:
  /// The time of an event: as stated, never less than that of the event before.
  Time time_of(const Event& event) {
    if (event.time) now_ = std::max(now_, Time(Duration(*event.time)));
    return now_;
  }
  void add_fault(const Event& event) { faults_.add(event, time_of(event)); }

  void begun(Time at) { faults_.note_operation(at, at); }
  void ended(Time begun, Time now, checkers::Outcome outcome, bool writes) {
    faults_.note_operation(begun, now);
    ++(outcome == checkers::Outcome::ok     ? vacuity_.ok
       : outcome == checkers::Outcome::fail ? vacuity_.failed
                                            : vacuity_.indefinite);
    ++vacuity_.operations;
    ++(writes ? vacuity_.sends : vacuity_.polls);
    if (outcome != checkers::Outcome::ok) return;
    vacuity_.acknowledged += writes ? 1 : 0;
    vacuity_.ok_polls += writes ? 0 : 1;
    vacuity_.records_read += writes ? 0 : 1;
  }
  void left_open(bool writes) {
    ++vacuity_.operations;
    ++vacuity_.indefinite;
    ++(writes ? vacuity_.sends : vacuity_.polls);
  }

  checkers::Vacuity vacuity() const {
    checkers::Vacuity result = vacuity_;
    result.faults = faults_.count();
    result.faults_overlapping = faults_.overlapping();
    return result;
  }

 private:
  FaultCollector faults_;
  checkers::Vacuity vacuity_;
  Time now_{};
};

}  // namespace faultline::formats
