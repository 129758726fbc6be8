#include "scenarios/trial.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>

#include "broker/node/trace_points.h"
#include "scenarios/admin_load.h"
#include "scenarios/broker_host.h"
#include "scenarios/cluster_plan.h"
#include "scenarios/cluster_probe.h"
#include "scenarios/consumer_load.h"
#include "scenarios/core_proof.h"
#include "scenarios/draw.h"
#include "scenarios/judge.h"
#include "scenarios/log_probe.h"
#include "scenarios/nemesis.h"
#include "scenarios/news.h"
#include "scenarios/producer_load.h"
#include "scenarios/setup_load.h"
#include "sim/world.h"

namespace faultline::scenarios {
namespace {

// How often the logs are looked at and stopped brokers are noticed.
constexpr Duration tick_interval = 100ms;
// A quorum may have several leaders in that time.
constexpr Duration election_interval = 10ms;
constexpr Duration start_time = 20ms;
constexpr Duration audit_restart = 10ms;
constexpr Duration audit_time = 5s;

// A time between both ends, near the lower one more often than not: a quarter of the span on average.
sim::Delay delay_of(const Range<Duration>& range) {
  return {.min = range.low, .mean_extra = (range.high - range.low) / 4, .max = range.high};
}

sim::Options world_options(const Scenario& scenario, std::uint64_t seed, const TrialOptions& options) {
  sim::Options world;
  world.seed = seed;
  world.link.latency = delay_of(scenario.network.latency);
  world.disk.read_time = delay_of(scenario.disk.read_latency);
  world.disk.write_time = delay_of(scenario.disk.write_latency);
  world.disk.sync_time = delay_of(scenario.disk.sync_latency);
  world.disk.capacity_bytes = static_cast<std::uint64_t>(scenario.disk.capacity_bytes);
  world.trace_keep = options.keep_trace        ? sim::TraceKeep::all
                     : options.last_events > 0 ? sim::TraceKeep::last
                                               : sim::TraceKeep::none;
  return world;
}

class Trial {
 public:
  Trial(const Scenario& scenario, std::uint64_t seed, const TrialOptions& options)
      : options_(options),
        drawn_(draw(scenario, seed)),
        world_(world_options(drawn_.scenario, seed, options)),
        state_(drawn_.scenario, seed, world_),
        probe_(state_),
        cluster_probe_(state_) {
    state_.on_happening = options.on_happening;
    world_.on_news([this](const sim::News& news) {
      note_news(state_, news);
      if (news.point == &trace_out_of_order) look_at_refusal(news);
    });
    add_servers();
    add_clients();
    nemesis_ = std::make_unique<Nemesis>(world_, drawn_.scenario, seed, nodes_);
    nemesis_->set_find_target([this](const Target& target) { return find(target); });
    nemesis_->set_before_end([this] {
      if (drawn_.scenario.checks.invariants) cluster_probe_.look(running_servers(hosts_));
    });
    nemesis_->set_broker_acts({
        .stop = [this](const std::string& name, Duration restart_after) { host_of(name).stop(restart_after); },
        .wiped = [this](const std::string&, Duration restart_after) { create_topics_again(restart_after); },
        .move = [this](const std::string& name) { host_of(name).move(); },
    });
  }

  /// Ends every process first: what they leave behind on their way out goes to the members that die before the world.
  ~Trial() {
    for (std::size_t i = 0; i < world_.node_count(); ++i) {
      const sim::NodeId node(static_cast<sim::NodeId::rep>(i));
      if (world_.is_running(node)) world_.kill(node);
    }
  }
  Trial(const Trial&) = delete;
  Trial& operator=(const Trial&) = delete;

  RunResult run() {
    const Duration bound = drawn_.scenario.liveness.bound;
    // Topics are spread over the brokers that there are: all of them first.
    bool set_up = state_.wait_until([this] { return all_brokers_serve(); }, within(bound));
    world_.restart(setup_, Duration{});
    set_up = set_up && state_.wait_until([this] { return set_up_; }, within(bound));
    if (set_up) {
      trial_began_ = world_.now();
      state_.note({}, "the trial begins");
      work();
      const bool core_is_alive = !core_ || prove_core();
      heal();
      if (core_is_alive) prove();
      audit();
    }
    return result(set_up);
  }

