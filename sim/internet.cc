// Machines and links: who answers to which name, what a crash does to connections, what a blocked wire holds back.
#include "sim/internet.h"

#include <algorithm>

#include "sim/sockets.h"

namespace faultline::sim {
namespace {

// IANA's range for ports that the system chooses.
constexpr std::uint16_t first_ephemeral_port = 49152;

bool is_loopback(std::string_view name) { return name == "localhost" || name == "127.0.0.1" || name == "::1"; }
bool is_wildcard(std::string_view name) { return name == "0.0.0.0" || name == "::"; }

}  // namespace

Host& Internet::add_host(NodeId id, std::string node_name, std::vector<std::string> names) {
  ENSURE(id.value() == hosts_.size());
  hosts_.push_back(std::make_unique<Host>());
  Host& host = *hosts_.back();
  host.id = id;
  host.node_name = std::move(node_name);
  host.names = std::move(names);
  host.next_port = first_ephemeral_port;
  return host;
}

NodeId Internet::resolve(NodeId from, std::string_view name) const {
  if (is_loopback(name) || is_wildcard(name)) return from;
  for (const std::unique_ptr<Host>& host : hosts_) {
    if (std::find(host->names.begin(), host->names.end(), name) != host->names.end()) return host->id;
  }
  return no_node;
}

bool Internet::is_own_name(const Host& host, std::string_view name) const {
  return is_loopback(name) || is_wildcard(name) || std::find(host.names.begin(), host.names.end(), name) != host.names.end();
}

std::uint16_t Internet::free_port(Host& host) {
  // A port is free enough if nobody listens on it: connections are told apart by slot, not by port.
  for (;;) {
    const std::uint16_t port = host.next_port;
    host.next_port = port == UINT16_MAX ? first_ephemeral_port : static_cast<std::uint16_t>(port + 1);
    const bool taken = std::any_of(host.listeners.begin(), host.listeners.end(),
                                   [port](const SimListener* listener) { return listener->local().port == port; });
    if (!taken) return port;
  }
}

SimListener* Internet::find_listener(const Host& host, const Endpoint& endpoint) const {
  for (SimListener* listener : host.listeners) {
    if (listener->local().port != endpoint.port) continue;
    const std::string& bound = listener->local().host;
    if (is_wildcard(bound) || bound == endpoint.host || (is_loopback(bound) && is_loopback(endpoint.host))) return listener;
  }
  return nullptr;
}

void Internet::process_ended(NodeId id, bool injected) {
  Host& ended = host(id);
  ended.listeners.clear();
  for (Connection& connection : connections_) {
    if (!connection.in_use) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      Half& half = connection.half[side];
      if (half.host != id || half.machine_lost) continue;
      connection.pipe[1 - side].reader = nullptr;
      connection.pipe[side].writer = nullptr;
      if (side == 0) connection.connector = nullptr;
      if (half.attached) close(connection, side, injected);
    }
  }
}

void Internet::power_lost(NodeId id) {
  Host& lost = host(id);
  lost.up = false;
  lost.listeners.clear();
  for (Connection& connection : connections_) {
    if (!connection.in_use) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      Half& half = connection.half[side];
      if (half.host != id || half.machine_lost) continue;
      half.machine_lost = true;
      half.attached = false;
      connection.pipe[1 - side].reader = nullptr;
      connection.pipe[side].writer = nullptr;
      if (side == 0) connection.connector = nullptr;
      // What is on the wire arrives; what waited in the machine for a blocked link is gone with it.
      if (connection.pipe[side].held) clear_pipe(connection.pipe[side]);
    }
    release_if_done(connection);
  }
}

void Internet::power_back(NodeId id) {
  host(id).up = true;
  for (Connection& connection : connections_) {
    if (!connection.in_use) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      Pipe& pipe = connection.pipe[side];
      if (connection.half[1 - side].host != id || !pipe.held) continue;
      retransmit(connection, side);
    }
  }
}

Link& Internet::link(NodeId from, NodeId to) {
  std::unique_ptr<Link>& place = links_[{from, to}];
  if (place == nullptr) {
    const LinkOptions& options = from == to ? kernel_.options.loopback : kernel_.options.link;
    place = std::make_unique<Link>(from, to, options, random_.child(host(from).node_name + ">" + host(to).node_name));
  }
  return *place;
}

void Internet::block(NodeId from, NodeId to) { ++link(from, to).blocks; }

void Internet::unblock(NodeId from, NodeId to) {
  Link& opened = link(from, to);
  ENSURE(opened.blocks > 0);
  if (--opened.blocks > 0) return;
  for (Connection& connection : connections_) {
    if (!connection.in_use) continue;
    for (std::size_t side = 0; side < 2; ++side) {
      Pipe& pipe = connection.pipe[side];
      if (pipe.link != &opened) continue;
      if (pipe.held) retransmit(connection, side);
      if (connection.pipe[1 - side].acknowledgement_held) acknowledge(connection, 1 - side);
    }
  }
}

void Internet::retransmit(Connection& connection, std::size_t side) {
  Pipe& pipe = connection.pipe[side];
  const LinkOptions& options = pipe.link->options;
  // The sender backs off while nobody answers: what was lost for long is sent again late, a minute at most (RFC 6298).
  const Duration lost_for = std::min<Duration>(kernel_.now - pipe.last_arrival, 60s);
  const Duration longest = std::max<Duration>({lost_for, 200ms, options.latency.min});
  const Time arrives = kernel_.now + pipe.random.retransmission.between(options.latency.min, longest);
  for (std::size_t i = 0; i < pipe.segments.size(); ++i) {
    Segment& segment = pipe.segments.at(i);
    segment.arrives = std::max(segment.arrives, arrives);
  }
  pipe.last_arrival = std::max(pipe.last_arrival, arrives);
  pipe.held = false;
  schedule_delivery(connection, side);
}

void Internet::reset_connections(NodeId a, NodeId b) {
  for (Connection& connection : connections_) {
    const bool between = (connection.half[0].host == a && connection.half[1].host == b) ||
                         (connection.half[0].host == b && connection.half[1].host == a);
    if (!connection.in_use || !between || connection.phase == Connection::Phase::connecting) continue;
    for (std::size_t side = 0; side < 2; ++side) break_half(connection, side, true);
    release_if_done(connection);
  }
}

void Internet::forget_connections(NodeId a, NodeId b) {
  for (Connection& connection : connections_) {
    const bool between = (connection.half[0].host == a && connection.half[1].host == b) ||
                         (connection.half[0].host == b && connection.half[1].host == a);
    if (connection.in_use && between) forget(connection);
  }
}

}  // namespace faultline::sim
