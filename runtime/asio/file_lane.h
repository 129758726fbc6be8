// Threads for what would block the reactor, and the way back.
//
// A lane is a queue with a few threads. Tasks that carry the same group key do the same thing, and those that queued up while one
// of them was running are done together, once: that is group commit, with the file as the key of its syncs. A group runs on one
// thread at a time, so that the next group is as large as the disk is slow.
//
// What is done goes onto one list, and only the first entry of an empty list wakes the reactor. A task belongs to the lane until it
// is done and may outlive the call that made it: a write whose caller timed out goes on, with its bytes.
#pragma once

#include <condition_variable>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "runtime/fiber.h"
#include "runtime/sync.h"

namespace faultline {

class FileTask {
 public:
  virtual ~FileTask() = default;

  // On a thread of the lane.
  virtual void execute() = 0;
  /// Takes over the outcome of `other`, which has the same group key.
  virtual void copy_outcome(const FileTask& other) = 0;

  // Constant after construction.
  const void* group_key = nullptr;  // nullptr: always on its own
  Fiber* waiter = nullptr;          // nullptr: nobody wants to know
  // Reactor's thread only.
  bool done = false;
  bool abandoned = false;  // its waiter has gone
};

using FileTasks = std::vector<std::unique_ptr<FileTask>>;

/// Where lanes put finished tasks. Thread-safe but for deliver().
class Completions {
 public:
  /// `wake_reactor` is called from any thread and must lead to a call of deliver() on the reactor's.
  explicit Completions(std::function<void()> wake_reactor) : wake_reactor_(std::move(wake_reactor)) {}

  void add(FileTasks tasks);
  /// Wakes the fibers that wait for tasks which are done.
  void deliver();

 private:
  const std::function<void()> wake_reactor_;
  std::mutex mutex_;
  FileTasks done_;
};

class FileLane {
 public:
  /// Starts up to `threads` threads, each when there is work for it.
  FileLane(Completions& completions, std::size_t threads) : completions_(completions), thread_limit_(threads) {}
  ~FileLane() { stop(); }

  /// Finishes what was submitted and ends the threads. Nothing may be submitted afterwards.
  void stop();
  void submit(std::unique_ptr<FileTask> task);

 private:
  struct Worker {
    std::condition_variable called;
    bool idle = false;
    std::thread thread;
  };

  void work(Worker& self);
  // Requires: mutex_ is held.
  bool can_run(const FileTask& task) const;
  FileTasks take_group();
  Worker* claim_idle();

  Completions& completions_;
  const std::size_t thread_limit_;
  std::mutex mutex_;
  // Guarded by mutex_.
  FileTasks pending_;
  std::vector<const void*> running_keys_;
  std::list<Worker> workers_;
  std::vector<Worker*> idle_;  // the last one to come is called first: it is the one whose memory is still in a cache
  bool stopping_ = false;
};

namespace detail {

template <class Work>
class WorkTask final : public FileTask {
 public:
  explicit WorkTask(Work work) : work_(std::move(work)) {}

  void execute() override { outcome_.emplace(work_()); }
  void copy_outcome(const FileTask& other) override {
    // Only groups share outcomes, and what a group shares, an error or nothing, can be copied.
    if constexpr (std::is_copy_constructible_v<Outcome>) outcome_ = static_cast<const WorkTask&>(other).outcome_;
  }

  using Outcome = std::invoke_result_t<Work&>;
  Outcome take() { return std::move(*outcome_); }

 private:
  Work work_;
  std::optional<Outcome> outcome_;
};

// A caller that leaves, in whatever way, before its task is done.
struct TaskWaiter {
  FileTask* task;
  ~TaskWaiter() {
    if (task->done) {
      delete task;
    } else {
      task->abandoned = true;
    }
  }
};

}  // namespace detail

/// Suspends until `work()`, which returns a Result and owns all it needs, has run on a lane's thread. Tasks with the same
/// `group_key` must be of the same Work. Errors: timed_out, cancelled (the work may still happen); those of the work.
template <class Work>
auto perform(FileLane& lane, Time deadline, Work work, const void* group_key = nullptr) -> std::invoke_result_t<Work&> {
  Fiber* fiber = Fiber::current();
  ENSURE(fiber != nullptr);
  if (fiber->cancelled()) return Error(Errc::cancelled);
  auto task = std::make_unique<detail::WorkTask<Work>>(std::move(work));
  task->group_key = group_key;
  task->waiter = fiber;
  const detail::TaskWaiter waiter{task.get()};
  auto& submitted = *task;
  lane.submit(std::move(task));
  const Wake why = park(deadline);
  if (!submitted.done) return to_result(why).error();
  return submitted.take();
}

/// Has `work()` done some time, without waiting for it. From any thread.
template <class Work>
void perform_later(FileLane& lane, Work work) {
  lane.submit(std::make_unique<detail::WorkTask<Work>>(std::move(work)));
}

}  // namespace faultline