 private:
  void add_servers() {
    for (Server& server : *plan_cluster(drawn_.scenario, state_.seed)) {
      hosts_.push_back(std::make_unique<BrokerHost>(state_, probe_, std::move(server)));
      BrokerHost& host = *hosts_.back();
      const sim::NodeId node = world_.add_node(host.name(), host.hosts(), [&host](Env& env) { host.run(env); });
      nodes_[host.name()] = node;
      host.set_node(node);
    }
  }

  std::vector<std::string> find(const Target& target) const {
    const Scenario& scenario = drawn_.scenario;
    switch (target.kind) {
      case Target::Kind::all_brokers: return broker_names(scenario);
      case Target::Kind::all_servers: return server_names(scenario);
      case Target::Kind::all_voters: return voter_names(scenario);
      case Target::Kind::majority_of_voters: {
        std::vector<std::string> voters = voter_names(scenario);
        voters.resize(voters.size() / 2 + 1);
        return voters;
      }
      default: break;
    }
    std::vector<std::string> names;
    const std::vector<std::int32_t> ids = ids_of(target, running_servers(hosts_));
    for (const auto& host : hosts_) {
      if (std::find(ids.begin(), ids.end(), host->node_id()) != ids.end()) names.push_back(host->name());
    }
    return names;
  }

  void add_clients() {
    std::uint32_t number = 0;
    for (const Producer& spec : drawn_.scenario.producers) {
      add_group(spec.name, spec.count, [this, &spec, &number](Client& client) {
        return
            [this, &spec, &client, own = number++](Env& env) { run_producer(env, state_, spec, client.name, own, client.count); };
      });
    }
    for (const Consumer& spec : drawn_.scenario.consumers) {
      add_group(spec.name, spec.count, [this, &spec](Client& client) {
        return [this, &spec, &client](Env& env) { run_consumer(env, state_, spec, client.name, client.count); };
      });
    }
    for (const Admin& spec : drawn_.scenario.admins) {
      add_group(spec.name, spec.count, [this, &spec](Client& client) {
        return [this, &spec, &client](Env& env) { run_admin(env, state_, spec, client.name, client.count); };
      });
    }
    setup_ = state_.add_stopped("setup", [this](Env& env) { run_setup(env, state_, set_up_); });
    reader_ = state_.add_stopped(
        "final-reader", [this, number](Env& env) { run_final_reads(env, state_, number, state_.partitions_of({}), reads_); });
    if (drawn_.scenario.liveness.core != CoreKind::all) core_.emplace(state_, hosts_, number + 1);
  }

  struct Client {
    std::string name;
    sim::NodeId node = sim::no_node;
    std::uint64_t count = 0;  // over all its starts: records sent, or the starts themselves
  };

  template <class MakeProgram>
  void add_group(const std::string& name, std::int64_t count, MakeProgram make_program) {
    for (std::int64_t i = 0; i < count; ++i) {
      clients_.push_back(std::make_unique<Client>());
      Client& client = *clients_.back();
      client.name = name + "-" + std::to_string(i);
      client.node = state_.add_stopped(client.name, make_program(client));
      nodes_[client.name] = client.node;
    }
  }

  Time within(Duration time) const { return after(world_.now(), time); }

  void tick() {
    for (const auto& host : hosts_) host->tick();
    if (drawn_.scenario.checks.invariants) cluster_probe_.look(running_servers(hosts_));
    if (!audited_) world_.schedule(after(world_.now(), tick_interval), [this] { tick(); });
  }

  void look_at_refusal(const sim::News& news) {
    if (!drawn_.scenario.checks.invariants) return;
    for (const auto& host : hosts_) {
      if (host->node() == news.node && host->broker() != nullptr) probe_.look_at_refusal(host->name(), *host->broker(), news);
    }
  }

