// How connections come about: a request travels to the listener's machine, an answer travels back; what is lost is asked again.
#include "sim/internet.h"
#include "sim/sockets.h"

namespace faultline::sim {
namespace {

// Linux sends the first request again after a second, doubles that each time, and gives up after the sixth.
constexpr Duration first_retry = 1s;
constexpr std::uint8_t retries = 6;

}  // namespace

Connection& Internet::open_connection(Host& client, NodeId server, const Endpoint& peer) {
  if (free_slots_.empty()) {
    free_slots_.push_back(static_cast<std::uint32_t>(connections_.size()));
    connections_.emplace_back().slot = free_slots_.back();
  }
  Connection& connection = connections_[free_slots_.back()];
  free_slots_.pop_back();
  connection.in_use = true;
  connection.serial = next_serial_++;
  connection.forgotten = false;
  connection.phase = Connection::Phase::connecting;
  connection.attempts = 0;
  connection.failure = Errc::none;
  connection.failure_injected = false;
  Link& there = link(client.id, server);
  Link& back = link(server, client.id);
  const std::string own_name = client.names.empty() ? std::string("localhost") : client.names.front();
  connection.half[0] = Half{.host = client.id, .local = {client.id == server ? peer.host : own_name, free_port(client)}};
  connection.half[1] = Half{.host = server, .local = peer};
  Link* const links[2] = {&there, &back};
  for (std::size_t side = 0; side < 2; ++side) {
    Pipe& pipe = connection.pipe[side];
    pipe.link = links[side];
    pipe.random = links[side]->next_pipe_random();
    const LinkOptions& options = links[side]->options;
    const bool small = options.small_window.numerator != 0 && links[side]->small_window.chance(options.small_window);
    pipe.window = small ? options.small_window_bytes : options.window_bytes;
    ENSURE(pipe.window > 0);
    if (small) kernel_.fault(FaultKind::small_window, links[side]->from, links[side]->to, no_deadline);
  }
  if (there.options.refuse.numerator != 0 && there.refuse.chance(there.options.refuse)) {
    connection.failure = Errc::connection_refused;
    connection.failure_injected = true;
    kernel_.fault(FaultKind::refuse, client.id, server, kernel_.now);
  }
  kernel_.record(client.id, TraceKind::connect, connection.serial, server.value());
  connect_event(connection, EventKind::connect_arrives, kernel_.now + there.options.latency.draw(there.setup));
  return connection;
}

void Internet::connect_event(Connection& connection, EventKind kind, Time at) {
  ++connection.connect_events;
  kernel_.at(at, kind, connection.slot, connection.generation);
}

void Internet::retry_connect(Connection& connection, EventKind kind) {
  if (connection.attempts == retries) {
    answer(connection, Errc::timed_out, true);
    return;
  }
  connect_event(connection, kind, kernel_.now + first_retry * (1 << connection.attempts));
  ++connection.attempts;
}

/// The connection attempt ends here and now, at the client.
void Internet::answer(Connection& connection, Errc failure, bool injected) {
  connection.failure = failure;
  connection.failure_injected = injected;
  if (failure != Errc::none) {
    kernel_.record(connection.half[0].host, TraceKind::connect_failed, connection.serial, static_cast<std::uint64_t>(failure));
  } else {
    connection.phase = Connection::Phase::established;
    connection.half[0].attached = true;
    kernel_.record(connection.half[0].host, TraceKind::established, connection.serial);
  }
  if (connection.connector != nullptr) wake(*connection.connector);
}

void Internet::on_connect_arrives(std::uint32_t slot, std::uint32_t generation) {
  Connection& connection = connections_[slot];
  if (!connection.in_use || connection.generation != generation) return;
  --connection.connect_events;
  if (connection.connector == nullptr) {  // the client has given up
    release_if_done(connection);
    return;
  }
  Half& to = connection.half[1];
  Host& server = host(to.host);
  const bool lost =
      connection.pipe[0].link->blocked() || connection.pipe[1].link->blocked() || !server.up || connection.forgotten;
  SimListener* listener = lost ? nullptr : find_listener(server, to.local);
  if (lost || (listener != nullptr && listener->pending_.size() >= SimListener::backlog)) {
    retry_connect(connection, EventKind::connect_arrives);
    return;
  }
  Link& back = *connection.pipe[1].link;
  const Time answered = kernel_.now + back.options.latency.draw(back.setup);
  if (connection.failure != Errc::none || listener == nullptr) {
    connection.phase = Connection::Phase::refused;
    if (connection.failure == Errc::none) {
      connection.failure = Errc::connection_refused;
      connection.failure_injected = server.disturbed;
    }
  } else {
    connection.phase = Connection::Phase::accepted;
    to.attached = true;
    to.machine_lost = false;  // a request that was on its way through a power loss reaches whoever is back
    connection.pipe[1].last_arrival = answered;
    listener->pending_.emplace_back(connection.slot, connection.generation);
    listener->acceptors_.wake_one();
  }
  connect_event(connection, EventKind::connect_answers, answered);
}

void Internet::on_connect_answers(std::uint32_t slot, std::uint32_t generation) {
  Connection& connection = connections_[slot];
  if (!connection.in_use || connection.generation != generation) return;
  --connection.connect_events;
  if (connection.connector == nullptr) {
    if (connection.phase == Connection::Phase::accepted && !connection.half[0].broken) {
      // The server believes in a connection whose client is gone. A machine without power cannot tell it.
      if (host(connection.half[0].host).up) send_reset(connection, 0, connection.half[0].machine_lost);
    }
    release_if_done(connection);
    return;
  }
  if (connection.pipe[1].link->blocked()) {
    retry_connect(connection, EventKind::connect_answers);
    return;
  }
  if (connection.phase == Connection::Phase::refused) {
    answer(connection, connection.failure, connection.failure_injected);
    return;
  }
  answer(connection, Errc::none, false);
  // The server may have closed, or crashed and come back, meanwhile: its segments follow in their own time.
}

void Internet::abandon(Connection& connection) {
  Half& client = connection.half[0];
  if (client.attached) {  // established, but the client was cancelled in the same moment
    close(connection, 0, false);
    return;
  }
  if (connection.phase == Connection::Phase::accepted && connection.connect_events == 0) send_reset(connection, 0, true);
  release_if_done(connection);
}

Connection* Internet::next_accepted(SimListener& listener) {
  while (!listener.pending_.empty()) {
    const auto [slot, generation] = listener.pending_.front();
    listener.pending_.pop_front();
    Connection& connection = connections_[slot];
    if (!connection.in_use || connection.generation != generation || !connection.half[1].attached) continue;
    kernel_.record(listener.host_.id, TraceKind::accept, connection.serial);
    return &connection;
  }
  return nullptr;
}

void Internet::stop_listening(SimListener& listener) {
  std::erase(listener.host_.listeners, &listener);
  if (listener.host_.severed) return;  // the machine's kernel deals with what waits, or nobody does
  while (Connection* connection = next_accepted(listener)) {
    send_reset(*connection, 1, false);
    connection->half[1].attached = false;
    release_if_done(*connection);
  }
}

}  // namespace faultline::sim
