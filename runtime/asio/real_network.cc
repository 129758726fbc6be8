#include "runtime/asio/real_network.h"

#include "runtime/asio/real_clock.h"
#include "runtime/sync.h"

namespace faultline {
namespace {

// An io_uring listener that was killed keeps its port until the kernel has torn its ring down, some milliseconds after the process
// is gone; a broker that is restarted at once must not fail for that.
constexpr Duration bind_patience = 1s;
constexpr Duration bind_retry = 20ms;

}  // namespace

Result<std::vector<SocketAddress>> RealNetwork::resolve(const Endpoint& endpoint, Time deadline) {
  if (endpoint.host.empty()) return Error(Errc::invalid_argument, "no host in '" + to_string(endpoint) + "'");
  std::vector<SocketAddress> addresses = numeric_address(endpoint);
  if (!addresses.empty()) return addresses;
  return perform(name_lookups_, deadline, [endpoint] { return resolve_blocking(endpoint); });
}

Result<std::unique_ptr<Listener>> RealNetwork::listen_patiently(const SocketAddress& address) {
  const Time give_up = after(machine_now(), bind_patience);
  for (;;) {
    Result<std::unique_ptr<Listener>> listener = reactor_.listen(address);
    if (listener.has_value() || !(listener.error() == Errc::address_in_use) || machine_now() >= give_up) return listener;
    TRY(sleep_until(after(machine_now(), bind_retry)));
  }
}

Result<std::unique_ptr<Listener>> RealNetwork::listen(const Endpoint& local) {
  ENSURE(Fiber::current() != nullptr);
  if (Fiber::current()->cancelled()) return Error(Errc::cancelled);
  const std::vector<SocketAddress> addresses = TRY(resolve(local, no_deadline));
  return listen_patiently(addresses.front());
}

Result<std::unique_ptr<Stream>> RealNetwork::connect(const Endpoint& peer, Time deadline) {
  Error last(Errc::unreachable, to_string(peer));
  for (const SocketAddress& address : TRY(resolve(peer, deadline))) {
    Result<std::unique_ptr<Stream>> stream = reactor_.connect(address, deadline);
    if (stream.has_value() || stream.error() == Errc::cancelled || machine_now() >= deadline) return stream;
    last = stream.error();
  }
  return last;
}

}  // namespace faultline