  void watch_elections() {
    const bool elected = std::any_of(hosts_.begin(), hosts_.end(), [&](const auto& host) {
      return host->broker() != nullptr && cluster_probe_.newly_elected(*host->broker());
    });
    if (elected) cluster_probe_.look(running_servers(hosts_));
    if (!audited_) world_.schedule(after(world_.now(), election_interval), [this] { watch_elections(); });
  }

  /// Requires: `name` is that of a broker; a scenario that aims such a fault at a client is refused.
  BrokerHost& host_of(const std::string& name) const {
    const auto host = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& one) { return one->name() == name; });
    ENSURE(host != hosts_.end());
    return **host;
  }

  // What an operator does who finds a broker without topics. A cluster's quorum still knows them.
  void create_topics_again(Duration restart_after) {
    if (is_cluster(drawn_.scenario)) return;
    world_.kill(setup_);
    world_.restart(setup_, restart_after);
  }

  void work() {
    for (const auto& client : clients_) world_.restart(client->node, Duration{});
    nemesis_->schedule(world_.now());
    tick();
    if (drawn_.scenario.checks.invariants && is_cluster(drawn_.scenario)) watch_elections();
    world_.run_for(drawn_.scenario.duration);
  }

  // The clients work on meanwhile. Returns: whether what was promised to the core came true.
  bool prove_core() {
    state_.note({}, "a majority heals, the rest is frozen");
    core_->draw();
    nemesis_->heal();
    return core_->run();
  }

  void heal() {
    state_.note({}, "the trial is over: all faults end, all servers start");
    state_.stopping = true;
    if (core_) core_->thaw();
    nemesis_->heal();
  }

  void prove() {
    const Time deadline = within(drawn_.scenario.liveness.bound);
    const auto all_finished = [this] {
      for (const auto& client : clients_) {
        if (world_.is_running(client->node)) return false;
      }
      return true;
    };
    world_.run_for(start_time);  // what was down starts, sees that the trial is over, and ends
    clients_finished_ = state_.wait_until(all_finished, deadline);
    if (!clients_finished_) return;
    state_.note({}, "the clients have finished: each partition must take a write and be read to its end");
    world_.restart(reader_, Duration{});
    if (!state_.wait_until([this] { return reads_.done; }, deadline)) return;
    const std::vector<client::TopicPartition> all = state_.partitions_of({});
    const auto everybody = [](std::int32_t) { return true; };
    const auto converged = [&] {
      not_converged_ = not_converged(all, running_servers(hosts_), everybody);
      return not_converged_.empty();
    };
    state_.wait_until(converged, deadline);
  }

  void audit() {
    audited_ = true;
    state_.auditing = true;
    proved_ = world_.now();
    state_.note({}, "the audit: all servers lose power once more");
    if (!drawn_.scenario.checks.invariants) return;
    look_at_producers();
    std::uint64_t starts = 0;
    cluster_probe_.before_power_loss(running_servers(hosts_));
    for (const auto& host : hosts_) {
      starts += host->starts() + 1;
      world_.crash(nodes_.at(host->name()));
      world_.restart(nodes_.at(host->name()), audit_restart);
    }
    state_.wait_until([&] { return broker_starts() >= starts && all_brokers_serve(); }, within(audit_time));
    if (is_cluster(drawn_.scenario)) cluster_probe_.judge_recovered(probe_.recovered());
  }

  // All is quiet: what a replica remembers of producers is what its log says.
  void look_at_producers() {
    for (const auto& host : hosts_) host->look_at_producers();
    const auto is_looking = [](const auto& host) { return host->is_looking(); };
    state_.wait_until([&] { return std::ranges::none_of(hosts_, is_looking); }, within(audit_time));
  }

  std::uint64_t broker_starts() const {
    std::uint64_t starts = 0;
    for (const auto& host : hosts_) starts += host->starts();
    return starts;
  }

  bool all_brokers_serve() const {
    for (const auto& host : hosts_) {
      if (!host->serves()) return false;
    }
    return true;
  }

