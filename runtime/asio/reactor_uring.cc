// The reactor over io_uring. CMakeLists.txt compiles this one file with the definitions that asio_prelude.h is about.
#include <liburing.h>

#include <cstring>

#include "runtime/asio/asio_reactor.h"

namespace faultline {
namespace {

// What Asio's sockets and timers are made of. A kernel that has the last of them, IORING_OP_SEND's generation (5.6), has all.
constexpr int operations[] = {IORING_OP_RECVMSG,      IORING_OP_SENDMSG,  IORING_OP_ACCEPT, IORING_OP_CONNECT, IORING_OP_TIMEOUT,
                              IORING_OP_ASYNC_CANCEL, IORING_OP_POLL_ADD, IORING_OP_READ,   IORING_OP_WRITE};

/// Containers and hardened kernels commonly forbid io_uring altogether; Asio would throw half-way through its own construction.
Result<> probe() {
  io_uring ring{};
  if (const int failure = io_uring_queue_init(2, &ring, 0); failure < 0) {
    return Error(Errc::unsupported, std::string("io_uring: ") + std::strerror(-failure));
  }
  io_uring_probe* found = io_uring_get_probe_ring(&ring);
  bool complete = found != nullptr;
  for (const int operation : operations) complete = complete && io_uring_opcode_supported(found, operation) != 0;
  io_uring_free_probe(found);
  io_uring_queue_exit(&ring);
  if (!complete) return Error(Errc::unsupported, "io_uring: this kernel's lacks socket operations");
  return {};
}

}  // namespace

Result<std::unique_ptr<Reactor>> open_uring_reactor(FiberStackPool& stacks) {
  TRY(probe());
  try {
    return std::make_unique<uring_reactor::AsioReactor>("io_uring", stacks);
  } catch (const boost::system::system_error& error) {
    return Error(Errc::unsupported, error.what());  // a full-sized ring may still be refused: locked memory, descriptors
  }
}

}  // namespace faultline
