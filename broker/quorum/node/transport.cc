#include "broker/quorum/node/transport.h"

#include <utility>

#include "broker/client/frame_reader.h"
#include "broker/quorum/wire/frame.h"

namespace faultline::quorum {
namespace {

constexpr TracePoint link_up{"quorum.link_up", TraceLevel::debug};
constexpr TracePoint link_down{"quorum.link_down", TraceLevel::debug};
constexpr TracePoint connect_failed{"quorum.connect_failed", TraceLevel::debug};
constexpr TracePoint message_dropped{"quorum.message_dropped", TraceLevel::debug};
constexpr TracePoint frame_refused{"quorum.frame_refused", TraceLevel::warning};
constexpr TracePoint wrong_cluster{"quorum.wrong_cluster", TraceLevel::warning};
constexpr TracePoint wrong_node{"quorum.wrong_node", TraceLevel::warning};

// Messages that may wait for one peer: several windows of appends. They share their entries with the core's log, so they are small.
constexpr std::size_t queued_max = 128;
// A frame above this is no message of ours: appends and chunks are limited to far less, but an append holds one whole entry at least.
constexpr std::size_t frame_bytes_max = std::size_t{128} << 20;

}  // namespace

std::optional<raft::ReplicaKey> leader_named_in(const raft::Message& message) {
  if (const auto* hint = std::get_if<raft::LeaderHint>(&message.body)) return hint->leader;
  if (const auto* vote = std::get_if<raft::VoteReply>(&message.body)) return vote->leader;
  return std::nullopt;
}

/// One stream to one peer, with the fiber that reads it and the one that writes it.
struct Transport::Link {
  Stream& stream;
  Peer& peer;
  Time heard;             // when something came, or when it was opened
  bool answered = false;  // something came
  bool over = false;
  Condition news{};
};

/// Holds a link's place in its peer, also while fibers are dropped.
class Transport::Attached {
 public:
  Attached(Transport& transport, Link*& place, Link& link) : transport_(transport), place_(place), link_(link) {
    if (place_ != nullptr) place_->stream.reset();
    place_ = &link;
  }
  ~Attached() {
    if (place_ == &link_) place_ = nullptr;
    transport_.detached(link_.peer);
  }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;

