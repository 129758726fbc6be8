#include "sim/node.h"

#include <utility>

namespace faultline::sim {

NodeBuggify::NodeBuggify(Kernel& kernel, NodeId node, std::string_view node_name)
    : kernel_(kernel), node_(node), random_(kernel.random.child("buggify").child(node_name)) {}

bool NodeBuggify::fires(std::string_view location) {
  const BuggifyOptions& options = kernel_.options.buggify;
  if (options.site_enabled.numerator == 0) return false;
  auto site = sites_.find(location);
  if (site == sites_.end()) {
    // A place is active in the whole world or nowhere; when it fires is each node's own affair.
    RandomStream enabled = kernel_.random.child("buggify sites").stream(location);
    site = sites_.emplace(location, Site{enabled.chance(options.site_enabled), random_.stream(location)}).first;
  }
  if (!site->second.enabled || !site->second.random.chance(options.fires)) return false;
  kernel_.record(node_, TraceKind::fault, static_cast<std::uint64_t>(FaultKind::buggify), hash_text(location));
  kernel_.faults.count(FaultKind::buggify);
  return true;
}

Node::Node(Kernel& kernel, FiberStackPool& stacks, Ring<Node*>& ready, Internet& internet, Host& host,
           const DiskOptions& disk_options, const ClockOptions& clock_options, const DamageFilter& may_damage, Program program)
    : Tasks(stacks),
      kernel_(kernel),
      ready_(ready),
      internet_(internet),
      host_(host),
      program_(std::move(program)),
      clock_(kernel, clock_options.wall_offset, clock_options.drift_ppm),
      network_(internet, host),
      disk_(kernel, host, disk_options, may_damage),
      trace_(kernel, host.id),
      buggify_(kernel, host.id, host.node_name),
      schedule_(kernel.random.child("schedule").stream(host.node_name)) {
  if (kernel.options.random_schedule) set_schedule(&schedule_);
}

Node::~Node() {
  host_.severed = true;
  drop_all();
}

void Node::start() {
  ENSURE(!running());
  ++incarnation_;
  const RandomSource own = kernel_.random.child("node").child(host_.node_name).child("start " + std::to_string(incarnation_));
  env_ = std::make_unique<Env>(Env{clock_, network_, disk_, own, *this, trace_, buggify_});
  disk_.process_starts();
  state_ = State::running;
  host_.severed = false;
  root_returned_ = false;
  kernel_.record(id(), TraceKind::node_start, incarnation_);
  spawn_root("root", [this] {
    program_(*env_);
    root_returned_ = true;
  });
}

void Node::end(State state) {
  state_ = state;
  paused_ = false;
  host_.severed = true;
  drop_all();
  arm();
}

void Node::kill() {
  if (!running()) return;
  kernel_.record(id(), TraceKind::kill, incarnation_);
  host_.disturbed = true;
  end(State::killed);
  internet_.process_ended(id(), true);
  disk_.process_ended();
}

void Node::crash() {
  lose_power();
  disk_.power_lost();
}

void Node::crash(Choices& choices) {
  lose_power();
  disk_.power_lost(choices);
}

void Node::lose_power() {
  ENSURE(state_ != State::crashed);
  kernel_.record(id(), TraceKind::crash, incarnation_);
  host_.disturbed = true;
  end(State::crashed);
  internet_.power_lost(id());
}

void Node::run_turn() {
  queued_ = false;
  if (paused_ || !running()) return;
  run_ready();
  if (!root_returned_) return;
  // As in a real process, what is left is cancelled and runs to its end.
  cancel_all();
  if (fiber_count() > 0) return;
  kernel_.record(id(), TraceKind::node_stop, incarnation_);
  end(State::stopped);
  internet_.process_ended(id(), false);
  disk_.process_ended();
}

void Node::on_ready() {
  if (paused_ || queued_) return;
  if (slowness_ == 1) {
    queued_ = true;
    ready_.push(this);
  } else if (!turn_due_) {
    turn_due_ = true;
    kernel_.at(after(kernel_.now, kernel_.options.turn_time * (slowness_ - 1)), EventKind::turn, id().value());
  }
}

void Node::on_turn() {
  turn_due_ = false;
  if (paused_ || queued_ || !has_ready()) return;
  queued_ = true;
  ready_.push(this);
}

void Node::pause() {
  paused_ = true;
  kernel_.record(id(), TraceKind::pause);
}

void Node::resume() {
  paused_ = false;
  kernel_.record(id(), TraceKind::resume);
  arm();
  if (has_ready()) on_ready();
}

void Node::set_slowness(std::uint32_t factor) {
  ENSURE(factor > 0);
  slowness_ = factor;
  disk_.set_slowness(factor);
}

void Node::on_earlier_timer(Time at) {
  const Time due = clock_.world_time_of(at);
  if (due >= armed_) return;
  armed_ = due;
  kernel_.at(due, EventKind::timers, id().value(), ++timer_generation_);
}

void Node::arm() {
  armed_ = no_deadline;
  ++timer_generation_;  // whatever is in the queue does not count any more
  if (next_timer() != no_deadline) on_earlier_timer(next_timer());
}

void Node::on_timers(std::uint32_t generation) {
  if (generation != timer_generation_) return;
  armed_ = no_deadline;
  if (paused_) return;  // resume() arms again
  kernel_.record(id(), TraceKind::timers);
  fire_timers(clock_.now());
  arm();
}

}  // namespace faultline::sim
