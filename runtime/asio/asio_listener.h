// A listening TCP socket. Any number of fibers may accept from it.
#pragma once

#include <memory>
#include <utility>

#include "runtime/asio/asio_operation.h"
#include "runtime/asio/asio_stream.h"

namespace faultline::FAULTLINE_REACTOR {

/// The kernel's address as Asio's, and back.
inline Tcp::endpoint to_asio(const SocketAddress& address) {
  Tcp::endpoint endpoint;
  ENSURE(address.length <= endpoint.capacity());
  std::memcpy(endpoint.data(), &address.storage, address.length);
  endpoint.resize(address.length);
  return endpoint;
}
inline Endpoint from_asio(const Tcp::endpoint& endpoint) { return to_endpoint(endpoint.data()); }

/// A Stream over a connected socket. Errors: connection_reset, when the peer is gone already.
inline Result<std::unique_ptr<Stream>> make_stream(Socket socket) {
  boost::system::error_code error;
  const Tcp::endpoint local = socket.local_endpoint(error);
  if (error) return stream_error(error.value());
  const Tcp::endpoint peer = socket.remote_endpoint(error);
  if (error) return stream_error(error.value());
  return std::make_unique<AsioStream>(std::move(socket), from_asio(local), from_asio(peer));
}

class AsioListener final : public Listener {
 public:
  explicit AsioListener(Acceptor acceptor) : acceptor_(std::move(acceptor)), local_(from_asio(acceptor_.local_endpoint())) {}

  ~AsioListener() override { ENSURE(operations_ == 0); }

  Result<std::unique_ptr<Stream>> accept(Time deadline) override {
    TRY(may_suspend());
    while (!closed_) {
      Socket socket(acceptor_.get_executor());
      Operation operation;
      acceptor_.async_accept(socket, operation.callback());
      ++operations_;
      const Wake why = operation.wait(deadline, [this] { cancel(); });
      if (--operations_ == 0 && closed_) finish_close();
      if (closed_) break;
      if (!operation.error()) {
        if (Result<std::unique_ptr<Stream>> stream = make_stream(std::move(socket)); stream.has_value()) return stream;
        continue;  // it came and went before we looked
      }
      if (operation.aborted()) {
        TRY(to_result(why));
        continue;
      }
      Error error = endpoint_error(operation.error().value(), "accept", to_string(local_));
      if (error == Errc::resource_exhausted) return error;
      // Anything else is the fate of a connection that failed before it was ours: accept(2), "Error handling".
      TRY(yield());
    }
    return Error(Errc::closed);
  }

  const Endpoint& local() const override { return local_; }

  void close() override {
    if (closed_) return;
    closed_ = true;
    cancel();
    if (operations_ == 0) finish_close();
  }

 private:
  void cancel() {
    boost::system::error_code ignored;
    acceptor_.cancel(ignored);
  }

  // Not before the last accept has completed: see asio_stream.h.
  void finish_close() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
  }

  // Constant after construction.
  Acceptor acceptor_;
  const Endpoint local_;
  // Volatile.
  bool closed_ = false;
  unsigned operations_ = 0;  // in flight
};

}  // namespace faultline::FAULTLINE_REACTOR
