#include "broker/quorum/node/node.h"

#include <utility>

#include "base/check.h"
#include "broker/quorum/node/waiters.h"

namespace faultline::quorum {
namespace {

constexpr TracePoint leader_changed{"quorum.leader_changed", TraceLevel::info};
constexpr TracePoint node_failed{"quorum.failed", TraceLevel::error};
constexpr TracePoint invariant_broken{"quorum.invariant_broken", TraceLevel::error};

StoreOptions store_options(const NodeConfig& config) {
  StoreOptions options;
  options.directory = config.directory;
  options.self = config.self;
  options.io_timeout = config.io_timeout;
  return options;
}

NodeConfig with_bootstrap(NodeConfig config) {
  config.raft.bootstrap.clear();
  for (const auto& [node, endpoint] : config.bootstrap) config.raft.bootstrap.push_back(node);
  return config;
}

TransportOptions transport_options(const NodeConfig& config) {
  const raft::Config& raft = config.raft;
  // Longer than it takes to elect a new leader, shorter than a leader serves an observer that is silent. A node that cannot be reached
  // is tried a few times in an election timeout, so that its return is noticed before somebody stands for election over it.
  return {.cluster_id = config.cluster_id,
          .self = config.self.node,
          .silence = 3 * raft.election_timeout,
          .connect_timeout = raft.election_timeout,
          .backoff = {.min = raft.heartbeat_interval / 2, .max = raft.election_timeout / 2}};
}

bool anything(const raft::Writes& writes) { return writes.sequence != 0 || writes.chunk || writes.discard_to; }

}  // namespace

Result<> Node::format(Env& env, const NodeConfig& config, const raft::VoterSet& voters) {
  return Store::format(env, store_options(config), voters.empty() ? raft::Recovered{} : raft::Recovered::bootstrap(voters));
}

Result<std::unique_ptr<Node>> Node::open(Env& env, NodeConfig config, StateMachine& machine) {
  TRY(config.raft.validate());
  if (!config.self.directory.known()) return Error(Errc::invalid_argument, "a node of the quorum needs a directory id");
  Store::Opened opened = TRY(Store::open(env, store_options(config)));
  std::unique_ptr<Node> node(new Node(env, with_bootstrap(std::move(config)), machine, std::move(opened)));
  node->carry_out(node->core_.start());
  return node;
}

Node::Node(Env& env, NodeConfig config, StateMachine& machine, Store::Opened opened)
    : env_(env),
      config_(std::move(config)),
      machine_(machine),
      store_(std::move(opened.store)),
      core_(config_.raft, config_.self, std::move(opened.recovered), env.random.stream("quorum"), env.clock.now()),
      transport_(
          env, transport_options(config_), [this](ClusterMessage message) { received(std::move(message)); },
          [this](raft::NodeId node) { return endpoint_of(node); }),
      tasks_(env.tasks) {
  store_->on_durable([this](std::uint64_t sequence) {
    persisted_ = sequence;
    step(raft::Persisted{sequence});
    durable_.notify_all();
  });
  store_->on_failed([this](const Error& error) { fail(error); });
}

Node::~Node() {
  // The store may be in the middle of a write, and ends after what it would call.
  store_->on_durable({});
  store_->on_failed({});
}

Result<> Node::run() {
  tasks_.spawn("quorum applier", [this] { apply_committed(); });
  tick();
  tasks_.cancel();
  tasks_.join();
  return *ended_;
}

void Node::tick() {
  while (!ended_) {
    const Time due = core_.next_deadline();
    if (env_.clock.now() >= due) {
      step(raft::Tick{});
      continue;
    }
    // Mostly the deadline moves further away while this waits, and then nobody wakes it for that.
    ticks_at_ = due;
    const Result<> woken = ticker_.wait(due);
    ticks_at_ = no_deadline;
    if (!woken && woken.error() == Errc::cancelled) fail(woken.error());
  }
}

void Node::serve(Stream& stream, const Slice& first_frame, const NextFrame& next) {
  if (!ended_) transport_.serve(stream, first_frame, next);
}

void Node::received(ClusterMessage received) {
  if (const std::optional<raft::ReplicaKey> leader = leader_named_in(received.message)) {
    if (const Result<Endpoint> endpoint = parse_endpoint(received.leader_endpoint)) hint_ = Hint{*leader, *endpoint};
  }
  step(raft::Received{std::move(received.message)});
}

std::optional<raft::ProposalOutcome> Node::step(raft::Input input) {
  if (ended_) return std::nullopt;
  const NoSuspend whole;
  raft::Effects effects = core_.step(env_.clock.now(), std::move(input));
  if (effects.fatal) {
    fail(Error(Errc::internal, *effects.fatal));
    return std::nullopt;
  }
  return carry_out(std::move(effects));
}

std::optional<raft::ProposalOutcome> Node::carry_out(raft::Effects effects) {
  if (const std::optional<std::string> broken = core_.check_invariants()) {
    env_.trace.emit(invariant_broken, {{"what", *broken}});
    ENSURE(!config_.raft.exhibits.none());  // with a mistake planted, it is the node that has to go
    fail(Error(Errc::internal, *broken));
    return std::nullopt;
  }
  if (effects.reset) {
    to_apply_.clear();  // the snapshot holds them
    reset_ = PendingReset{*effects.reset, effects.writes.sequence};
  }
  if (anything(effects.writes)) store_->begin(std::move(effects.writes));
  for (raft::Message& message : effects.send) transport_.send(std::move(message));
  for (raft::ChunkToSend& chunk : effects.chunks) chunks_.push_back(std::move(chunk));
  if (!chunks_.empty() && !sending_chunks_) {
    sending_chunks_ = true;
    tasks_.spawn("quorum chunks", [this] { send_chunks(); });
  }
  for (raft::Entry& entry : effects.apply) to_apply_.push_back(std::move(entry));
  finish_reads(effects.reads);
  notice_view();
  if (reset_ || !to_apply_.empty() || view_ != told_) to_do_.notify_one();
  if (core_.next_deadline() < ticks_at_) ticker_.notify_one();
  return effects.proposal;
}

void Node::notice_view() {
  const View now = view();
  if (now == view_) return;
  view_ = now;
  env_.trace.emit(leader_changed, {{"term", now.term.value()},
                                   {"leader", now.leader ? now.leader->node.value() : -1},
                                   {"leads", static_cast<int>(core_.leads())}});
}

void Node::fail(const Error& error) {
  if (ended_) return;
  ended_ = error;
  if (!(error == Errc::cancelled)) {
    const std::string text = to_string(error);
    env_.trace.emit(node_failed, {{"error", text}});
  }
  transport_.close();
  for (const auto& [index, waiter] : std::exchange(waiters_, {})) waiter->finish(Error(Errc::cancelled, "the node has ended"));
  for (const auto& [id, waiter] : reads_) waiter->finish(Error(Errc::cancelled, "the node has ended"));
  ticker_.notify_all();
  to_do_.notify_all();
  durable_.notify_all();
}

raft::ProposalOutcome Node::propose_input(raft::Input input) {
  return step(std::move(input)).value_or(raft::ProposalOutcome{.refusal = raft::Refusal::not_leader, .first = {}, .last = {}});
}

raft::ProposalOutcome Node::propose(std::vector<Slice> commands) { return propose_input(raft::Propose{std::move(commands)}); }

raft::ProposalOutcome Node::add_voter(raft::Voter voter) { return propose_input(raft::AddVoter{std::move(voter)}); }

raft::ProposalOutcome Node::remove_voter(const raft::ReplicaKey& voter) { return propose_input(raft::RemoveVoter{voter}); }

raft::ProposalOutcome Node::transfer_leadership(std::optional<raft::ReplicaKey> target) {
  return propose_input(raft::TransferLeadership{target});
}

Result<> Node::wait_applied(const raft::Position& position, Time deadline) {
  if (position.index <= applied_.index || position.term < applied_.term) return known_outcome(position);
  if (ended_) return Error(Errc::cancelled, "the node has ended");
  AppliedWaiter waiter(*this, position);
  TRY(waiter.done.wait(deadline));
  return waiter.outcome;
}

Result<raft::Index> Node::read_index(Time deadline) {
  if (ended_) return Error(Errc::cancelled, "the node has ended");
  ReadWaiter waiter(*this);
  step(raft::ReadIndex{waiter.id});
  TRY(waiter.done.wait(deadline));
  return waiter.outcome;
}

void Node::finish_reads(const std::vector<raft::ReadOutcome>& reads) {
  for (const raft::ReadOutcome& read : reads) {
    const auto waiter = reads_.find(read.id);
    if (waiter == reads_.end()) continue;  // it has given up
    waiter->second->finish(read.index ? Result<raft::Index>(*read.index) : Error(Errc::unsupported, "this node does not lead"));
  }
}

std::optional<Endpoint> Node::endpoint_of(raft::NodeId node) const {
  const raft::Voter* const voter = core_.voters().find(node);
  // A log that gets no news may hold yesterday's address of a voter; while this node follows somebody, the log knows best.
  const bool log_knows = voter != nullptr && core_.leader() && hint_ && voter->key == hint_->leader;
  if (hint_ && hint_->leader.node == node && !log_knows) return hint_->endpoint;
  if (voter != nullptr) {
    if (const Result<Endpoint> endpoint = parse_endpoint(voter->endpoint)) return *endpoint;
  }
  const auto configured = config_.bootstrap.find(node);
  return configured == config_.bootstrap.end() ? std::nullopt : std::optional(configured->second);
}

}  // namespace faultline::quorum
