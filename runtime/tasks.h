// Tasks: the fibers of one node, and the loop that runs them. TaskGroup: fibers that are cancelled and joined together.
//
// A world derives from Tasks to learn two things, that some fiber became ready and that some timer is now the earliest, and calls
// run_ready() and fire_timers() when it sees fit; all else about fibers is the same in both worlds.
//
// TaskGroup is structured concurrency: it is the last member of whoever owns the work, its destructor cancels the children and
// waits for them. After a crash nothing is left to wait for: drop_all() unwinds the youngest fiber first, children before parents.
#pragma once

#include <cstddef>
#include <exception>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/random.h"
#include "base/time.h"
#include "runtime/fiber.h"
#include "runtime/fiber_stack.h"
#include "runtime/timer_queue.h"

namespace faultline {

class Tasks {
 public:
  explicit Tasks(FiberStackPool& stacks) : stacks_(stacks) {}
  virtual ~Tasks();
  Tasks(const Tasks&) = delete;
  Tasks& operator=(const Tasks&) = delete;

  /// Starts a fiber that belongs to nobody: a node's first. It runs at the next run_ready(). `name` must outlive the fiber: a literal.
  template <class Body>
  void spawn_root(std::string_view name, Body&& body) {
    make_fiber(name, nullptr, std::forward<Body>(body));
  }

  // --- for the world ---

  /// Runs the fibers that are ready now, each until it parks. Those that become ready meanwhile wait for the next call.
  /// An exception that escapes a fiber (a failed test assertion) is rethrown here. Requires: called outside of fibers.
  void run_ready();
  bool has_ready() const { return !ready_.empty(); }
  /// The earliest armed timer. It may turn out to be early for its fiber, in which case fire_timers() arms it again.
  Time next_timer() const { return timers_.next(); }
  /// Wakes every fiber whose deadline is at or before `now`.
  void fire_timers(Time now);
  /// Unwinds every fiber, youngest first. Requires: called outside of fibers; the node's Env is severed.
  void drop_all();
  /// Cancels every fiber: the polite way to end a node.
  void cancel_all();
  /// Returns the unused stack pages of fibers that have not run since the last call, of at most `at_most` of them (about 1 us each),
  /// and once each time they fall idle: call it every few seconds.
  void trim_idle_stacks(std::size_t at_most);
  /// From now on the next fiber is drawn from the ready ones instead of taken in order; nullptr for order.
  void set_schedule(RandomStream* schedule) { schedule_ = schedule; }

  /// Puts the running fiber behind every ready one; see yield() in runtime/sync.h.
  Wake yield_current();

  std::size_t fiber_count() const { return fiber_count_; }
  bool dropping() const { return dropping_; }

 protected:
  /// The first fiber became ready: call run_ready() soon.
  virtual void on_ready() = 0;
  /// next_timer() became earlier: call fire_timers() then.
  virtual void on_earlier_timer(Time at) = 0;

 private:
  friend class TaskGroup;
  friend Wake park(Time deadline);
  friend Wake park_uncancellable();
  friend void wake(Fiber& fiber);

  template <class Body>
  Fiber& make_fiber(std::string_view name, TaskGroup* group, Body&& body);
  Fiber& place_fiber(std::string_view name, std::size_t callable_bytes, void (*body)(Fiber&));
  void start(Fiber& fiber, TaskGroup* group);
  Wake park_current(Time deadline, bool cancellable);
  void make_ready(Fiber& fiber, Wake why);
  void cancel(Fiber& fiber);
  void resume(Fiber& fiber);
  void finish(Fiber& fiber);
  static void entry(boost::context::detail::transfer_t transfer);
  void switch_to_loop(Fiber& fiber);
  [[noreturn]] static void unwind(Fiber& fiber);

  // Constant after construction.
  FiberStackPool& stacks_;
  // Volatile.
  TimerQueue timers_;
  std::vector<Fiber*> ready_;
  std::vector<Fiber*> running_batch_;
  Fiber* oldest_ = nullptr;
  Fiber* newest_ = nullptr;
  std::size_t fiber_count_ = 0;
  std::uint64_t next_id_ = 1;
  RandomStream* schedule_ = nullptr;
  bool dropping_ = false;
  boost::context::detail::fcontext_t loop_context_ = nullptr;
  const void* loop_stack_bottom_ = nullptr;  // for the sanitizers
  std::size_t loop_stack_bytes_ = 0;
  void* loop_sanitizer_ = nullptr;
  std::exception_ptr escaped_;
};

class TaskGroup {
 public:
  explicit TaskGroup(Tasks& tasks) : tasks_(tasks) {}
  /// Cancels and joins. May suspend, and so may throw FiberUnwind.
  ~TaskGroup() noexcept(false);
  TaskGroup(const TaskGroup&) = delete;
  TaskGroup& operator=(const TaskGroup&) = delete;

  /// Starts `body()` as a fiber; in a cancelled group it starts cancelled. `name` must outlive the fiber: a literal.
  template <class Body>
  void spawn(std::string_view name, Body&& body) {
    tasks_.make_fiber(name, this, std::forward<Body>(body));
  }

  /// Cancels every child, now and future.
  void cancel();
  /// Waits until no child is left. If the caller is cancelled meanwhile, so are the children.
  void join();

  std::size_t size() const { return size_; }
  bool cancelled() const { return cancelled_; }

 private:
  friend class Tasks;
  void add(Fiber& fiber);
  void remove(Fiber& fiber);

  Tasks& tasks_;
  Fiber* first_ = nullptr;
  Fiber* joiner_ = nullptr;
  std::size_t size_ = 0;
  bool cancelled_ = false;
};

template <class Body>
Fiber& Tasks::make_fiber(std::string_view name, TaskGroup* group, Body&& body) {
  using Callable = std::decay_t<Body>;
  static_assert(alignof(Callable) <= 16);
  static_assert(sizeof(Callable) <= 4096, "a fiber's captures live on its stack; put large ones behind a pointer");
  Fiber& fiber = place_fiber(name, sizeof(Callable), [](Fiber& self) {
    struct Destroy {
      Callable* callable;
      ~Destroy() { callable->~Callable(); }
    };
    auto* callable = static_cast<Callable*>(self.callable_);
    const Destroy destroy{callable};
    if (!self.doomed_) (*callable)();
  });
  new (fiber.callable_) Callable(std::forward<Body>(body));
  start(fiber, group);
  return fiber;
}

}  // namespace faultline
