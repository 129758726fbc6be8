#include "runtime/tasks.h"

#include <cxxabi.h>

#include <cstdint>
#include <cstring>

#include "runtime/sanitizer.h"

namespace faultline {
namespace {

using boost::context::detail::jump_fcontext;
using boost::context::detail::make_fcontext;
using boost::context::detail::transfer_t;

// The layout of __cxa_eh_globals is fixed by the Itanium C++ ABI, section 2.2.2.
struct ExceptionGlobals {
  void* caught_exceptions;
  unsigned uncaught_exceptions;
};

ExceptionGlobals& exception_globals() { return *reinterpret_cast<ExceptionGlobals*>(abi::__cxa_get_globals()); }

constexpr std::uintptr_t stack_alignment = 64;

}  // namespace

Wake park(Time deadline) {
  Fiber* fiber = Fiber::current();
  ENSURE(fiber != nullptr);
  return fiber->tasks_->park_current(deadline, true);
}

Wake park_uncancellable() {
  Fiber* fiber = Fiber::current();
  ENSURE(fiber != nullptr);
  return fiber->tasks_->park_current(no_deadline, false);
}

void wake(Fiber& fiber) { fiber.tasks().make_ready(fiber, Wake::ready); }

Tasks::~Tasks() { ENSURE(fiber_count_ == 0); }

Fiber& Tasks::place_fiber(std::string_view name, std::size_t callable_bytes, void (*body)(Fiber&)) {
  // A dropped fiber that was let out of a wait which must not be cancelled ends here, not in a join for what it starts.
  Fiber* const parent = Fiber::current_;
  if (parent != nullptr && parent->doomed_ && !parent->unwinding_) unwind(*parent);
  const FiberStack stack = stacks_.take();
  auto top = reinterpret_cast<std::uintptr_t>(stack.high);
  top = (top - sizeof(Fiber)) & ~(stack_alignment - 1);
  void* fiber_place = reinterpret_cast<void*>(top);
  top = (top - callable_bytes) & ~(stack_alignment - 1);
  auto* fiber = new (fiber_place) Fiber(*this, name, next_id_++, stack);
  fiber->callable_ = reinterpret_cast<void*>(top);
  fiber->body_ = body;
  const std::size_t usable = top - reinterpret_cast<std::uintptr_t>(stack.low);
  fiber->context_ = make_fcontext(fiber->callable_, usable, &Tasks::entry);
  sanitizer::create(fiber->sanitizer_, fiber->name_);
  return *fiber;
}

void Tasks::start(Fiber& fiber, TaskGroup* group) {
  fiber.older_ = newest_;
  if (newest_ != nullptr) {
    newest_->newer_ = &fiber;
  } else {
    oldest_ = &fiber;
  }
  newest_ = &fiber;
  ++fiber_count_;
  if (group != nullptr) group->add(fiber);
  fiber.doomed_ = dropping_;
  ready_.push_back(&fiber);
  if (ready_.size() == 1) on_ready();
}

void Tasks::entry(transfer_t transfer) {
  Fiber& fiber = *Fiber::current_;
  auto& tasks = *static_cast<Tasks*>(transfer.data);
  tasks.loop_context_ = transfer.fctx;
  sanitizer::entered_fiber(nullptr, tasks.loop_stack_bottom_, tasks.loop_stack_bytes_);
  try {
    fiber.body_(fiber);
  } catch (const FiberUnwind&) {
    ENSURE(fiber.unwinding_);
  } catch (...) {
    tasks.escaped_ = std::current_exception();
  }
  fiber.state_ = Fiber::State::finished;
  sanitizer::leave_fiber_for_good(tasks.loop_sanitizer_, tasks.loop_stack_bottom_, tasks.loop_stack_bytes_);
  jump_fcontext(tasks.loop_context_, nullptr);
}

Wake Tasks::park_current(Time deadline, bool cancellable) {
  Fiber& fiber = *Fiber::current_;
  if (fiber.doomed_) [[unlikely]]
    unwind(fiber);
  ENSURE(fiber.no_suspend_depth_ == 0);
  if (cancellable && fiber.cancelled_) return Wake::cancelled;
  fiber.deadline_ = deadline;
  fiber.cancellable_ = cancellable;
  fiber.state_ = Fiber::State::parked;
  if (deadline < fiber.timer_at_) {
    const Time earliest = timers_.next();
    timers_.arm(fiber, deadline);
    if (deadline < earliest) on_earlier_timer(deadline);
  }
  switch_to_loop(fiber);
  // A parent that joins is woken by its last child, even while all of them are dropped; it must finish its destructors.
  if (fiber.doomed_ && cancellable) [[unlikely]]
    unwind(fiber);
  return fiber.wake_;
}

Wake Tasks::yield_current() {
  Fiber& fiber = *Fiber::current_;
  if (fiber.doomed_) [[unlikely]]
    unwind(fiber);
  ENSURE(fiber.no_suspend_depth_ == 0);
  if (fiber.cancelled_) return Wake::cancelled;
  fiber.deadline_ = no_deadline;
  fiber.state_ = Fiber::State::parked;
  make_ready(fiber, Wake::ready);
  switch_to_loop(fiber);
  if (fiber.doomed_) [[unlikely]]
    unwind(fiber);
  return fiber.wake_;
}

void Tasks::unwind(Fiber& fiber) {
  // A destructor that waits, or a catch (...) that swallowed FiberUnwind: there is nothing left to wait for.
  ENSURE(!fiber.unwinding_);
  fiber.unwinding_ = true;
  throw FiberUnwind{};
}

void Tasks::switch_to_loop(Fiber& fiber) {
  sanitizer::leave_fiber(fiber.sanitizer_, loop_sanitizer_, loop_stack_bottom_, loop_stack_bytes_);
  const transfer_t transfer = jump_fcontext(loop_context_, nullptr);
  loop_context_ = transfer.fctx;
  sanitizer::entered_fiber(fiber.sanitizer_, loop_stack_bottom_, loop_stack_bytes_);
}

void Tasks::resume(Fiber& fiber) {
  fiber.state_ = Fiber::State::running;
  fiber.stack_use_ = Fiber::Stack::used;
  ExceptionGlobals& globals = exception_globals();
  const ExceptionGlobals ours = globals;
  globals = {fiber.caught_exceptions_, fiber.uncaught_exceptions_};
  Fiber::current_ = &fiber;
  sanitizer::enter_fiber(loop_sanitizer_, fiber.sanitizer_, fiber.stack_.low, fiber.stack_.size());
  const transfer_t transfer = jump_fcontext(fiber.context_, this);
  sanitizer::back_in_loop(loop_sanitizer_);
  Fiber::current_ = nullptr;
  fiber.context_ = transfer.fctx;
  fiber.caught_exceptions_ = globals.caught_exceptions;
  fiber.uncaught_exceptions_ = globals.uncaught_exceptions;
  globals = ours;
  if (fiber.state_ == Fiber::State::finished) finish(fiber);
}

void Tasks::finish(Fiber& fiber) {
  timers_.disarm(fiber);
  (fiber.older_ != nullptr ? fiber.older_->newer_ : oldest_) = fiber.newer_;
  (fiber.newer_ != nullptr ? fiber.newer_->older_ : newest_) = fiber.older_;
  --fiber_count_;
  if (fiber.group_ != nullptr) fiber.group_->remove(fiber);
  const FiberStack stack = fiber.stack_;
  sanitizer::destroy(fiber.sanitizer_);
  fiber.~Fiber();
  sanitizer::forget_stack(stack.low, stack.size());
  stacks_.give_back(stack);
}

void Tasks::make_ready(Fiber& fiber, Wake why) {
  if (fiber.state_ != Fiber::State::parked) return;
  fiber.state_ = Fiber::State::ready;
  fiber.wake_ = why;
  ready_.push_back(&fiber);
  if (ready_.size() == 1) on_ready();
}

void Tasks::cancel(Fiber& fiber) {
  if (fiber.cancelled_) return;
  fiber.cancelled_ = true;
  if (fiber.state_ == Fiber::State::parked && fiber.cancellable_) make_ready(fiber, Wake::cancelled);
}

void Tasks::run_ready() {
  ENSURE(Fiber::current() == nullptr);
  ENSURE(running_batch_.empty());
  std::swap(running_batch_, ready_);
  for (std::size_t i = 0; i < running_batch_.size(); ++i) {
    if (schedule_ != nullptr && running_batch_.size() - i > 1) {
      const std::size_t j = i + schedule_->below(running_batch_.size() - i);
      std::swap(running_batch_[i], running_batch_[j]);
    }
    resume(*running_batch_[i]);
    if (escaped_ != nullptr) [[unlikely]] {
      // The rest of the batch stays ready, in front of what became ready since.
      const bool announced = !ready_.empty();
      ready_.insert(ready_.begin(), running_batch_.begin() + static_cast<std::ptrdiff_t>(i) + 1, running_batch_.end());
      running_batch_.clear();
      if (!announced && !ready_.empty()) on_ready();
      std::rethrow_exception(std::exchange(escaped_, nullptr));
    }
  }
  running_batch_.clear();
}

void Tasks::fire_timers(Time now) {
  while (timers_.next() <= now) {
    Fiber& fiber = timers_.pop();
    if (fiber.state_ != Fiber::State::parked) continue;
    if (fiber.deadline_ <= now) {
      make_ready(fiber, Wake::timed_out);
    } else if (fiber.deadline_ != no_deadline) {
      timers_.arm(fiber, fiber.deadline_);
    }
  }
}

void Tasks::drop_all() {
  ENSURE(Fiber::current() == nullptr);
  dropping_ = true;
  while (newest_ != nullptr) {
    Fiber& fiber = *newest_;
    fiber.doomed_ = true;
    resume(fiber);
    // A fiber that was resumed to die and still lives has parked again, which park_current forbids.
    ENSURE(newest_ != &fiber);
  }
  ready_.clear();
  escaped_ = nullptr;
  dropping_ = false;
}

void Tasks::cancel_all() {
  for (Fiber* fiber = oldest_; fiber != nullptr; fiber = fiber->newer_) cancel(*fiber);
}

void Tasks::trim_idle_stacks(std::size_t at_most) {
  for (Fiber* fiber = oldest_; fiber != nullptr; fiber = fiber->newer_) {
    if (fiber->stack_use_ == Fiber::Stack::used) {
      fiber->stack_use_ = Fiber::Stack::resting;
    } else if (fiber->stack_use_ == Fiber::Stack::resting && fiber->state_ == Fiber::State::parked && at_most > 0) {
      sanitizer::trim(fiber->stack_, static_cast<const std::byte*>(fiber->context_));
      fiber->stack_use_ = Fiber::Stack::trimmed;
      --at_most;
    }
  }
}

TaskGroup::~TaskGroup() noexcept(false) {
  if (size_ == 0) return;
  cancel();
  join();
}

void TaskGroup::cancel() {
  cancelled_ = true;
  for (Fiber* fiber = first_; fiber != nullptr; fiber = fiber->group_next_) tasks_.cancel(*fiber);
}

void TaskGroup::join() {
  Fiber* self = Fiber::current();
  ENSURE(self != nullptr);
  ENSURE(joiner_ == nullptr);
  if (self->cancelled()) cancel();
  while (size_ > 0) {
    joiner_ = self;
    if (cancelled_) {
      park_uncancellable();
    } else if (park() == Wake::cancelled) {
      cancel();
    }
    joiner_ = nullptr;
  }
}

void TaskGroup::add(Fiber& fiber) {
  fiber.group_ = this;
  fiber.cancelled_ = cancelled_;
  fiber.group_next_ = first_;
  if (first_ != nullptr) first_->group_previous_ = &fiber;
  first_ = &fiber;
  ++size_;
}

void TaskGroup::remove(Fiber& fiber) {
  (fiber.group_previous_ != nullptr ? fiber.group_previous_->group_next_ : first_) = fiber.group_next_;
  if (fiber.group_next_ != nullptr) fiber.group_next_->group_previous_ = fiber.group_previous_;
  --size_;
  if (size_ == 0 && joiner_ != nullptr) wake(*joiner_);
}

}  // namespace faultline