  RunResult result(bool set_up) {
    proved_ = std::min(proved_, world_.now());  // it may never have come so far
    RunResult result;
    result.seed = state_.seed;
    result.mask = drawn_.mask;
    result.hash = world_.hash();
    result.events = world_.event_count();
    result.simulated = world_.now() - Time{};
    result.trial_began = trial_began_;
    result.broker_starts = broker_starts();
    result.probe_looks = probe_.looks();
    result.records_looked_up = probe_.records_looked_up() + cluster_probe_.records_looked_up();
    if (core_ && set_up) result.core = core_->report();
    add_faults(result);
    judge(result, state_,
          {.probe = probe_,
           .cluster_probe = cluster_probe_,
           .reads = reads_,
           .not_converged = not_converged_,
           .core_failure = core_ ? core_->failure() : std::string(),
           .proof = {trial_began_, proved_},
           .set_up = set_up,
           .clients_finished = clients_finished_});
    if (options_.last_events > 0) result.last_events = world_.last_events(options_.last_events);
    if (options_.keep_trace) result.trace = world_.take_log();
    result.drawn = drawn_.scenario;
    return result;
  }

  std::string target_of(const sim::FaultEvent& event) const {
    if (event.node == sim::no_node || event.kind == sim::FaultKind::partition) return event.detail;
    const std::string& node = world_.name_of(event.node);
    return event.peer == sim::no_node ? node : node + " <> " + world_.name_of(event.peer);
  }

  // Faults enter the history, where their overlap with operations is measured; what is counted but not listed enters the counts.
  void add_faults(RunResult& result) {
    for (const sim::FaultEvent& event : world_.faults().events()) {
      const bool of_nobody = event.kind == sim::FaultKind::partition && event.node == event.peer && event.node != sim::no_node;
      if (event.start >= proved_ || of_nobody) continue;
      const Time end = event.end == no_deadline ? world_.now() : event.end;
      state_.recorder.add_fault(
          {.name = std::string(sim::to_string(event.kind)), .target = target_of(event), .begin = event.start, .end = end});
    }
    for (const Nemesis::Interval& interval : nemesis_->unlisted()) {
      state_.recorder.add_fault({.name = std::string(info_of(interval.kind).name),
                                 .target = interval.node,
                                 .begin = interval.begin,
                                 .end = interval.end});
    }
    for (const auto& [kind, count] : nemesis_->begun()) result.ordered.push_back({std::string(info_of(kind).name), count});
    for (std::size_t i = 0; i < sim::fault_kinds; ++i) {
      const auto kind = static_cast<sim::FaultKind>(i);
      const std::uint64_t count = world_.faults().count_of(kind);
      if (count > 0) result.faults.push_back({std::string(sim::to_string(kind)), count});
    }
  }

  // Constant after construction.
  const TrialOptions options_;
  const DrawnScenario drawn_;
  // Volatile.
  sim::World world_;
  TrialState state_;
  LogProbe probe_;
  ClusterProbe cluster_probe_;
  Hosts hosts_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::map<std::string, sim::NodeId> nodes_;
  std::unique_ptr<Nemesis> nemesis_;
  sim::NodeId setup_ = sim::no_node;
  sim::NodeId reader_ = sim::no_node;
  FinalReads reads_;
  std::string not_converged_;  // when time was up
  std::optional<CoreProof> core_;
  Time trial_began_{};
  Time proved_ = no_deadline;
  bool set_up_ = false;
  bool clients_finished_ = false;
  bool audited_ = false;
};

}  // namespace

std::string_view to_string(RunResult::Outcome outcome) {
  switch (outcome) {
    case RunResult::Outcome::valid: return "valid";
    case RunResult::Outcome::safety: return "safety violated";
    case RunResult::Outcome::liveness: return "liveness violated";
    case RunResult::Outcome::internal: return "internal error";
    case RunResult::Outcome::hollow: return "proved nothing";
  }
  return "?";
}

RunResult run_trial(const Scenario& scenario, std::uint64_t seed, const TrialOptions& options) {
  return std::make_unique<Trial>(scenario, seed, options)->run();
}

}  // namespace faultline::scenarios
