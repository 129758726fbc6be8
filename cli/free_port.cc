#include "cli/free_port.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace faultline::cli {
namespace {

/// One that the system calls free. Errors: io_error.
Result<std::uint16_t> ask_system() {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const generic = reinterpret_cast<sockaddr*>(&address);
  const bool found = socket >= 0 && bind(socket, generic, size) == 0 && getsockname(socket, generic, &size) == 0;
  const int error = errno;
  if (socket >= 0) close(socket);
  if (!found) return Error(Errc::io_error, std::string("no free port: ") + std::strerror(error));
  return ntohs(address.sin_port);
}

}  // namespace

Result<std::uint16_t> FreePorts::next() {
  for (;;) {
    const std::uint16_t port = TRY(ask_system());
    if (taken_.insert(port).second) return port;
  }
}

}  // namespace faultline::cli
