// Synchronisation between the fibers of one node: WaitQueue and, on top of it, Event, Mutex, Semaphore and Condition.
//
// One thread runs all fibers of a node, so none of these is atomic; they only order fibers across suspensions. All are first in,
// first out. Every wait takes a deadline in the node's monotonic time and fails with timed_out or cancelled.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "base/check.h"
#include "base/result.h"
#include "base/time.h"
#include "runtime/fiber.h"

namespace faultline {

/// Wake::ready is success; the others are errors of the same name.
inline Result<> to_result(Wake wake) {
  if (wake == Wake::ready) [[likely]]
    return {};
  return Error(wake == Wake::timed_out ? Errc::timed_out : Errc::cancelled);
}

/// Fibers that wait for something, in order of arrival.
class WaitQueue {
 public:
  WaitQueue() = default;
  /// Requires: nobody waits, unless the node is being dropped.
  ~WaitQueue();
  WaitQueue(const WaitQueue&) = delete;
  WaitQueue& operator=(const WaitQueue&) = delete;

  /// Suspends until woken. A fiber that was woken is no longer in the queue; one that timed out or was cancelled has left it.
  Wake wait(Time deadline = no_deadline);
  /// Wakes the longest waiter. Returns: whether there was one.
  bool wake_one();
  void wake_all();
  bool empty() const { return first_ == nullptr; }

 private:
  struct Waiter;
  void unlink(Waiter& waiter);

  Waiter* first_ = nullptr;
  Waiter* last_ = nullptr;
};

/// A flag that fibers wait for; once set it stays set until reset.
class Event {
 public:
  void set() {
    set_ = true;
    queue_.wake_all();
  }
  void reset() { set_ = false; }
  bool is_set() const { return set_; }
  Result<> wait(Time deadline = no_deadline) {
    if (set_) return {};
    return to_result(queue_.wait(deadline));
  }

 private:
  bool set_ = false;
  WaitQueue queue_;
};

/// Something changed: wait() returns after the next notify_all(). Check the predicate before, and again after.
class Condition {
 public:
  Result<> wait(Time deadline = no_deadline) { return to_result(queue_.wait(deadline)); }
  /// Waits until `predicate()` holds.
  template <class Predicate>
  Result<> wait_until(Predicate&& predicate, Time deadline = no_deadline) {
    while (!predicate()) {
      if (Result<> woken = wait(deadline); !woken) return woken;
    }
    return {};
  }
  void notify_all() { queue_.wake_all(); }
  void notify_one() { queue_.wake_one(); }

 private:
  WaitQueue queue_;
};

/// Permits, handed over in order of arrival: a large request is not starved by small ones behind it.
class Semaphore {
 public:
  explicit Semaphore(std::uint64_t permits) : available_(permits) {}
  ~Semaphore();
  Semaphore(const Semaphore&) = delete;
  Semaphore& operator=(const Semaphore&) = delete;

  Result<> acquire(std::uint64_t count = 1, Time deadline = no_deadline);
  bool try_acquire(std::uint64_t count = 1);
  void release(std::uint64_t count = 1);
  std::uint64_t available() const { return available_; }
  /// Whether somebody waits for permits.
  bool contended() const { return !requests_.empty(); }

 private:
  struct Request;
  void grant();

  std::uint64_t available_;
  std::deque<Request*> requests_;
};

/// Held across suspensions; a lock over code that cannot suspend is not needed.
class Mutex {
 public:
  class [[nodiscard]] Guard {
   public:
    explicit Guard(Mutex& mutex) : mutex_(&mutex) {}
    Guard(Guard&& other) noexcept : mutex_(std::exchange(other.mutex_, nullptr)) {}
    Guard& operator=(Guard&& other) noexcept {
      std::swap(mutex_, other.mutex_);
      return *this;
    }
    ~Guard() {
      if (mutex_ != nullptr) mutex_->permit_.release();
    }

   private:
    Mutex* mutex_;
  };

  Result<Guard> lock(Time deadline = no_deadline) {
    if (Result<> acquired = permit_.acquire(1, deadline); !acquired) return acquired.error();
    return Guard(*this);
  }
  bool is_locked() const { return permit_.available() == 0; }

 private:
  Semaphore permit_{1};
};

/// Suspends until `time`. Errors: cancelled.
Result<> sleep_until(Time time);

/// Lets every other ready fiber run first. Errors: cancelled.
Result<> yield();

}  // namespace faultline
