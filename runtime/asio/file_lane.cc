#include "runtime/asio/file_lane.h"

#include <algorithm>

namespace faultline {

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
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void FileLane::submit(std::unique_ptr<FileTask> task) {
  {
    const std::lock_guard lock(mutex_);
    pending_.push_back(std::move(task));
    if (idle_threads_ == 0 && threads_.size() < thread_limit_) threads_.emplace_back([this] { work(); });
  }
  changed_.notify_one();
}

// The first task whose group is not being worked on, and all others of its group. Requires: mutex_ is held.
FileTasks FileLane::take_group() {
  FileTasks group;
  const auto is_running = [this](const void* key) {
    return std::find(running_keys_.begin(), running_keys_.end(), key) != running_keys_.end();
  };
  const auto first = std::find_if(pending_.begin(), pending_.end(), [&](const std::unique_ptr<FileTask>& task) {
    return task->group_key == nullptr || !is_running(task->group_key);
  });
  if (first == pending_.end()) return group;
  const void* key = (*first)->group_key;
  if (key == nullptr) {
    group.push_back(std::move(*first));
    pending_.erase(first);
    return group;
  }
  for (auto task = first; task != pending_.end(); ++task) {
    if ((*task)->group_key == key) group.push_back(std::move(*task));
  }
  std::erase(pending_, nullptr);
  running_keys_.push_back(key);
  return group;
}

void FileLane::work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    FileTasks group = take_group();
    if (group.empty()) {
      if (stopping_ && pending_.empty()) return;
      ++idle_threads_;
      changed_.wait(lock);
      --idle_threads_;
      continue;
    }
    lock.unlock();
    const void* key = group.front()->group_key;
    group.front()->execute();
    for (std::size_t i = 1; i < group.size(); ++i) group[i]->copy_outcome(*group.front());
    std::erase_if(group, [](const std::unique_ptr<FileTask>& task) { return task->waiter == nullptr; });
    if (!group.empty()) completions_.add(std::move(group));
    lock.lock();
    if (key != nullptr) {
      std::erase(running_keys_, key);
      // What queued up behind this group can run now, and whoever is told at the end may be asleep.
      changed_.notify_all();
    }
  }
}

}  // namespace faultline
