// The Network of the real world: names and their addresses, on top of a reactor that knows addresses only.
#pragma once

#include <memory>
#include <vector>

#include "runtime/asio/file_lane.h"
#include "runtime/asio/reactor.h"
#include "runtime/network.h"

namespace faultline {

class RealNetwork final : public Network {
 public:
  RealNetwork(Reactor& reactor, Completions& completions) : reactor_(reactor), name_lookups_(completions, 2) {}

  Result<std::unique_ptr<Listener>> listen(const Endpoint& local) override;
  Result<std::unique_ptr<Stream>> connect(const Endpoint& peer, Time deadline) override;

 private:
  Result<std::vector<SocketAddress>> resolve(const Endpoint& endpoint, Time deadline);
  Result<std::unique_ptr<Listener>> listen_patiently(const SocketAddress& address);

  Reactor& reactor_;
  FileLane name_lookups_;  // a name server that is down blocks a thread for seconds
};

}  // namespace faultline
