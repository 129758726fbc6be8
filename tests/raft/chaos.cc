#include "chaos.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace faultline::raft::testing {

namespace {

enum class Action : std::uint8_t {
  propose,
  crash,
  split,
  one_way,
  heal,
  add_voter,
  remove_voter,
  transfer,
  snapshot,
  read,
  wipe,
  count
};

constexpr int action_count = static_cast<int>(Action::count);

WorldOptions draw_world(const ChaosOptions& options, RandomStream& random) {
  WorldOptions world;
  world.seed = options.seed;
  world.voters = static_cast<int>(random.between(3, 7));
  if (options.voters != 0) world.voters = options.voters;
  world.observers = world.voters <= 5 ? static_cast<int>(random.between(0, 2)) : 0;
  world.config.exhibits = options.exhibits;
  // Half of the time an entry a message, so that a leader's own entry travels apart from those of its predecessors.
  world.config.max_append_bytes = random.chance({1, 2}) ? 1 : static_cast<std::size_t>(random.between(40, 400));
  world.config.max_inflight_appends = static_cast<std::size_t>(random.between(1, 6));
  return world;
}

Weather draw_weather(RandomStream& random) {
  Weather weather;
  weather.lose = {static_cast<std::uint32_t>(random.below(2) * random.below(20)), 100};
  weather.repeat = {static_cast<std::uint32_t>(random.below(2) * random.below(20)), 100};
  weather.late = {static_cast<std::uint32_t>(random.below(2) * random.below(20)), 100};
  weather.latency_max = random.chance({1, 3}) ? random.between(5ms, 60ms) : 5ms;
  weather.sync_max = random.between(1ms, 40ms);
  return weather;
}

class Chaos {
 public:
  explicit Chaos(const ChaosOptions& options)
      : options_(options), random_(RandomSource(options.seed).stream("chaos")), world_(draw_world(options, random_)) {
    world_.weather = draw_weather(random_);
    for (int action = 0; action < action_count; ++action) weights_.push_back(random_.below(3) == 0 ? 0 : random_.below(10) + 1);
    weights_[static_cast<std::size_t>(Action::propose)] = 15;
    if (!options.members_change) weight(Action::add_voter) = weight(Action::remove_voter) = weight(Action::wipe) = 0;
    if (!options.wipes) weight(Action::wipe) = 0;
    if (options.outcomes_only) world_.oracle().outcomes_only();
    pause_ = random_.between(2ms, 30ms);
    churn_ = random_.chance({1, 3});
    if (options.churn) churn_ = *options.churn;
  }

  ChaosResult run() {
    const Time end = world_.now() + options_.faults;
    while (world_.now() < end && !world_.violation()) {
      if (churn_) {
        strike_next_leader();
      } else {
        world_.run_for(random_.exponential(pause_));
        act();
      }
    }
    if (!world_.violation()) heal_and_judge();
    result_.violation = world_.violation();
    result_.steps = world_.steps();
    result_.committed = world_.oracle().committed_end().value();
    result_.leaders = world_.oracle().leaders();
    for (int i = 0; i < world_.size(); ++i) {
      for (const ReadOutcome& read : world_.node(i).reads) result_.reads += read.index ? 1 : 0;
    }
    return result_;
  }

 private:
  std::uint64_t& weight(Action action) { return weights_[static_cast<std::size_t>(action)]; }

  int any() { return static_cast<int>(random_.below(static_cast<std::uint64_t>(world_.size()))); }
  /// A node that believes to lead, mostly; else any.
  int some_leader() {
    std::vector<int> leaders;
    for (int i = 0; i < world_.size(); ++i) {
      if (world_.up(i) && world_.core(i).leads()) leaders.push_back(i);
    }
    return leaders.empty() ? any() : random_.pick(std::span<const int>(leaders));
  }

