// Channel<T>: a bounded queue between fibers of one node. Senders wait while it is full, receivers while it is empty; after
// close() what is inside can still be received, then receive() answers `closed`.
#pragma once

#include <cstddef>
#include <deque>
#include <utility>

#include "base/result.h"
#include "base/time.h"
#include "runtime/sync.h"

namespace faultline {

template <class T>
class Channel {
 public:
  explicit Channel(std::size_t capacity) : capacity_(capacity) { ENSURE(capacity > 0); }

  /// Errors: closed, timed_out, cancelled (nothing was sent).
  Result<> send(T value, Time deadline = no_deadline) {
    TRY(not_full_.wait_until([&] { return closed_ || items_.size() < capacity_; }, deadline));
    if (closed_) return Error(Errc::closed);
    push(std::move(value));
    return {};
  }

  /// Sends without waiting. Returns: false if it is full or closed.
  bool try_send(T value) {
    if (closed_ || items_.size() >= capacity_) return false;
    push(std::move(value));
    return true;
  }

  /// Errors: closed (and empty), timed_out, cancelled.
  Result<T> receive(Time deadline = no_deadline) {
    TRY(not_empty_.wait_until([&] { return closed_ || !items_.empty(); }, deadline));
    if (items_.empty()) return Error(Errc::closed);
    T value = std::move(items_.front());
    items_.pop_front();
    not_full_.notify_one();
    return value;
  }

  void close() {
    closed_ = true;
    not_full_.notify_all();
    not_empty_.notify_all();
  }

  std::size_t size() const { return items_.size(); }
  bool closed() const { return closed_; }

 private:
  void push(T value) {
    items_.push_back(std::move(value));
    not_empty_.notify_one();
  }

  const std::size_t capacity_;
  std::deque<T> items_;
  bool closed_ = false;
  Condition not_full_;
  Condition not_empty_;
};

}  // namespace faultline
