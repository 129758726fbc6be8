// What will happen in the world, in order of (virtual time, order of scheduling).
//
// Events are small typed values in one 4-ary heap: no allocation per event, no closure. They name what they concern by slot and
// generation, so that an event which outlives its connection or node is recognised as stale and dropped; nothing is ever removed
// from the middle of the heap.
#pragma once

#include <cstdint>
#include <vector>

#include "base/check.h"
#include "base/time.h"

namespace faultline::sim {

enum class EventKind : std::uint8_t {
  deliver,          // target: connection * 2 + sending side
  connect_arrives,  // target: connection; the request reaches the listener's machine
  connect_answers,  // target: connection; the answer reaches the client
  timers,           // target: node
  turn,             // target: node; a slow node gets the processor
  disk,             // target: node; the first of its disk operations is done
  callback,         // target: slot of the callback
};

struct Event {
  Time at;
  EventKind kind;
  std::uint32_t target;
  std::uint32_t generation;
};

class EventQueue {
 public:
  bool empty() const { return heap_.empty(); }
  std::size_t size() const { return heap_.size(); }
  /// When the next event happens, or no_deadline.
  Time next() const { return heap_.empty() ? no_deadline : heap_.front().at; }

  void push(const Event& event) {
    const Entry entry{event.at, (next_order_++ << kind_bits) | static_cast<std::uint64_t>(event.kind), event.target,
                      event.generation};
    std::size_t index = heap_.size();
    heap_.push_back(entry);
    while (index > 0) {
      const std::size_t parent = (index - 1) / arity;
      if (!entry.before(heap_[parent])) break;
      heap_[index] = heap_[parent];
      index = parent;
    }
    heap_[index] = entry;
  }

  /// Takes the next event out. Requires: !empty().
  Event pop() {
    ENSURE(!heap_.empty());
    const Entry first = heap_.front();
    const Entry last = heap_.back();
    heap_.pop_back();
    if (!heap_.empty()) sift_down(last);
    return Event{first.at, static_cast<EventKind>(first.order & ((1u << kind_bits) - 1)), first.target, first.generation};
  }

 private:
  static constexpr std::size_t arity = 4;
  static constexpr unsigned kind_bits = 4;

  struct Entry {
    Time at;
    std::uint64_t order;  // sequence number and, below it, the kind
    std::uint32_t target;
    std::uint32_t generation;

    bool before(const Entry& other) const { return at != other.at ? at < other.at : order < other.order; }
  };

  void sift_down(const Entry& entry) {
    const std::size_t size = heap_.size();
    std::size_t index = 0;
    for (;;) {
      const std::size_t first = index * arity + 1;
      if (first >= size) break;
      const std::size_t end = first + arity < size ? first + arity : size;
      std::size_t best = first;
      for (std::size_t child = first + 1; child < end; ++child) {
        if (heap_[child].before(heap_[best])) best = child;
      }
      if (!heap_[best].before(entry)) break;
      heap_[index] = heap_[best];
      index = best;
    }
    heap_[index] = entry;
  }

  std::vector<Entry> heap_;
  std::uint64_t next_order_ = 0;
};

}  // namespace faultline::sim
