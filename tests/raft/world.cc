#include "world.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace faultline::raft::testing {

namespace {

constexpr std::uint64_t max_steps = 200'000;  // some twenty times what a run takes
constexpr std::size_t snapshot_bytes = 40;    // some chunks

}  // namespace

World::World(const WorldOptions& options)
    : options_(options), source_(options.seed), net_(source_.stream("net")), disk_(source_.stream("disk")) {
  const int count = options.voters + options.observers;
  nodes_.resize(static_cast<std::size_t>(count));
  cut_.resize(static_cast<std::size_t>(count * count));
  std::vector<Voter> voters;
  for (int i = 0; i < count; ++i) {
    node(i).key = {NodeId(i), DirectoryId{.high = 0, .low = next_directory_++}};
    node(i).disk = new_disk(node(i).key);
    if (i < options.voters) voters.push_back(voter(i));
  }
  const VoterSet set(voters);
  for (int i = 0; i < count; ++i) {
    if (i < options.voters) node(i).disk->durable = Recovered::bootstrap(set);
    start(i);
  }
}

Disk* World::new_disk(const ReplicaKey& key) {
  auto& disk = disks_[key];
  disk = std::make_unique<Disk>();
  disk_of_[key] = disk.get();
  return disk.get();
}

void World::start(int i) {
  Node& self = node(i);
  Config config = options_.config;
  for (int other = 0; other < size(); ++other) config.bootstrap.push_back(NodeId(other));
  ++self.life;
  self.syncing = false;
  self.tick_at = no_deadline;
  self.machine = {};
  self.core.emplace(config, self.key, self.disk->durable, source_.stream(fmt::format("core {} {}", i, self.life)), now_);
  const Oracle::Before before{.term = self.core->term(), .commit = self.core->commit_index(), .led = false};
  carry_out(i, self.core->start(), before);
}

void World::step(int i, Input input) {
  Node& self = node(i);
  const Oracle::Before before{.term = self.core->term(), .commit = self.core->commit_index(), .led = self.core->leads()};
  ++steps_;
  carry_out(i, self.core->step(now_, std::move(input)), before);
}

void World::carry_out(int i, Effects effects, const Oracle::Before& before) {
  Node& self = node(i);
  oracle_.after_step(*self.core, before, effects, self.machine, disk_of_);
  self.disk->begin(effects.writes);
  if (effects.reset) restore(self, *effects.reset);
  for (const Entry& entry : effects.apply) apply_to(self.machine, entry);
  if (effects.proposal) self.outcome = effects.proposal;
  self.reads.insert(self.reads.end(), effects.reads.begin(), effects.reads.end());
  for (Message& message : effects.send) post(std::move(message));
  for (ChunkToSend& chunk : effects.chunks) {
    auto& body = std::get<SnapshotChunk>(chunk.message.body);
    const auto file = self.disk->snapshots.find(body.snapshot.last.index);
    if (file == self.disk->snapshots.end()) continue;
    body.data = Slice::copy_of(std::string_view(file->second).substr(body.offset, chunk.size_bytes));
    post(std::move(chunk.message));
  }
  if (effects.fatal) return crash(i);
  schedule(i);
}

void World::restore(Node& self, const SnapshotMeta& snapshot) {
  self.machine = {snapshot.last.index, state_in(self.disk->snapshot_bytes(snapshot.last.index))};
  oracle_.check_restored(*self.core, self.machine.applied, self.machine.state);
}

void World::schedule(int i) {
  Node& self = node(i);
  if (self.disk->has_pending() && !self.syncing) {
    self.syncing = true;
    const Duration taken = disk_.between(100us, weather.sync_max);
    push({.at = now_ + taken, .kind = Kind::synced, .node = i, .life = self.life, .argument = self.disk->last_pending()});
  }
  const Time deadline = std::max(self.core->next_deadline(), now_);
  if (deadline >= self.tick_at) return;
  self.tick_at = deadline;
  push({.at = deadline, .kind = Kind::tick, .node = i, .life = self.life});
}

ProposalOutcome World::ask(int i, Input input) {
  node(i).outcome.reset();
  step(i, std::move(input));
  return *node(i).outcome;
}

ProposalOutcome World::propose(int i, std::string_view text) { return ask(i, Propose{{Slice::copy_of(text)}}); }

void World::read(int i) {
  const std::uint64_t id = next_read_++;
  oracle_.read_asked(id);
  step(i, ReadIndex{id});
}

void World::take_snapshot(int i, std::int64_t trail) {
  Node& self = node(i);
  const Index index = std::min(self.machine.applied, self.core->durable_index());
  if (index <= self.core->snapshot().last.index) return;
  const SnapshotMeta snapshot = self.core->describe_snapshot(index, snapshot_bytes);
  self.disk->snapshot_taken(snapshot, bytes_of({index, oracle_.state_at(index)}, snapshot_bytes));
  step(i, SnapshotTaken{snapshot, std::max(self.core->log().base().index, index + -trail)});
}

