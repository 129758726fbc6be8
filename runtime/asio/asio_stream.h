// A TCP connection.
//
// A read or write is first tried without waiting, straight on the socket, unless the last one showed that the socket is drained or
// full: a bulk transfer then never passes through the reactor, and a request-response exchange costs no fruitless system call.
//
// Asio cancels whatever a socket is doing, in both directions. A direction that was aborted for the sake of the other starts
// again. A socket is closed only after its last operation has completed: Asio's io_uring service would reuse the bookkeeping of
// an operation in flight for the next socket.
#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

#include "runtime/asio/asio_operation.h"
#include "runtime/asio/posix_error.h"
#include "runtime/asio/socket_address.h"
#include "runtime/network.h"
#include "runtime/sync.h"

namespace faultline::FAULTLINE_REACTOR {

using Tcp = boost::asio::ip::tcp;
// Bound to the one executor there is; the default would carry one that can be anything.
using Executor = boost::asio::io_context::executor_type;
using Socket = boost::asio::basic_stream_socket<Tcp, Executor>;
using Acceptor = boost::asio::basic_socket_acceptor<Tcp, Executor>;

/// Errors of a call that must not even begin.
inline Result<> may_suspend() {
  ENSURE(Fiber::current() != nullptr);
  if (Fiber::current()->cancelled()) return Error(Errc::cancelled);
  return {};
}

class AsioStream final : public Stream {
 public:
  AsioStream(Socket socket, Endpoint local, Endpoint peer)
      : socket_(std::move(socket)), local_(std::move(local)), peer_(std::move(peer)) {
    boost::system::error_code ignored;  // a connection that is already broken says so at the first read
    socket_.set_option(Tcp::no_delay(true), ignored);
  }

  ~AsioStream() override { ENSURE(operations_ == 0); }

  Result<std::size_t> read_some(MutableBytes buffer, Time deadline) override {
    ENSURE(!buffer.empty());
    TRY(usable());
    if (may_hold_data_) {
      TRY(let_others_run());
      const ssize_t count = without_interrupts([&] { return recv(descriptor(), buffer.data(), buffer.size(), MSG_DONTWAIT); });
      if (count >= 0) return note_read(static_cast<std::size_t>(count), buffer.size());
      if (errno != EAGAIN) return broken(errno);
    }
    for (;;) {
      Operation operation;
      socket_.async_receive(boost::asio::buffer(buffer.data(), buffer.size()), operation.callback());
      const Wake why = wait(operation, deadline);
      if (closed_) return Error(Errc::closed);
      if (operation.error() == boost::asio::error::eof) return std::size_t{0};
      if (!operation.error()) return note_read(operation.bytes(), buffer.size());
      if (!operation.aborted()) return broken(operation.error().value());
      TRY(to_result(why));
    }
  }

  Result<std::size_t> write_some(std::span<const Bytes> pieces, Time deadline) override {
    TRY(usable());
    if (write_ended_) return Error(Errc::closed);
    Gather gather(pieces);
    if (may_have_room_) {
      TRY(let_others_run());
      const ssize_t count =
          without_interrupts([&] { return sendmsg(descriptor(), &gather.message, MSG_DONTWAIT | MSG_NOSIGNAL); });
      if (count >= 0) return note_written(static_cast<std::size_t>(count), gather.bytes);
      if (errno != EAGAIN) return broken(errno);
    }
    return write_later(gather, deadline);
  }

  Result<> shutdown_write() override {
    TRY(usable());
    write_ended_ = true;
    if (shutdown(descriptor(), SHUT_WR) != 0) return broken(errno);
    return {};
  }

  void reset() override {
    if (closed_) return;
    closed_ = true;
    // With a linger time of zero, closing drops what is queued and sends a reset.
    const linger abort{1, 0};
    setsockopt(descriptor(), SOL_SOCKET, SO_LINGER, &abort, sizeof(abort));
    cancel();
    if (operations_ == 0) close();
  }

  const Endpoint& local() const override { return local_; }
  const Endpoint& peer() const override { return peer_; }

