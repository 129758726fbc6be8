// All machines' kernels and the wires between them: TCP as a program sees it, with what goes wrong in it.
//
// The model follows Linux where it shows: a reset does not take away what had arrived before it; closing with unread data resets,
// closing otherwise sends the end of the stream and delivers what was written; data for a closed socket is answered with a reset.
// A process that is killed leaves its kernel to do that; a machine that loses power says nothing, and answers with resets once it
// is back. A blocked link holds segments, which arrive some time after it is opened again, as retransmissions do.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/connection.h"
#include "sim/kernel.h"
#include "sim/link.h"

namespace faultline::sim {

/// What the network knows of a node.
struct Host {
  NodeId id = no_node;
  std::string node_name;
  std::vector<std::string> names;
  bool up = true;          // its machine has power
  bool severed = true;     // no process runs on it: every call is refused
  bool disturbed = false;  // a fault hit it: what its peers suffer was staged
  std::uint16_t next_port = 0;
  std::vector<SimListener*> listeners;
};

class Internet {
 public:
  explicit Internet(Kernel& kernel) : kernel_(kernel), random_(kernel.random.child("network")) {}

  // --- machines ---
  Host& add_host(NodeId id, std::string node_name, std::vector<std::string> names);
  Host& host(NodeId id) { return *hosts_[id.value()]; }
  void set_names(NodeId id, std::vector<std::string> names) { host(id).names = std::move(names); }
  /// The machine that answers to `name`, asked from `from`; no_node if there is none.
  NodeId resolve(NodeId from, std::string_view name) const;
  bool is_own_name(const Host& host, std::string_view name) const;
  /// The process is gone, its kernel closes its sockets.
  void process_ended(NodeId id, bool injected);
  void power_lost(NodeId id);
  void power_back(NodeId id);

  // --- links ---
  Link& link(NodeId from, NodeId to);
  void block(NodeId from, NodeId to);
  void unblock(NodeId from, NodeId to);
  /// Breaks every connection between two nodes, or makes the network forget them.
  void reset_connections(NodeId a, NodeId b);
  void forget_connections(NodeId a, NodeId b);

  // --- for sockets ---
  Connection& open_connection(Host& client, NodeId server, const Endpoint& peer);
  void abandon(Connection& connection);
  Connection* next_accepted(SimListener& listener);
  std::size_t write(Connection& connection, std::size_t side, std::span<const Bytes> pieces);
  std::size_t read(Connection& connection, std::size_t side, MutableBytes buffer);
  void shut_write(Connection& connection, std::size_t side);
  void abort(Connection& connection, std::size_t side);
  /// The Stream is gone.
  void close(Connection& connection, std::size_t side, bool injected);
  bool path_is_bad(const Connection& connection) const;
  void stop_listening(SimListener& listener);
  std::uint16_t free_port(Host& host);
  SimListener* find_listener(const Host& host, const Endpoint& endpoint) const;

  // --- events ---
  void on_deliver(std::uint32_t target, std::uint32_t generation);
  void on_connect_arrives(std::uint32_t slot, std::uint32_t generation);
  void on_connect_answers(std::uint32_t slot, std::uint32_t generation);

  Kernel& kernel() { return kernel_; }
  std::size_t connection_count() const { return connections_.size() - free_slots_.size(); }

 private:
  void send_segment(Connection& connection, std::size_t side, Segment segment, std::uint64_t bytes);
  void schedule_delivery(Connection& connection, std::size_t side);
  void send_reset(Connection& connection, std::size_t side, bool injected);
  bool apply(Connection& connection, std::size_t side, const Segment& segment);
  void break_half(Connection& connection, std::size_t side, bool injected);
  void wake_half(Connection& connection, std::size_t side);
  void acknowledge(Connection& connection, std::size_t side);
  void draw_write_faults(Connection& connection, std::size_t side, Segment& segment);
  void forget(Connection& connection);
  void connect_event(Connection& connection, EventKind kind, Time at);
  void retry_connect(Connection& connection, EventKind kind);
  void answer(Connection& connection, Errc failure, bool injected);
  void release_if_done(Connection& connection);
  static void clear_pipe(Pipe& pipe, bool keep_arrived = false);
  void retransmit(Connection& connection, std::size_t side);

  Kernel& kernel_;
  const RandomSource random_;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::map<std::pair<NodeId, NodeId>, std::unique_ptr<Link>> links_;
  std::deque<Connection> connections_;  // never moved: streams keep references
  std::vector<std::uint32_t> free_slots_;
  std::uint32_t next_serial_ = 1;
};

}  // namespace faultline::sim
