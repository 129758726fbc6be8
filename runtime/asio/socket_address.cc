#include "runtime/asio/socket_address.h"

#include <arpa/inet.h>
#include <netdb.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>

#include "base/check.h"

namespace faultline {
namespace {

std::vector<SocketAddress> lookup(const Endpoint& endpoint, int flags, int& failure) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  failure = getaddrinfo(endpoint.host.c_str(), std::to_string(endpoint.port).c_str(), &hints, &list);
  if (failure != 0) return {};
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(list, &freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    SocketAddress& address = addresses.emplace_back();
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    address.length = entry->ai_addrlen;
  }
  return addresses;
}

}  // namespace

std::vector<SocketAddress> numeric_address(const Endpoint& endpoint) {
  int failure = 0;
  return lookup(endpoint, AI_NUMERICHOST, failure);
}

Result<std::vector<SocketAddress>> resolve_blocking(const Endpoint& endpoint) {
  int failure = 0;
  std::vector<SocketAddress> addresses = lookup(endpoint, 0, failure);
  if (addresses.empty()) return Error(Errc::unreachable, endpoint.host + ": " + gai_strerror(failure));
  return addresses;
}

Endpoint to_endpoint(const sockaddr* address) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (address->sa_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(address);
    ENSURE(inet_ntop(AF_INET, &v4->sin_addr, text.data(), text.size()) != nullptr);
    return {text.data(), ntohs(v4->sin_port)};
  }
  ENSURE(address->sa_family == AF_INET6);
  const auto* v6 = reinterpret_cast<const sockaddr_in6*>(address);
  ENSURE(inet_ntop(AF_INET6, &v6->sin6_addr, text.data(), text.size()) != nullptr);
  return {text.data(), ntohs(v6->sin6_port)};
}

}  // namespace faultline
