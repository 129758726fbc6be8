// What the real world needs of Asio, without a word of Asio: the loop with its fibers, sockets, signals. It is implemented once
// (asio_*.h) and compiled twice, over epoll and over io_uring; see asio_prelude.h.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "base/result.h"
#include "runtime/asio/socket_address.h"
#include "runtime/network.h"
#include "runtime/tasks.h"

namespace faultline {

class Reactor {
 public:
  virtual ~Reactor() = default;

  virtual std::string_view name() const = 0;
  virtual Tasks& tasks() = 0;

  /// Runs fibers, timers and sockets until no fiber is left. An exception that escapes a fiber leaves through here; the other
  /// fibers are still there then, and run() goes on with them.
  virtual void run() = 0;

  /// Has `on_wake` called by run(), once or more, after this call. From any thread.
  virtual void wake_from_any_thread() = 0;
  virtual void set_on_wake(std::function<void()> on_wake) = 0;

  /// Errors: address_in_use and others of endpoint_error().
  virtual Result<std::unique_ptr<Listener>> listen(const SocketAddress& address) = 0;
  /// Suspends. Errors: as Network::connect.
  virtual Result<std::unique_ptr<Stream>> connect(const SocketAddress& address, Time deadline) = 0;

  /// Suspends until SIGINT or SIGTERM; see RealWorld::wait_signal.
  virtual Result<int> wait_signal(Time deadline) = 0;
};

/// Errors: resource_exhausted.
Result<std::unique_ptr<Reactor>> open_epoll_reactor(FiberStackPool& stacks);
/// Errors: unsupported, where the kernel lacks io_uring, forbids it, or grants too little memory for it.
Result<std::unique_ptr<Reactor>> open_uring_reactor(FiberStackPool& stacks);

}  // namespace faultline
