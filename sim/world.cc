#include "sim/world.h"

#include <algorithm>
#include <cstdio>
#include <utility>

#include "base/check.h"
#include "sim/world_state.h"

namespace faultline::sim {

namespace {

// Whoever waits for nothing, again and again, keeps the time from passing: without an end to it that would hang the run.
constexpr std::uint64_t most_steps_at_an_instant = 1'000'000;

/// While a world runs, a broken promise names it. Nested runs (a world inside a world's code) are not supported.
class CheckContext {
 public:
  CheckContext(CheckContextPrinter printer, void* state) { set_check_context(printer, state); }
  ~CheckContext() { set_check_context(nullptr, nullptr); }
  CheckContext(const CheckContext&) = delete;
  CheckContext& operator=(const CheckContext&) = delete;
};

}  // namespace

World::World(const Options& options) : state_(std::make_unique<State>(options)) {}
World::~World() = default;

void World::State::print_context(void* state) {
  const auto& self = *static_cast<const State*>(state);
  std::fprintf(stderr, "in the simulator: seed %llu, virtual time %lld ns, node %s\n",
               static_cast<unsigned long long>(self.kernel.options.seed),
               static_cast<long long>(self.kernel.now.time_since_epoch().count()),
               self.running == nullptr ? "none" : self.running->name().c_str());
}

void World::State::run_ready_nodes() {
  while (!ready.empty()) {
    Node* node = ready.front();
    ready.pop();
    running = node;
    ENSURE(++steps_at_this_instant < most_steps_at_an_instant);
    node->run_turn();
    running = nullptr;
  }
}

void World::State::dispatch(const Event& event) {
  switch (event.kind) {
    case EventKind::deliver: return internet.on_deliver(event.target, event.generation);
    case EventKind::connect_arrives: return internet.on_connect_arrives(event.target, event.generation);
    case EventKind::connect_answers: return internet.on_connect_answers(event.target, event.generation);
    case EventKind::timers: return nodes[event.target]->on_timers(event.generation);
    case EventKind::turn: return nodes[event.target]->on_turn();
    case EventKind::disk: return nodes[event.target]->disk().on_done(event.generation);
    case EventKind::callback: return run_callback(event.target);
  }
}

void World::State::run_callback(std::uint32_t slot) {
  const std::function<void()> callback = std::exchange(callbacks[slot], nullptr);
  free_callbacks.push_back(slot);
  callback();
}

/// Runs what is ready, then the next event. Returns: false if there is none up to `end`.
bool World::State::step(Time end) {
  run_ready_nodes();
  if (kernel.queue.next() > end || kernel.queue.empty()) return false;
  const Event event = kernel.queue.pop();
  if (event.at != kernel.now) steps_at_this_instant = 0;
  kernel.now = event.at;
  ENSURE(++steps_at_this_instant < most_steps_at_an_instant);
  dispatch(event);
  return true;
}

void World::run_until(Time end) {
  ENSURE(Fiber::current() == nullptr);
  const CheckContext context(&State::print_context, state_.get());
  while (state_->step(end)) {
  }
  state_->kernel.now = std::max(state_->kernel.now, end);
}

bool World::run_until_idle(Time end) {
  ENSURE(Fiber::current() == nullptr);
  const CheckContext context(&State::print_context, state_.get());
  while (state_->step(end)) {
  }
  return state_->kernel.queue.empty();
}

void World::schedule(Time at, std::function<void()> callback) {
  State& s = *state_;
  if (s.free_callbacks.empty()) {
    s.free_callbacks.push_back(static_cast<std::uint32_t>(s.callbacks.size()));
    s.callbacks.emplace_back();
  }
  const std::uint32_t slot = s.free_callbacks.back();
  s.free_callbacks.pop_back();
  s.callbacks[slot] = std::move(callback);
  s.kernel.at(at, EventKind::callback, slot);
}

NodeId World::add_node(std::string name, std::vector<std::string> hosts, Program program) {
  return add_node(std::move(name), std::move(hosts), std::move(program), NodeOptions{.disk = options().disk, .clock = {}});
}

NodeId World::add_node(std::string name, std::vector<std::string> hosts, Program program, const NodeOptions& node_options) {
  State& s = *state_;
  const NodeId id(static_cast<std::uint32_t>(s.nodes.size()));
  for (const auto& other : s.nodes) ENSURE(other->name() != name);
  Host& host = s.internet.add_host(id, std::move(name), std::move(hosts));
  s.nodes.push_back(std::make_unique<Node>(s.kernel, s.stacks, s.ready, s.internet, host, node_options.disk, node_options.clock,
                                           s.may_damage, std::move(program)));
  if (node_options.start) s.nodes.back()->start();
  return id;
}

std::size_t World::node_count() const { return state_->nodes.size(); }
const std::string& World::name_of(NodeId node) const { return state_->node(node).name(); }
bool World::is_running(NodeId node) const { return state_->node(node).running(); }
Env& World::env(NodeId node) { return state_->node(node).env(); }
Time World::now() const { return state_->kernel.now; }
const Options& World::options() const { return state_->kernel.options; }
RandomSource World::random(std::string_view name) const { return state_->kernel.random.child("nemesis").child(name); }
const FaultLog& World::faults() const { return state_->kernel.faults; }
std::uint64_t World::hash() const { return state_->kernel.trace.hash(); }
std::uint64_t World::event_count() const { return state_->kernel.trace.count(); }
void World::on_news(std::function<void(const News&)> listener) { state_->kernel.trace.on_news(std::move(listener)); }
std::vector<std::string> World::last_events(std::size_t limit) const { return state_->kernel.trace.last(limit); }
RunLog World::take_log() { return state_->kernel.trace.take(); }
std::size_t World::open_connections() const { return state_->internet.connection_count(); }
LinkOptions& World::link(NodeId from, NodeId to) { return state_->internet.link(from, to).options; }
DiskOptions& World::disk(NodeId node) { return state_->node(node).disk().options(); }
std::uint64_t World::disk_used_bytes(NodeId node) const { return state_->node(node).disk().used_bytes(); }
void World::set_damage_filter(DamageFilter filter) { state_->may_damage = std::move(filter); }

}  // namespace faultline::sim
