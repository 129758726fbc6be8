#include "sim/sockets.h"

#include <algorithm>

namespace faultline::sim {
namespace {

/// Whether a call must be refused: its process is gone or its fiber was cancelled.
bool refused(const Host& host) {
  const Fiber* fiber = Fiber::current();
  return host.severed || (fiber != nullptr && fiber->cancelled());
}

std::size_t total_bytes(std::span<const Bytes> pieces) {
  std::size_t total = 0;
  for (const Bytes& piece : pieces) total += piece.size();
  return total;
}

}  // namespace

SimStream::SimStream(Internet& internet, Connection& connection, std::size_t side)
    : internet_(internet), host_(internet.host(connection.half[side].host)), connection_(connection), side_(side) {}

SimStream::~SimStream() {
  // After a crash or a kill, the machine's kernel decides what becomes of the connection.
  if (!host_.severed) internet_.close(connection_, side_, false);
}

Result<std::size_t> SimStream::read_some(MutableBytes buffer, Time deadline) {
  ENSURE(!buffer.empty());
  if (refused(host_)) [[unlikely]]
    return Error(Errc::cancelled);
  Half& half = connection_.half[side_];
  Pipe& pipe = connection_.pipe[1 - side_];
  for (;;) {
    if (half.aborted) [[unlikely]]
      return Error(Errc::closed);
    if (pipe.readable() > 0) [[likely]]
      return internet_.read(connection_, side_, buffer);
    if (pipe.ended) return std::size_t{0};
    if (half.broken) return Error(Errc::connection_reset, {}, half.injected);
    ENSURE(pipe.reader == nullptr);
    pipe.reader = Fiber::current();
    const Wake wake = park(deadline);
    pipe.reader = nullptr;
    if (wake == Wake::ready) [[likely]]
      continue;
    if (wake == Wake::cancelled) return Error(Errc::cancelled);
    return Error(Errc::timed_out, {}, internet_.path_is_bad(connection_));
  }
}

Result<std::size_t> SimStream::write_some(std::span<const Bytes> pieces, Time deadline) {
  ENSURE(total_bytes(pieces) > 0);
  if (refused(host_)) [[unlikely]]
    return Error(Errc::cancelled);
  Half& half = connection_.half[side_];
  Pipe& pipe = connection_.pipe[side_];
  for (;;) {
    if (half.write_shut || half.aborted) [[unlikely]]
      return Error(Errc::closed);
    if (half.broken) [[unlikely]]
      return Error(Errc::connection_reset, {}, half.injected);
    if (pipe.room() > 0) [[likely]]
      return internet_.write(connection_, side_, pieces);
    ENSURE(pipe.writer == nullptr);
    pipe.writer = Fiber::current();
    const Wake wake = park(deadline);
    pipe.writer = nullptr;
    if (wake == Wake::ready) [[likely]]
      continue;
    if (wake == Wake::cancelled) return Error(Errc::cancelled);
    return Error(Errc::timed_out, {}, internet_.path_is_bad(connection_));
  }
}

Result<> SimStream::shutdown_write() {
  if (refused(host_)) return Error(Errc::cancelled);
  Half& half = connection_.half[side_];
  if (half.write_shut || half.aborted) return Error(Errc::closed);
  if (half.broken) return Error(Errc::connection_reset, {}, half.injected);
  internet_.shut_write(connection_, side_);
  return {};
}

void SimStream::reset() {
  if (!host_.severed) internet_.abort(connection_, side_);
}

Result<std::unique_ptr<Stream>> SimListener::accept(Time deadline) {
  for (;;) {
    if (refused(host_)) return Error(Errc::cancelled);
    if (closed_) return Error(Errc::closed);
    if (Connection* connection = internet_.next_accepted(*this)) {
      return std::unique_ptr<Stream>(std::make_unique<SimStream>(internet_, *connection, 1));
    }
    const Wake wake = acceptors_.wait(deadline);
    if (wake == Wake::timed_out) return Error(Errc::timed_out);
    if (wake == Wake::cancelled) return Error(Errc::cancelled);
  }
}

void SimListener::close() {
  if (closed_) return;
  closed_ = true;
  internet_.stop_listening(*this);
  if (!host_.severed) acceptors_.wake_all();
}

Result<std::unique_ptr<Listener>> SimNetwork::listen(const Endpoint& local) {
  if (refused(host_)) return Error(Errc::cancelled);
  if (!internet_.is_own_name(host_, local.host)) return Error(Errc::unreachable, "no local address '" + local.host + "'");
  Endpoint bound = local;
  if (bound.port == 0) bound.port = internet_.free_port(host_);
  const bool taken = std::any_of(host_.listeners.begin(), host_.listeners.end(),
                                 [&](const SimListener* other) { return other->local().port == bound.port; });
  if (taken) return Error(Errc::address_in_use, to_string(bound));
  auto listener = std::make_unique<SimListener>(internet_, host_, bound);
  host_.listeners.push_back(listener.get());
  internet_.kernel().record(host_.id, TraceKind::listen, bound.port);
  return std::unique_ptr<Listener>(std::move(listener));
}

Result<std::unique_ptr<Stream>> SimNetwork::connect(const Endpoint& peer, Time deadline) {
  if (refused(host_)) return Error(Errc::cancelled);
  const NodeId server = internet_.resolve(host_.id, peer.host);
  if (server == no_node) return Error(Errc::unreachable, "unknown host '" + peer.host + "'", host_.disturbed);
  Connection& connection = internet_.open_connection(host_, server, peer);
  connection.connector = Fiber::current();
  const Wake wake = park(deadline);
  connection.connector = nullptr;
  if (wake == Wake::ready && connection.failure == Errc::none) {
    return std::unique_ptr<Stream>(std::make_unique<SimStream>(internet_, connection, 0));
  }
  Error error(Errc::cancelled);
  if (wake == Wake::ready) error = Error(connection.failure, to_string(peer), connection.failure_injected);
  if (wake == Wake::timed_out) error = Error(Errc::timed_out, to_string(peer), internet_.path_is_bad(connection));
  internet_.abandon(connection);
  return error;
}

}  // namespace faultline::sim
