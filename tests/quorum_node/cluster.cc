#include "cluster.h"

#include <algorithm>

#include "broker/client/frame_reader.h"
#include "broker/quorum/wire/frame.h"

namespace faultline::quorum::test {
namespace {

constexpr std::uint16_t port = 9093;
constexpr std::size_t frame_bytes_max = std::size_t{1} << 20;

/// Makes a machine's node visible while it lives, however it ends.
class Visible {
 public:
  Visible(Cluster::Machine& machine, Node& node, Ledger& ledger) : machine_(machine) {
    machine.node = &node;
    machine.ledger = &ledger;
  }
  ~Visible() {
    machine_.resets += machine_.ledger->resets();
    machine_.node = nullptr;
    machine_.ledger = nullptr;
  }
  Visible(const Visible&) = delete;
  Visible& operator=(const Visible&) = delete;

 private:
  Cluster::Machine& machine_;
};

}  // namespace

Cluster::Cluster(const sim::Options& world, ClusterOptions options) : options_(std::move(options)), world_(world) {
  for (int i = 0; i < options_.voters; ++i) add_machine({.high = 1, .low = ++directories_}, true, true);
  for (int i = 0; i < options_.observers; ++i) add_observer(i % 2 == 0);
}

void Cluster::add_machine(raft::DirectoryId directory, bool founder, bool listens) {
  const std::size_t i = machines_.size();
  machines_.push_back({.sim = sim::NodeId(static_cast<std::uint32_t>(i)),
                       .key = {raft::NodeId(static_cast<std::int32_t>(i + 1)), directory},
                       .founder = founder,
                       .listens = listens});
  machines_.back().sim = world_.add_node(host(i), {host(i)}, [this, i](Env& env) { live(i, env); });
}

std::size_t Cluster::add_observer(bool listens) {
  add_machine({.high = 2, .low = ++directories_}, false, listens);
  return machines_.size() - 1;
}

void Cluster::wipe(std::size_t i) {
  world_.wipe(machine(i).sim);
  machine(i).key.directory = {.high = 3, .low = ++directories_};
  machine(i).founder = false;
}

raft::Voter Cluster::voter(std::size_t i) const { return {machines_.at(i).key, host(i) + ":" + std::to_string(port)}; }

NodeConfig Cluster::config(std::size_t i) const {
  NodeConfig config;
  config.cluster_id = machines_.at(i).cluster_id;
  config.self = machines_.at(i).key;
  config.raft = options_.raft;
  config.snapshot_after_bytes = options_.snapshot_after_bytes;
  for (std::size_t v = 0; v < static_cast<std::size_t>(options_.voters); ++v) {
    config.bootstrap.emplace(machines_.at(v).key.node, Endpoint{host(v), port});
  }
  return config;
}

void Cluster::live(std::size_t i, Env& env) {
  Ledger ledger(oracle_);
  Result<std::unique_ptr<Node>> node = open(i, env, ledger);
  if (!node) {
    world_.restart(machine(i).sim, 100ms);
    if (node.error() == Errc::corrupt) FAIL("machine " << i << " is damaged: " << to_string(node.error()));
    machine(i).ends.push_back(node.error());
    return;
  }
  const Visible visible(machine(i), **node, ledger);
  TaskGroup guests(env.tasks);
  if (machine(i).listens) guests.spawn("listener", [&] { listen(i, env, **node, guests); });
  for (std::size_t p = 0; options_.workload && p < 3; ++p) guests.spawn("proposer", [&, p] { propose(env, **node, p); });
  if (options_.workload) guests.spawn("reader", [&] { read(env, **node); });
  guests.spawn("administrator", [&] { administer(i, env, **node); });
  const Result<> ended = (*node)->run();
  machine(i).ends.push_back(ended.error());
  world_.restart(machine(i).sim, 100ms);
  guests.cancel();
  guests.join();
}

Result<std::unique_ptr<Node>> Cluster::open(std::size_t i, Env& env, Ledger& ledger) {
  const NodeConfig config = this->config(i);
  Result<std::unique_ptr<Node>> node = Node::open(env, config, ledger);
  if (node || !(node.error() == Errc::not_found)) return node;
  std::vector<raft::Voter> voters;
  for (std::size_t v = 0; machine(i).founder && v < static_cast<std::size_t>(options_.voters); ++v) {
    voters.push_back({{machine(v).key.node, {.high = 1, .low = v + 1}}, voter(v).endpoint});
  }
  TRY(Node::format(env, config, raft::VoterSet(voters)));
  return Node::open(env, config, ledger);
}

void Cluster::listen(std::size_t i, Env& env, Node& node, TaskGroup& serving) {
  const Result<std::unique_ptr<Listener>> listener = env.network.listen({host(i), port});
  if (!listener) return;
  for (;;) {
    Result<std::unique_ptr<Stream>> accepted = (*listener)->accept(no_deadline);
    if (!accepted) return;
    serving.spawn("accepted", [&node, stream = std::shared_ptr<Stream>(std::move(*accepted))] {
      client::FrameReader frames(*stream, frame_bytes_max);
      const Result<Slice> first = frames.next();
      if (first && is_message_frame(*first)) node.serve(*stream, *first, [&frames] { return frames.next(); });
    });
  }
}

void Cluster::propose(Env& env, Node& node, std::size_t number) {
  RandomStream random = env.random.stream("proposer " + std::to_string(number));
  for (;;) {
    const Duration pause = node.core().leads() ? options_.pause : 10 * options_.pause;
    if (!sleep_until(after(env.clock.now(), random.between(1ms, pause)))) return;
    if (!working_ || !node.core().leads()) continue;
    std::vector<Id> ids;
    std::vector<Slice> commands;
    for (std::uint64_t n = random.below(3) + 1; n > 0; --n) {
      ids.push_back(oracle_.next_id());
      commands.push_back(command_of(ids.back()));
    }
    const raft::ProposalOutcome outcome = node.propose(std::move(commands));
    if (outcome.refusal != raft::Refusal::none) {
      oracle_.refused(ids);
      continue;
    }
    const Result<> applied = node.wait_applied(outcome.last, after(env.clock.now(), 2s));
    if (applied) {
      if (node.applied() < outcome.last.index) FAIL("acknowledged before it was applied");
      oracle_.acknowledged(ids, outcome.last.index);
    } else if (applied.error() == Errc::closed) {
      oracle_.refused({ids.back()});  // those before it may have found their way
    }
  }
}

void Cluster::read(Env& env, Node& node) {
  for (;;) {
    if (!sleep_until(after(env.clock.now(), 5 * options_.pause))) return;
    const raft::Index known = oracle_.acknowledged_to();
    const bool led = node.core().leads();
    const Result<raft::Index> index = node.read_index(after(env.clock.now(), 1s));
    if (index && *index < known) FAIL("a read would have missed what was acknowledged before it");
    if (index && !led) FAIL("a node that did not lead has answered a read");
  }
}

void Cluster::administer(std::size_t i, Env& env, Node& node) {
  while (sleep_until(after(env.clock.now(), 50ms))) {
    if (machine(i).job != nullptr) (*machine(i).job)(env, node);
    machine(i).job = nullptr;
    if (!wanted_.empty() && node.core().leads()) change_voters(node);
  }
}

/// Removes a voter that should not be one, or adds one that should.
void Cluster::change_voters(Node& node) {
  const auto wanted = [this](const raft::ReplicaKey& key) {
    return std::ranges::any_of(wanted_, [&](std::size_t i) { return machine(i).key == key; });
  };
  const raft::VoterSet voters = node.core().voters();
  const auto extra = std::ranges::find_if(voters, [&](const raft::Voter& voter) { return !wanted(voter.key); });
  const auto missing = std::ranges::find_if(wanted_, [&](std::size_t i) { return !voters.contains(machine(i).key); });
  if (extra != voters.end() && voters.size() > 1) {
    node.remove_voter(extra->key);
  } else if (missing != wanted_.end()) {
    node.add_voter(voter(*missing));
  }
}

void Cluster::call(std::size_t i, const std::function<void(Env&, Node&)>& job) {
  machine(i).job = &job;
  if (!run_until([&] { return machine(i).job == nullptr; }, 10s)) FAIL("machine " << i << " does nothing");
}

Cluster::Machine* Cluster::leader() {
  Machine* result = nullptr;
  for (Machine& machine : machines_) {
    if (machine.node == nullptr || !machine.node->core().leads()) continue;
    if (result == nullptr || machine.node->core().term() > result->node->core().term()) result = &machine;
  }
  return result;
}

bool Cluster::has_wanted_voters() {
  const Machine* leader = this->leader();
  if (leader == nullptr) return false;
  const raft::VoterSet& voters = leader->node->core().voters_at_commit();
  return voters.size() == wanted_.size() &&
         std::ranges::all_of(wanted_, [&](std::size_t i) { return voters.contains(machine(i).key); });
}

bool Cluster::run_until(const std::function<bool()>& reached, Duration patience) {
  const Time end = after(world_.now(), patience);
  while (!reached()) {
    if (world_.now() >= end) return false;
    world_.run_for(20ms);
  }
  return true;
}

std::string Cluster::describe() const {
  std::string text = "applied anywhere: " + std::to_string(oracle_.end().value());
  for (const Machine& machine : machines_) {
    text += "\n" + raft::to_string(machine.key) + ": ";
    if (machine.node == nullptr) {
      text += machine.ends.empty() ? "down" : "down, " + to_string(machine.ends.back());
      continue;
    }
    const raft::Core& core = machine.node->core();
    text += "term " + std::to_string(core.term().value());
    text += core.leads() ? ", leads" : ", follows " + (core.leader() ? raft::to_string(*core.leader()) : "nobody");
    text += core.is_voter() ? ", votes" : ", observes";
    text += ", log " + raft::to_string(core.log().base()) + " to " + raft::to_string(core.log().last());
    text += ", commit " + std::to_string(core.commit_index().value());
    text += ", applied " + std::to_string(machine.node->applied().value());
  }
  return text;
}

bool Cluster::settled() {
  return std::ranges::all_of(machines_, [this](const Machine& machine) {
    return machine.node != nullptr && machine.node->applied() == oracle_.end() &&
           machine.ledger->ids() == oracle_.commands_up_to(oracle_.end());
  });
}

}  // namespace faultline::quorum::test