void World::crash(int i) {
  if (!up(i)) return;
  node(i).core.reset();
  ++node(i).life;
  node(i).disk->power_cut(disk_);
}

void World::restart(int i) {
  if (!up(i)) start(i);
}

void World::wipe(int i) {
  crash(i);
  node(i).key.directory = DirectoryId{.high = 0, .low = next_directory_++};
  node(i).disk = new_disk(node(i).key);
}

void World::isolate(int i) {
  for (int other = 0; other < size(); ++other) {
    cut(i, other);
    cut(other, i);
  }
}

void World::heal() { std::fill(cut_.begin(), cut_.end(), false); }

void World::post(Message message) {
  const int to = message.to.node.value();
  if (to < 0 || to >= size()) return;
  if (net_.chance(weather.repeat)) post_once(message);
  post_once(message);
}

void World::post_once(const Message& message) {
  const int from = message.from.node.value();
  const int to = message.to.node.value();
  if (cut_[index(from, to)] || net_.chance(weather.lose)) return;
  const bool late = net_.chance(weather.late);
  const Duration latency = net_.between(100us, late ? weather.late_max : weather.latency_max);
  std::uint64_t slot = mail_.size();
  if (free_mail_.empty()) {
    mail_.push_back(message);
  } else {
    slot = free_mail_.back();
    free_mail_.pop_back();
    mail_[slot] = message;
  }
  push({.at = now_ + latency, .kind = Kind::deliver, .node = to, .argument = slot});
}

void World::push(Event event) {
  event.order = ++order_;
  events_.push_back(event);
  std::ranges::push_heap(events_,
                         [](const Event& a, const Event& b) { return std::tie(a.at, a.order) > std::tie(b.at, b.order); });
}

World::Event World::pop() {
  std::ranges::pop_heap(events_,
                        [](const Event& a, const Event& b) { return std::tie(a.at, a.order) > std::tie(b.at, b.order); });
  const Event event = events_.back();
  events_.pop_back();
  return event;
}

bool World::run_next(Time limit) {
  if (events_.empty() || events_.front().at > limit) {
    now_ = std::max(now_, limit);
    return false;
  }
  const Event event = pop();
  now_ = event.at;
  handle(event);
  return true;
}

void World::handle(const Event& event) {
  Node& self = node(event.node);
  if (event.kind == Kind::deliver) {
    Message message = std::move(mail_[event.argument]);
    free_mail_.push_back(event.argument);
    if (self.core && !cut_[index(message.from.node.value(), event.node)]) step(event.node, Received{std::move(message)});
    return;
  }
  if (!self.core || self.life != event.life) return;
  if (event.kind == Kind::synced) {
    self.syncing = false;
    self.disk->synced(event.argument);
    step(event.node, Persisted{event.argument});
    return;
  }
  if (event.at != self.tick_at) return;  // superseded by an earlier one
  self.tick_at = no_deadline;
  if (now_ >= self.core->next_deadline()) {
    step(event.node, Tick{});
  } else {
    schedule(event.node);
  }
}

void World::run_for(Duration duration) {
  const Time end = now_ + duration;
  while (!violation() && run_next(end)) {
    if (steps_ > max_steps) oracle_.report(Rule::progress, "messages breed messages");
  }
}

int World::leader() {
  int best = -1;
  for (int i = 0; i < size(); ++i) {
    if (up(i) && core(i).leads() && (best < 0 || core(i).term() > core(best).term())) best = i;
  }
  return best;
}

int World::run_until_leader(Duration limit) {
  const Time end = now_ + limit;
  while (!violation() && run_next(end)) {
    const int i = leader();
    if (i >= 0 && core(i).commit_index() >= std::get<Leader>(core(i).role()).first) return i;
  }
  return -1;
}

std::string World::describe() {
  std::string text;
  for (int i = 0; i < size(); ++i) {
    text += fmt::format("\n  {}: ", to_string(node(i).key));
    if (!up(i)) {
      text += "down";
      continue;
    }
    const Core& self = core(i);
    constexpr std::array<std::string_view, 3> roles{"follower", "candidate", "leader"};
    text += fmt::format("{} of {}, term {}, base {}, last {}, durable {}, commit {}, voters", roles[self.role().index()],
                        self.leader() ? to_string(*self.leader()) : "nobody", self.term().value(), to_string(self.log().base()),
                        to_string(self.log().last()), self.durable_index().value(), self.commit_index().value());
    for (const Voter& voter : self.voters()) text += " " + to_string(voter.key);
  }
  return text;
}

bool World::majorities_within(const std::vector<int>& nodes) {
  for (int i = 0; i < size(); ++i) {
    if (!up(i)) continue;
    for (const VoterSet* set : {&core(i).voters(), &core(i).voters_at_commit()}) {
      std::size_t alive = 0;
      for (const int other : nodes) alive += set->contains(node(other).key) ? 1 : 0;
      if (!set->empty() && alive < set->majority()) return false;
    }
  }
  return true;
}

}  // namespace faultline::raft::testing
