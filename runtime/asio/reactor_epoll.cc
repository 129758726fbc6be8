// The reactor over epoll.
#include "runtime/asio/asio_reactor.h"

namespace faultline {

Result<std::unique_ptr<Reactor>> open_epoll_reactor(FiberStackPool& stacks) {
  try {
    return std::make_unique<epoll_reactor::AsioReactor>("epoll", stacks);
  } catch (const boost::system::system_error& error) {
    return Error(Errc::resource_exhausted, error.what());
  }
}

}  // namespace faultline
