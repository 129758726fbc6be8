#include "runtime/asio/file_lane.h"

#include <algorithm>

namespace faultline {
namespace {

// Each trip of a thread to the list costs two switches between threads, which is more than a small write does. A burst of them is
// made in few trips, but not in one: the first of many large writes should not wait for the last.
constexpr std::size_t tasks_at_once = 16;

}  // namespace

void Completions::add(FileTasks tasks) {
  bool was_empty = false;
  {
    const std::lock_guard lock(mutex_);
    was_empty = done_.empty();
    for (std::unique_ptr<FileTask>& task : tasks) done_.push_back(std::move(task));
  }
  if (was_empty) wake_reactor_();
}

void Completions::deliver() {
  FileTasks done;
  {
    const std::lock_guard lock(mutex_);
    done.swap(done_);
  }
  for (std::unique_ptr<FileTask>& task : done) {
    if (task->abandoned) continue;
    task->done = true;
    // From here on it belongs to its waiter, which may have been about to leave: then the wake-up does nothing.
    wake(*task.release()->waiter);
  }
}

void FileLane::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    while (Worker* worker = claim_idle()) worker->called.notify_one();
  }
  for (Worker& worker : workers_) worker.thread.join();
  workers_.clear();
}

// Work and the threads for it are matched so that nobody is woken in vain, which would cost more than most tasks: a task is
// announced to one idle thread, unless its group is running, because then the thread that finishes the group looks again anyway.
void FileLane::submit(std::unique_ptr<FileTask> task) {
  Worker* worker = nullptr;
  {
    const std::lock_guard lock(mutex_);
    const bool runs_now = can_run(*task);
    pending_.push_back(std::move(task));
    if (!runs_now) return;
    worker = claim_idle();
    if (worker == nullptr && workers_.size() < thread_limit_) {
      Worker& hired = workers_.emplace_back();
      hired.thread = std::thread([this, &hired] { work(hired); });
    }
  }
  if (worker != nullptr) worker->called.notify_one();
}

bool FileLane::can_run(const FileTask& task) const {
  return task.group_key == nullptr ||
         std::find(running_keys_.begin(), running_keys_.end(), task.group_key) == running_keys_.end();
}

FileLane::Worker* FileLane::claim_idle() {
  if (idle_.empty()) return nullptr;
  Worker* worker = idle_.back();
  idle_.pop_back();
  worker->idle = false;
  return worker;
}

// The first task whose group is not being worked on, and all others of its group; or the first few that have none, if this lane's
// only thread would do them one after the other anyway.
FileTasks FileLane::take_group() {
  FileTasks group;
  const auto first =
      std::find_if(pending_.begin(), pending_.end(), [&](const std::unique_ptr<FileTask>& task) { return can_run(*task); });
  if (first == pending_.end()) return group;
  const void* key = (*first)->group_key;
  if (key == nullptr) {
    const std::size_t most = thread_limit_ == 1 ? tasks_at_once : 1;
    auto last = first;
    while (last != pending_.end() && group.size() < most && (*last)->group_key == nullptr) group.push_back(std::move(*last++));
    pending_.erase(first, last);
    return group;
  }
  for (auto task = first; task != pending_.end(); ++task) {
    if ((*task)->group_key == key) group.push_back(std::move(*task));
  }
  std::erase(pending_, nullptr);
  running_keys_.push_back(key);
  return group;
}

void FileLane::work(Worker& self) {
  std::unique_lock lock(mutex_);
  for (;;) {
    FileTasks group = take_group();
    if (group.empty()) {
      if (stopping_) return;  // what is left belongs to groups that run, and to their threads
      self.idle = true;
      idle_.push_back(&self);
      self.called.wait(lock, [&] { return !self.idle; });
      continue;
    }
    // The end of a group may have set more work free than this thread takes.
    const auto runnable = [this](const std::unique_ptr<FileTask>& task) { return can_run(*task); };
    Worker* helper = std::any_of(pending_.begin(), pending_.end(), runnable) ? claim_idle() : nullptr;
    lock.unlock();
    if (helper != nullptr) helper->called.notify_one();
    const void* key = group.front()->group_key;
    for (const std::unique_ptr<FileTask>& task : group) {
      if (key == nullptr || task == group.front()) {
        task->execute();
      } else {
        task->copy_outcome(*group.front());
      }
    }
    std::erase_if(group, [](const std::unique_ptr<FileTask>& task) { return task->waiter == nullptr; });
    if (!group.empty()) completions_.add(std::move(group));
    lock.lock();
    if (key != nullptr) std::erase(running_keys_, key);
  }
}

}  // namespace faultline
