// One asynchronous operation of Asio, seen from the fiber that waits for it.
//
// The operation's buffers and its Operation live on the fiber's stack or with its caller, and the kernel may write to them until
// the completion has come. Therefore nobody returns before: on a deadline or a cancellation the operation is cancelled, and its
// completion, which may turn out to be a success after all, is waited for.
#pragma once

#include <cstddef>

#include "base/check.h"
#include "runtime/asio/asio_prelude.h"
#include "runtime/fiber.h"

namespace faultline::FAULTLINE_REACTOR {

class Operation {
 public:
  Operation() = default;
  Operation(const Operation&) = delete;
  Operation& operator=(const Operation&) = delete;

  /// The callback to hand to Asio.
  auto callback() {
    return [this](const boost::system::error_code& error, std::size_t bytes = 0) {
      error_ = error;
      bytes_ = bytes;
      done_ = true;
      wake(*fiber_);
    };
  }

  /// Suspends until the callback has been called; calls `cancel()` when the deadline or a cancellation comes first.
  /// Returns: why the wait ended. error() counts in any case.
  template <class Cancel>
  Wake wait(Time deadline, Cancel&& cancel) {
    const Wake why = park(deadline);
    if (done_) return why;
    ENSURE(why != Wake::ready);
    cancel();
    while (!done_) park_uncancellable();
    return why;
  }

  const boost::system::error_code& error() const { return error_; }
  bool aborted() const { return error_ == boost::asio::error::operation_aborted; }
  std::size_t bytes() const { return bytes_; }

 private:
  Fiber* const fiber_ = Fiber::current();
  bool done_ = false;
  boost::system::error_code error_;
  std::size_t bytes_ = 0;
};

}  // namespace faultline::FAULTLINE_REACTOR
