// Fibers: a call that waits looks like a call.
//
// A fiber runs on a stack of its own (Boost.Context's switch) and gives up the processor in exactly one place, park(). Everything
// that waits, in either world, is written on top of park() and wake(); the worlds differ only in who calls wake().
//
//   who owns what   Tasks (runtime/tasks.h) owns the fibers of one node; TaskGroup joins some of them.
//   cancellation    is a value and sticky: once cancelled, every later park() of that fiber returns Wake::cancelled at once.
//   a crash         drops fibers: park() throws FiberUnwind, destructors run, nothing else does. A fiber that was joining a cancelled
//                   group gets as far as its next park() or spawn. One that parks while it unwinds (a destructor that waits, a
//                   catch (...) that swallows) stops the program.
//   exceptions      each fiber has its own C++ exception globals, so that it may suspend inside a catch block.
#pragma once

#include <boost/context/detail/fcontext.hpp>
#include <cstdint>
#include <exception>
#include <string_view>

#include "base/check.h"
#include "base/time.h"
#include "runtime/fiber_stack.h"

namespace faultline {

class Tasks;
class TaskGroup;

/// Why a parked fiber runs again.
enum class Wake : std::uint8_t { ready, timed_out, cancelled };

/// Thrown by park() and spawn() into a fiber that is being dropped. Never catch it.
struct FiberUnwind {};

class Fiber {
 public:
  std::string_view name() const { return name_; }
  /// Order of spawning within its Tasks, from 1; never reused.
  std::uint64_t id() const { return id_; }
  bool cancelled() const { return cancelled_; }
  Tasks& tasks() const { return *tasks_; }

  /// The fiber that runs on this thread, or nullptr outside of fibers.
  static Fiber* current() { return current_; }

 private:
  friend class Tasks;
  friend class TaskGroup;
  friend class TimerQueue;
  friend class NoSuspend;
  friend Wake park(Time deadline);
  friend Wake park_uncancellable();

  enum class State : std::uint8_t { ready, running, parked, finished };
  enum class Stack : std::uint8_t {
    used,
    resting,
    trimmed
  };  // since the last, and the one before last, Tasks::trim_idle_stacks()
  static constexpr std::uint32_t not_armed = UINT32_MAX;

  Fiber(Tasks& tasks, std::string_view name, std::uint64_t id, FiberStack stack)
      : tasks_(&tasks), name_(name), id_(id), stack_(stack) {}

  static inline constinit thread_local Fiber* current_ = nullptr;

  // Constant after construction.
  Tasks* const tasks_;
  const std::string_view name_;
  const std::uint64_t id_;
  const FiberStack stack_;
  void (*body_)(Fiber&) = nullptr;  // runs the callable that lies below this object on the stack, then destroys it
  void* callable_ = nullptr;

  // Volatile.
  boost::context::detail::fcontext_t context_ = nullptr;
  State state_ = State::ready;
  Wake wake_ = Wake::ready;
  bool cancelled_ = false;
  bool cancellable_ = true;  // of the present park
  bool doomed_ = false;      // being dropped
  bool unwinding_ = false;   // FiberUnwind has been thrown into it
  Stack stack_use_ = Stack::used;
  std::uint32_t no_suspend_depth_ = 0;
  Time deadline_ = no_deadline;  // of the present park
  Time timer_at_ = no_deadline;  // when the armed timer goes off; may be earlier than deadline_
  std::uint32_t timer_index_ = not_armed;
  Fiber* older_ = nullptr;  // neighbours among all fibers of tasks_, in order of spawning
  Fiber* newer_ = nullptr;
  TaskGroup* group_ = nullptr;
  Fiber* group_previous_ = nullptr;
  Fiber* group_next_ = nullptr;
  void* caught_exceptions_ = nullptr;  // the two words of __cxa_eh_globals
  unsigned uncaught_exceptions_ = 0;
  void* sanitizer_ = nullptr;  // AddressSanitizer: fake stack; ThreadSanitizer: its fiber
};

/// Parks the running fiber until wake(), the deadline or cancellation; at once if it is cancelled already. Spurious returns do
/// not happen, but a timed-out or cancelled caller must take itself out of whatever queue it waits in.
Wake park(Time deadline = no_deadline);

/// The same, deaf to cancellation: for joining children, who must not outlive their parent.
Wake park_uncancellable();

/// Makes a parked fiber ready. No effect on one that is ready, running or finished. Requires: called on the fiber's own thread.
void wake(Fiber& fiber);

/// Marks a region that holds references into shared state across calls: parking inside it stops the program.
class NoSuspend {
 public:
  NoSuspend() : fiber_(Fiber::current()) {
    if (fiber_ != nullptr) ++fiber_->no_suspend_depth_;
  }
  ~NoSuspend() {
    if (fiber_ != nullptr) --fiber_->no_suspend_depth_;
  }
  NoSuspend(const NoSuspend&) = delete;
  NoSuspend& operator=(const NoSuspend&) = delete;

 private:
  Fiber* const fiber_;
};

}  // namespace faultline