 private:
  // Asio passes no more pieces to the kernel at once.
  static constexpr std::size_t pieces_at_once = 64;

  /// The pieces as sendmsg() wants them.
  struct Gather {
    explicit Gather(std::span<const Bytes> pieces) {
      for (const Bytes& piece : pieces) {
        if (piece.empty()) continue;
        vectors[count] = {const_cast<std::uint8_t*>(piece.data()), piece.size()};
        bytes += piece.size();
        if (++count == pieces_at_once) break;
      }
      ENSURE(count > 0);
      message.msg_iov = vectors.data();
      message.msg_iovlen = count;
    }
    Gather(const Gather&) = delete;
    Gather& operator=(const Gather&) = delete;

    std::array<iovec, pieces_at_once> vectors;
    std::size_t count = 0;
    std::size_t bytes = 0;
    msghdr message{};
  };

  /// The same for Asio: a ConstBufferSequence that is cheap to copy.
  struct BufferRange {
    using value_type = boost::asio::const_buffer;
    using const_iterator = const value_type*;

    const_iterator begin() const { return first; }
    const_iterator end() const { return last; }

    const_iterator first;
    const_iterator last;
  };

  // How many calls in a row may succeed at once before other fibers and the reactor have their turn.
  static constexpr unsigned calls_per_turn = 32;

  int descriptor() { return socket_.native_handle(); }

  Result<> usable() const {
    TRY(may_suspend());
    if (closed_) return Error(Errc::closed);
    if (broken_) return Error(Errc::connection_reset, "broken earlier");
    return {};
  }

  Result<> let_others_run() {
    if (++calls_this_turn_ < calls_per_turn) return {};
    calls_this_turn_ = 0;
    TRY(yield());
    return usable();
  }

  Result<std::size_t> write_later(const Gather& gather, Time deadline) {
    std::array<boost::asio::const_buffer, pieces_at_once> buffers;
    for (std::size_t i = 0; i < gather.count; ++i) buffers[i] = {gather.vectors[i].iov_base, gather.vectors[i].iov_len};
    for (;;) {
      Operation operation;
      socket_.async_send(BufferRange{buffers.data(), buffers.data() + gather.count}, operation.callback());
      const Wake why = wait(operation, deadline);
      if (closed_) return Error(Errc::closed);
      if (!operation.error()) return note_written(operation.bytes(), gather.bytes);
      if (!operation.aborted()) return broken(operation.error().value());
      TRY(to_result(why));
    }
  }

  Wake wait(Operation& operation, Time deadline) {
    calls_this_turn_ = 0;
    ++operations_;
    const Wake why = operation.wait(deadline, [this] { cancel(); });
    if (--operations_ == 0 && closed_) close();
    return why;
  }

  std::size_t note_read(std::size_t count, std::size_t asked) {
    may_hold_data_ = count == asked;
    return count;
  }

  std::size_t note_written(std::size_t count, std::size_t asked) {
    may_have_room_ = count == asked;
    return count;
  }

  // The kernel reports a reset once and then pretends an orderly end; on the seam a broken connection stays broken.
  Error broken(int number) {
    broken_ = true;
    return stream_error(number);
  }

  void cancel() {
    boost::system::error_code ignored;
    socket_.cancel(ignored);
  }

  void close() {
    boost::system::error_code ignored;
    socket_.close(ignored);
  }

  template <class Call>
  static ssize_t without_interrupts(Call&& call) {
    for (;;) {
      const ssize_t result = call();
      if (result >= 0 || errno != EINTR) return result;
    }
  }

  // Constant after construction.
  Socket socket_;
  const Endpoint local_;
  const Endpoint peer_;
  // Volatile.
  bool closed_ = false;
  bool broken_ = false;
  bool write_ended_ = false;
  bool may_hold_data_ = true;
  bool may_have_room_ = true;
  unsigned calls_this_turn_ = 0;
  unsigned operations_ = 0;  // in flight
};

}  // namespace faultline::FAULTLINE_REACTOR