  /// Lets somebody be elected who then reaches only some, gets something to do, and is struck.
  void strike_next_leader() {
    if (options_.members_change && random_.chance({1, 6})) calm();
    const Time limit = world_.now() + 500ms;
    while (world_.now() < limit && world_.leader() < 0 && !world_.violation()) {
      world_.run_for(1ms);
      if (somebody_stands() && random_.chance({1, 10})) trip(any());
    }
    const int leader = world_.leader();
    if (leader < 0 || world_.violation()) return revive(2);
    for (int i = 0; i < world_.size(); ++i) {
      if (random_.chance({1, 2})) world_.cut(leader, i);
    }
    if (weight(Action::add_voter) > 0 && random_.chance({1, 2})) add_voter(leader, any());
    if (weight(Action::remove_voter) > 0 && random_.chance({1, 2})) remove_voter(leader, any());
    if (random_.chance({1, 2})) propose(leader);
    world_.run_for(random_.between(0ms, 30ms));
    if (world_.violation()) return;
    if (random_.chance({3, 4})) {
      crash(leader);
    } else {
      world_.isolate(leader);
    }
    if (random_.chance({1, 2})) world_.heal();
    revive(2);
  }

  /// Everybody comes to know what is committed, and keeps that through a crash.
  void calm() {
    world_.heal();
    revive(1);
    world_.run_for(400ms);
    for (int i = 0; i < world_.size() && !world_.violation(); ++i) snapshot(i);
  }

  bool somebody_stands() {
    for (int i = 0; i < world_.size(); ++i) {
      const auto* candidate = world_.up(i) ? std::get_if<Candidate>(&world_.core(i).role()) : nullptr;
      if (candidate != nullptr && candidate->kind == VoteKind::real) return true;
    }
    return false;
  }

  /// A crash that nobody notices but the disk.
  void trip(int node) {
    crash(node);
    world_.restart(node);
  }

  /// Restarts each node that is down with a chance of one in `odds`.
  void revive(std::uint32_t odds) {
    for (int i = 0; i < world_.size(); ++i) {
      if (!world_.up(i) && random_.chance({1, odds})) world_.restart(i);
    }
  }

  void act() {
    if (world_.violation()) return;
    revive(8);
    const std::uint64_t total = std::accumulate(weights_.begin(), weights_.end(), std::uint64_t{0});
    std::uint64_t drawn = random_.below(total);
    int action = 0;
    while (drawn >= weights_[static_cast<std::size_t>(action)]) drawn -= weights_[static_cast<std::size_t>(action++)];
    take(static_cast<Action>(action));
  }

  void take(Action action) {
    const int leader = some_leader();
    const int node = any();
    switch (action) {
      case Action::propose: propose(leader); break;
      case Action::crash: crash(random_.chance({1, 3}) ? leader : node); break;
      case Action::split: split(); break;
      case Action::one_way: world_.cut(node, any()); break;
      case Action::heal: world_.heal(); break;
      case Action::add_voter: add_voter(leader, node); break;
      case Action::remove_voter: remove_voter(leader, node); break;
      case Action::transfer: transfer(leader, node); break;
      case Action::snapshot: snapshot(node); break;
      case Action::read:
        if (world_.up(leader)) world_.read(leader);
        break;
      case Action::wipe: wipe(node); break;
      case Action::count: break;
    }
  }

  void propose(int node) {
    if (!world_.up(node)) return;
    const std::uint64_t count = random_.below(4) + 1;
    for (std::uint64_t i = 0; i < count && world_.up(node); ++i) world_.propose(node, fmt::format("command {}", ++commands_));
  }

  void crash(int node) {
    if (!world_.up(node)) return;
    ++result_.crashes;
    world_.crash(node);
    if (random_.chance({1, 3})) world_.restart(node);
  }

  void split() {
    world_.heal();
    const std::uint64_t side = random_.next();
    for (int a = 0; a < world_.size(); ++a) {
      for (int b = 0; b < world_.size(); ++b) {
        if (((side >> a) & 1) != ((side >> b) & 1)) world_.cut(a, b);
      }
    }
  }

  void add_voter(int leader, int node) {
    if (!world_.up(leader)) return;
    changed(world_.ask(leader, AddVoter{world_.voter(node)}));
  }

