#include "runtime/timer_queue.h"

#include "base/check.h"
#include "runtime/fiber.h"

namespace faultline {
namespace {
constexpr std::size_t arity = 4;
}  // namespace

void TimerQueue::place(std::size_t index, const Entry& entry) {
  heap_[index] = entry;
  entry.fiber->timer_index_ = static_cast<std::uint32_t>(index);
}

void TimerQueue::sift_up(std::size_t index, const Entry& entry) {
  while (index > 0) {
    const std::size_t parent = (index - 1) / arity;
    if (!entry.before(heap_[parent])) break;
    place(index, heap_[parent]);
    index = parent;
  }
  place(index, entry);
}

void TimerQueue::sift_down(std::size_t index, const Entry& entry) {
  for (;;) {
    const std::size_t first = index * arity + 1;
    if (first >= heap_.size()) break;
    std::size_t best = first;
    for (std::size_t child = first + 1; child < first + arity && child < heap_.size(); ++child) {
      if (heap_[child].before(heap_[best])) best = child;
    }
    if (!heap_[best].before(entry)) break;
    place(index, heap_[best]);
    index = best;
  }
  place(index, entry);
}

void TimerQueue::remove(std::size_t index) {
  heap_[index].fiber->timer_index_ = Fiber::not_armed;
  heap_[index].fiber->timer_at_ = no_deadline;
  const Entry last = heap_.back();
  heap_.pop_back();
  if (index == heap_.size()) return;
  if (index > 0 && last.before(heap_[(index - 1) / arity])) {
    sift_up(index, last);
  } else {
    sift_down(index, last);
  }
}

void TimerQueue::arm(Fiber& fiber, Time at) {
  disarm(fiber);
  fiber.timer_at_ = at;
  heap_.emplace_back();
  sift_up(heap_.size() - 1, Entry{at, next_order_++, &fiber});
}

void TimerQueue::disarm(Fiber& fiber) {
  if (fiber.timer_index_ != Fiber::not_armed) remove(fiber.timer_index_);
}

Fiber& TimerQueue::pop() {
  ENSURE(!heap_.empty());
  Fiber& fiber = *heap_.front().fiber;
  remove(0);
  return fiber;
}

}  // namespace faultline
