// Endpoint (a name and a port) to and from the kernel's socket addresses.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <vector>

#include "base/result.h"
#include "runtime/network.h"

namespace faultline {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
};

/// The address of an endpoint whose host is a numeric IPv4 or IPv6 address; empty for a name.
std::vector<SocketAddress> numeric_address(const Endpoint& endpoint);

/// All addresses of an endpoint's host, in the order to try them. Blocks while name servers are asked. Errors: unreachable.
Result<std::vector<SocketAddress>> resolve_blocking(const Endpoint& endpoint);

/// Requires: an IPv4 or IPv6 address.
Endpoint to_endpoint(const sockaddr* address);

}  // namespace faultline
