// Transport: carries the quorum's messages between nodes, and may lose any of them.
//
// A message goes over whatever stream there is to its node, whoever opened it; if there is none and an address is known, one is opened.
// Nothing here has a timer for a node that nobody writes to: opening is set off by a message, and what cannot be sent soon is dropped,
// since the core says everything that matters again. Two nodes that open streams to each other at once keep the one of the lower id.
//
// A stream on which nothing has come for `silence` is broken off: the peer may have forgotten it, and TCP would not say so for minutes.
// A leader and those that it serves always have something to say; all others open a new one when they next have.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/slice.h"
#include "broker/client/backoff.h"
#include "broker/quorum/wire/frame.h"
#include "broker/raft/messages.h"
#include "runtime/env.h"
#include "runtime/network.h"
#include "runtime/sync.h"

namespace faultline::quorum {

/// Where the frames of an accepted stream come from: the next one without its length. Suspends. Errors: any, at the stream's end too.
using NextFrame = std::function<Result<Slice>()>;

/// The leader that a VoteReply or a LeaderHint names. Such messages leave with its address.
std::optional<raft::ReplicaKey> leader_named_in(const raft::Message& message);

struct TransportOptions {
  std::string cluster_id;
  raft::NodeId self;
  Duration silence{3s};          // see above
  Duration connect_timeout{1s};  // to open a stream
  client::BackoffConfig backoff{};
};

class Transport {
 public:
  /// `deliver` gets each message that came for this node and cluster; `locate` tells a node's address, if it is known. Neither may suspend.
  Transport(Env& env, TransportOptions options, std::function<void(ClusterMessage)> deliver,
            std::function<std::optional<Endpoint>(raft::NodeId)> locate);
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;

  /// Sends it, some time, or not at all. Does not suspend.
  void send(raft::Message message);
  /// Takes part in an accepted stream until it ends. Suspends. Requires: returns before this object goes.
  void serve(Stream& stream, const Slice& first_frame, const NextFrame& next);
  /// Breaks all streams; no more are opened. Does not suspend.
  void close();

 private:
  struct Link;
  struct Peer {
    raft::NodeId node;
    std::deque<raft::Message> queue;
    Link* opened = nullptr;    // by this node
    Link* accepted = nullptr;  // the newest one that the peer has opened
    bool opening = false;      // a fiber opens a stream, or serves it
    std::uint32_t failures = 0;
    Time open_after{};
  };
  class Attached;

  Peer& peer_of(raft::NodeId node);
  Link* preferred(const Peer& peer) const;
  void open_stream(Peer& peer, const Endpoint& endpoint);
  void run(Link& link, const NextFrame& next);
  void read(Link& link, const NextFrame& next);
  bool take(Link& link, const Slice& frame);
  bool is_from(const ClusterMessage& received, raft::NodeId node);
  void write(Link& link);
  Result<> write_queued(Link& link);
  bool silent(const Link& link) const;
  void detached(Peer& peer);
  void trace(const TracePoint& point, const Peer& peer, const Error& error);

  // Constant after construction.
  Env& env_;
  const TransportOptions options_;
  const std::function<void(ClusterMessage)> deliver_;
  const std::function<std::optional<Endpoint>(raft::NodeId)> locate_;

  // Volatile.
  std::map<raft::NodeId, Peer> peers_;  // of all nodes that were ever heard of: a few bytes each
  client::Backoff backoff_;
  bool closed_ = false;

  TaskGroup opening_;  // last: its fibers use all of the above
};

}  // namespace faultline::quorum
