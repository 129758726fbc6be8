#include "runtime/sync.h"

#include "runtime/tasks.h"

namespace faultline {

struct WaitQueue::Waiter {
  WaitQueue* queue;  // nullptr once woken
  Fiber* fiber;
  Waiter* previous = nullptr;
  Waiter* next = nullptr;

  // Also runs when the fiber is dropped while it waits.
  ~Waiter() {
    if (queue != nullptr) queue->unlink(*this);
  }
};

WaitQueue::~WaitQueue() {
  while (first_ != nullptr) {
    ENSURE(first_->fiber->tasks().dropping());
    unlink(*first_);
  }
}

void WaitQueue::unlink(Waiter& waiter) {
  (waiter.previous != nullptr ? waiter.previous->next : first_) = waiter.next;
  (waiter.next != nullptr ? waiter.next->previous : last_) = waiter.previous;
  waiter.queue = nullptr;
}

Wake WaitQueue::wait(Time deadline) {
  Fiber* fiber = Fiber::current();
  ENSURE(fiber != nullptr);
  Waiter waiter{this, fiber};
  waiter.previous = last_;
  (last_ != nullptr ? last_->next : first_) = &waiter;
  last_ = &waiter;
  return park(deadline);
}

bool WaitQueue::wake_one() {
  if (first_ == nullptr) return false;
  Fiber* fiber = first_->fiber;
  unlink(*first_);
  wake(*fiber);
  return true;
}

void WaitQueue::wake_all() {
  while (wake_one()) {
  }
}

struct Semaphore::Request {
  Semaphore* semaphore;
  Fiber* fiber;
  std::uint64_t count;
  bool granted = false;

  // A request that was not granted when its fiber gave up, or was dropped: those behind it may need less.
  ~Request() {
    if (granted) return;
    std::erase(semaphore->requests_, this);
    semaphore->grant();
  }
};

Semaphore::~Semaphore() { ENSURE(requests_.empty()); }

Result<> Semaphore::acquire(std::uint64_t count, Time deadline) {
  if (try_acquire(count)) return {};
  Request request{this, Fiber::current(), count};
  ENSURE(request.fiber != nullptr);
  requests_.push_back(&request);
  const Wake woken = park(deadline);
  // Granted in the same moment as it was cancelled: the permits are ours, the next suspension reports the cancellation.
  if (request.granted) return {};
  return to_result(woken);
}

bool Semaphore::try_acquire(std::uint64_t count) {
  if (!requests_.empty() || available_ < count) return false;
  available_ -= count;
  return true;
}

void Semaphore::release(std::uint64_t count) {
  available_ += count;
  grant();
}

void Semaphore::grant() {
  while (!requests_.empty() && requests_.front()->count <= available_) {
    Request& request = *requests_.front();
    requests_.pop_front();
    available_ -= request.count;
    request.granted = true;
    wake(*request.fiber);
  }
}

Result<> sleep_until(Time time) {
  const Wake woken = park(time);
  if (woken == Wake::cancelled) return Error(Errc::cancelled);
  return {};
}

Result<> yield() {
  Fiber* fiber = Fiber::current();
  ENSURE(fiber != nullptr);
  return to_result(fiber->tasks().yield_current());
}

}  // namespace faultline
