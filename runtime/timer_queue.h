// The deadlines of one node's fibers: an indexed 4-ary heap ordered by (time, order of arming).
//
// A fiber has at most one timer. It is armed lazily: a park() whose deadline lies beyond the armed time leaves the timer alone,
// and when it goes off too early it is armed again. A connection that sets a new deadline for every read thus touches the heap
// about once per timeout instead of once per read.
#pragma once

#include <cstdint>
#include <vector>

#include "base/time.h"

namespace faultline {

class Fiber;

class TimerQueue {
 public:
  /// When the next timer goes off, or no_deadline.
  Time next() const { return heap_.empty() ? no_deadline : heap_.front().at; }
  bool empty() const { return heap_.empty(); }

  /// Arms or moves the fiber's timer.
  void arm(Fiber& fiber, Time at);
  void disarm(Fiber& fiber);
  /// Takes the first timer out. Requires: !empty().
  Fiber& pop();

 private:
  struct Entry {
    Time at;
    std::uint64_t order;
    Fiber* fiber;

    bool before(const Entry& other) const { return at != other.at ? at < other.at : order < other.order; }
  };

  void place(std::size_t index, const Entry& entry);
  void sift_up(std::size_t index, const Entry& entry);
  void sift_down(std::size_t index, const Entry& entry);
  void remove(std::size_t index);

  std::vector<Entry> heap_;
  std::uint64_t next_order_ = 0;
};

}  // namespace faultline