  void remove_voter(int leader, int node) {
    if (!world_.up(leader)) return;
    ReplicaKey key = world_.node(node).key;
    const Voter* voter = world_.core(leader).voters().find(NodeId(node));
    if (voter == nullptr || world_.core(leader).voters().size() <= 2) return;
    key = voter->key;
    // Who removes the living until only the dead are left cannot complain.
    if (key == world_.node(node).key && !live_majority(world_.core(leader).voters().without(key))) return;
    changed(world_.ask(leader, RemoveVoter{key}));
  }

  void changed(const ProposalOutcome& outcome) { result_.voter_changes += outcome.refusal == Refusal::none ? 1 : 0; }

  bool live_majority(const VoterSet& set) {
    std::size_t alive = 0;
    for (int i = 0; i < world_.size(); ++i) alive += set.contains(world_.node(i).key) ? 1 : 0;
    return alive >= set.majority();
  }

  void transfer(int leader, int node) {
    if (!world_.up(leader)) return;
    const auto target = random_.chance({1, 2}) ? std::optional(world_.node(node).key) : std::nullopt;
    result_.transfers += world_.ask(leader, TransferLeadership{target}).refusal == Refusal::none ? 1 : 0;
  }

  void snapshot(int node) {
    if (!world_.up(node)) return;
    ++result_.snapshots;
    world_.take_snapshot(node, random_.between(0, 4));
  }

  /// Only while every voter set that anybody believes in, or might come to believe in, keeps a majority of living directories.
  void wipe(int node) {
    std::vector<int> others;
    for (int i = 0; i < world_.size(); ++i) {
      if (!world_.up(i)) return;
      if (i != node) others.push_back(i);
    }
    if (!world_.majorities_within(others)) return;
    ++result_.wipes;
    world_.wipe(node);
    world_.restart(node);
  }

  void heal_and_judge() {
    world_.weather = Weather();
    world_.heal();
    for (int i = 0; i < world_.size(); ++i) world_.restart(i);
    std::vector<int> order(static_cast<std::size_t>(world_.size()));
    std::iota(order.begin(), order.end(), 0);
    random_.shuffle(std::span(order));
    if (!world_.majorities_within(order)) return;
    const bool deaf = random_.chance({1, 2});
    std::vector<int> healthy = order;
    for (const int node : order) {
      std::vector<int> fewer = healthy;
      std::erase(fewer, node);
      if (random_.chance({1, 3}) || !world_.majorities_within(fewer)) continue;
      healthy = fewer;
      for (int other = 0; other < world_.size(); ++other) {
        world_.cut(other, node);
        if (!deaf) world_.cut(node, other);
      }
    }
    judge_progress(healthy);
  }

  /// Within some election timeouts something new is committed, and all the healthy have it.
  void judge_progress(const std::vector<int>& healthy) {
    result_.judged_progress = 1;
    const Index target = world_.oracle().committed_end() + 2;
    const Time limit = world_.now() + 5s;
    while (world_.now() < limit && !world_.violation()) {
      world_.run_for(20ms);
      if (world_.violation()) return;
      const bool all =
          std::ranges::all_of(healthy, [&](int i) { return world_.up(i) && world_.core(i).commit_index() >= target; });
      if (all) return;
      for (const int i : healthy) {
        if (world_.up(i) && world_.core(i).leads()) propose(i);
      }
    }
    std::string who;
    for (const int i : healthy) who += fmt::format(" {}", i);
    if (!world_.violation()) {
      world_.oracle().report(Rule::progress,
                             fmt::format("{} was not committed everywhere on{}; {}", target.value(), who, world_.describe()));
    }
  }

  const ChaosOptions options_;
  RandomStream random_;
  World world_;
  std::vector<std::uint64_t> weights_;
  Duration pause_{};
  bool churn_ = false;
  std::uint64_t commands_ = 0;
  ChaosResult result_;
};

}  // namespace

ChaosResult run_chaos(const ChaosOptions& options) { return Chaos(options).run(); }

}  // namespace faultline::raft::testing