 private:
  Transport& transport_;
  Link*& place_;
  Link& link_;
};

Transport::Transport(Env& env, TransportOptions options, std::function<void(ClusterMessage)> deliver,
                     std::function<std::optional<Endpoint>(raft::NodeId)> locate)
    : env_(env),
      options_(std::move(options)),
      deliver_(std::move(deliver)),
      locate_(std::move(locate)),
      backoff_(options_.backoff, env.random.stream("quorum reconnect")),
      opening_(env.tasks) {}

Transport::Peer& Transport::peer_of(raft::NodeId node) {
  Peer& peer = peers_[node];
  peer.node = node;
  return peer;
}

Transport::Link* Transport::preferred(const Peer& peer) const {
  Link* const first = options_.self < peer.node ? peer.opened : peer.accepted;
  Link* const second = options_.self < peer.node ? peer.accepted : peer.opened;
  return first != nullptr ? first : second;
}

void Transport::send(raft::Message message) {
  if (closed_) return;
  Peer& peer = peer_of(message.to.node);
  if (env_.buggify.fires("quorum.lose_message")) return;
  Link* const link = preferred(peer);
  if (link == nullptr && !peer.opening) {
    if (env_.clock.now() < peer.open_after) return;
    const std::optional<Endpoint> endpoint = locate_(peer.node);
    if (!endpoint) return;
    peer.opening = true;
    opening_.spawn("quorum link", [this, &peer, endpoint = *endpoint] { open_stream(peer, endpoint); });
  }
  if (peer.queue.size() >= queued_max) {
    env_.trace.emit(message_dropped, {{"node", peer.node.value()}, {"queued", peer.queue.size()}});
    return;
  }
  peer.queue.push_back(std::move(message));
  if (link != nullptr) link->news.notify_one();
}

void Transport::open_stream(Peer& peer, const Endpoint& endpoint) {
  bool answered = false;
  const Result<std::unique_ptr<Stream>> stream =
      env_.network.connect(endpoint, after(env_.clock.now(), options_.connect_timeout));
  if (stream) {
    client::FrameReader frames(**stream, frame_bytes_max);
    Link link{.stream = **stream, .peer = peer, .heard = env_.clock.now()};
    const Attached attached(*this, peer.opened, link);
    run(link, [&frames] { return frames.next(); });
    answered = link.answered;
  } else {
    trace(connect_failed, peer, stream.error());
  }
  peer.opening = false;
  peer.failures = answered ? 0 : peer.failures + 1;
  if (!answered) peer.open_after = after(env_.clock.now(), backoff_.delay(peer.failures));
  detached(peer);
}

void Transport::serve(Stream& stream, const Slice& first_frame, const NextFrame& next) {
  Result<ClusterMessage> first = decode_message(first_frame);
  if (!first) {
    env_.trace.emit(frame_refused, {{"error", to_string(first.error())}});
    return;
  }
  if (closed_ || !is_from(*first, first->message.from.node)) return;
  Peer& peer = peer_of(first->message.from.node);
  Link link{.stream = stream, .peer = peer, .heard = env_.clock.now()};
  const Attached attached(*this, peer.accepted, link);
  deliver_(std::move(*first));
  run(link, next);
}

void Transport::run(Link& link, const NextFrame& next) {
  if (closed_) return;
  env_.trace.emit(link_up, {{"node", link.peer.node.value()}});
  TaskGroup writer(env_.tasks);
  writer.spawn("quorum writer", [this, &link] { write(link); });
  read(link, next);
  link.over = true;
  writer.cancel();
  writer.join();
}

void Transport::read(Link& link, const NextFrame& next) {
  for (;;) {
    const Result<Slice> frame = next();
    if (!frame) {
      trace(link_down, link.peer, frame.error());
      return;
    }
    if (!take(link, *frame)) {
      link.stream.reset();
      return;
    }
  }
}

/// Returns: false if the other end is not who it should be.
bool Transport::take(Link& link, const Slice& frame) {
  Result<ClusterMessage> decoded = decode_message(frame);
  if (!decoded) {
    trace(frame_refused, link.peer, decoded.error());
    // From a newer build, maybe. A message may always be lost, so one that is not understood need not end all others.
    return decoded.error() == Errc::unsupported;
  }
  if (!is_from(*decoded, link.peer.node)) return false;
  link.heard = env_.clock.now();
  link.answered = true;
  deliver_(std::move(*decoded));
  return true;
}

/// Whether it was sent to this node by `node` in this cluster.
bool Transport::is_from(const ClusterMessage& received, raft::NodeId node) {
  const raft::Message& message = received.message;
  if (received.cluster_id != options_.cluster_id) {
    env_.trace.emit(wrong_cluster, {{"node", message.from.node.value()}, {"cluster", received.cluster_id}});
    return false;
  }
  if (message.from.node != node || message.to.node != options_.self) {
    env_.trace.emit(wrong_node, {{"from", message.from.node.value()}, {"to", message.to.node.value()}});
    return false;
  }
  return true;
}

void Transport::write(Link& link) {
  while (!link.over) {
    if (silent(link)) {
      link.stream.reset();
      return;
    }
    const bool idle = link.peer.queue.empty() || preferred(link.peer) != &link;
    if (!idle) {
      if (!write_queued(link)) {
        link.stream.reset();
        return;
      }
    } else if (const Result<> woken = link.news.wait(after(link.heard, options_.silence));
               !woken && !(woken.error() == Errc::timed_out)) {
      return;
    }
  }
}

/// Writes all that has gathered, as one.
Result<> Transport::write_queued(Link& link) {
  std::vector<Slice> pieces;
  for (const raft::Message& message : std::exchange(link.peer.queue, {})) {
    std::string leader_endpoint;
    if (const std::optional<raft::ReplicaKey> leader = leader_named_in(message)) {
      if (const std::optional<Endpoint> endpoint = locate_(leader->node)) leader_endpoint = to_string(*endpoint);
    }
    for (Slice& piece : message_frame(options_.cluster_id, message, leader_endpoint)) pieces.push_back(std::move(piece));
  }
  PendingWrite rest(pieces);
  for (;;) {
    const Result<> written = rest.write_all(link.stream, after(link.heard, options_.silence));
    if (written || !(written.error() == Errc::timed_out) || silent(link)) return written;
  }
}

bool Transport::silent(const Link& link) const { return env_.clock.now() >= after(link.heard, options_.silence); }

/// What was queued for a link that has gone goes over another one, or not at all.
void Transport::detached(Peer& peer) {
  if (Link* const link = preferred(peer)) {
    link->news.notify_one();
  } else if (!peer.opening) {
    peer.queue.clear();
  }
}

void Transport::close() {
  closed_ = true;
  for (const auto& [node, peer] : peers_) {
    if (peer.opened != nullptr) peer.opened->stream.reset();
    if (peer.accepted != nullptr) peer.accepted->stream.reset();
  }
  opening_.cancel();
}

void Transport::trace(const TracePoint& point, const Peer& peer, const Error& error) {
  if (!env_.trace.enabled(point.level)) return;
  env_.trace.emit(point, {{"node", peer.node.value()}, {"error", to_string(error)}});
}

}  // namespace faultline::quorum
