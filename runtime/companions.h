// Companions: fibers of which none makes sense without the others. When the first of them ends, it is time to end them all.
#pragma once

#include <string_view>
#include <utility>

#include "base/result.h"
#include "runtime/sync.h"
#include "runtime/tasks.h"

namespace faultline {

class Companions {
 public:
  explicit Companions(Tasks& tasks) : fibers_(tasks) {}

  /// Starts `body()`, which returns a Result<>. `name` must outlive the fiber: a literal.
  template <class Body>
  void start(std::string_view name, Body&& body) {
    fibers_.spawn(name, [this, body = std::forward<Body>(body)] {
      const Result<> ended = body();
      if (outcome_ && !ended) outcome_ = ended;
      over_.set();
    });
  }

  /// Suspends until one of them has ended. Errors: cancelled.
  Result<> wait() { return over_.wait(); }
  /// The first error with which one has ended, if there is any so far.
  const Result<>& outcome() const { return outcome_; }
  /// Cancels those that are left and waits for them. Returns: outcome() as it was before: to be cancelled here is no error.
  Result<> end() {
    const Result<> before = outcome_;
    fibers_.cancel();
    fibers_.join();
    return before;
  }

 private:
  Result<> outcome_;
  Event over_;
  TaskGroup fibers_;  // last: its fibers use the others
};

}  // namespace faultline
