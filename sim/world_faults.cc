// Faults that are ordered through World: each leaves a line in the fault log.
#include <algorithm>
#include <utility>

#include "sim/world_state.h"

namespace faultline::sim {

void World::crash(NodeId node) {
  if (Fiber::current() != nullptr) return schedule(now(), [this, node] { crash(node); });
  if (state_->node(node).state() == Node::State::crashed) return;
  state_->close_fault(FaultKind::kill, node);
  state_->close_fault(FaultKind::pause, node);
  state_->open_fault(FaultKind::crash, node);
  state_->node(node).crash();
}

void World::crash(NodeId node, Choices& choices) {
  ENSURE(Fiber::current() == nullptr);
  state_->open_fault(FaultKind::crash, node);
  state_->node(node).crash(choices);
}

void World::kill(NodeId node) {
  if (Fiber::current() != nullptr) return schedule(now(), [this, node] { kill(node); });
  if (!is_running(node)) return;
  state_->close_fault(FaultKind::pause, node);
  state_->open_fault(FaultKind::kill, node);
  state_->node(node).kill();
}

void World::restart(NodeId node, Duration delay) {
  schedule(after(now(), delay), [this, node] {
    Node& machine = state_->node(node);
    if (machine.running()) return;
    if (machine.state() == Node::State::crashed) state_->internet.power_back(node);
    state_->close_fault(FaultKind::crash, node);
    state_->close_fault(FaultKind::kill, node);
    machine.start();
  });
}

void World::pause(NodeId node) {
  state_->open_fault(FaultKind::pause, node);
  state_->node(node).pause();
}

void World::resume(NodeId node) {
  state_->close_fault(FaultKind::pause, node);
  state_->node(node).resume();
}

void World::slow(NodeId node, std::uint32_t factor) {
  state_->close_fault(FaultKind::slow, node);
  if (factor > 1) state_->open_fault(FaultKind::slow, node, std::to_string(factor) + " times");
  state_->node(node).set_slowness(factor);
}

void World::wipe(NodeId node) {
  ENSURE(!is_running(node));
  state_->kernel.fault(FaultKind::wipe, node, no_node, now());
  state_->node(node).disk().wipe();
}

void World::rename_hosts(NodeId node, std::vector<std::string> hosts) {
  state_->kernel.fault(FaultKind::rename_host, node, no_node, now(), hosts.empty() ? std::string() : hosts.front());
  state_->node(node).host().disturbed = true;
  state_->internet.set_names(node, std::move(hosts));
}

PartitionId World::partition(const std::vector<NodeId>& first, const std::vector<NodeId>& second, Direction direction) {
  State::Partition partition;
  for (const NodeId from : first) {
    for (const NodeId to : second) {
      if (from == to) continue;
      partition.blocked.emplace_back(from, to);
      if (direction == Direction::both) partition.blocked.emplace_back(to, from);
    }
  }
  const auto names = [&](const std::vector<NodeId>& side) {
    std::string text;
    for (const NodeId node : side) text += (text.empty() ? "" : ", ") + name_of(node);
    return text;
  };
  const std::string detail = names(first) + (direction == Direction::both ? " <> " : " > ") + names(second);
  const bool single = first.size() == 1 && second.size() == 1;
  partition.fault =
      state_->kernel.fault(FaultKind::partition, single ? first[0] : no_node, single ? second[0] : no_node, no_deadline, detail);
  partition.active = true;
  for (const auto& [from, to] : partition.blocked) state_->internet.block(from, to);
  state_->partitions.push_back(std::move(partition));
  return PartitionId(state_->partitions.size() - 1);
}

void World::heal(PartitionId id) {
  State::Partition& partition = state_->partitions[id.value()];
  if (!partition.active) return;
  partition.active = false;
  state_->kernel.faults.finish(partition.fault, now());
  for (const auto& [from, to] : partition.blocked) state_->internet.unblock(from, to);
}

void World::heal_all() {
  for (std::size_t i = 0; i < state_->partitions.size(); ++i) heal(PartitionId(i));
  while (!state_->clogs.empty()) unclog(state_->clogs.back().from, state_->clogs.back().to);
}

void World::clog(NodeId from, NodeId to) {
  const std::size_t fault = state_->kernel.fault(FaultKind::clog, from, to, no_deadline);
  state_->clogs.push_back({from, to, fault});
  state_->internet.block(from, to);
}

void World::unclog(NodeId from, NodeId to) {
  const auto clog = std::find_if(state_->clogs.begin(), state_->clogs.end(),
                                 [&](const State::Clog& c) { return c.from == from && c.to == to; });
  if (clog == state_->clogs.end()) return;
  state_->kernel.faults.finish(clog->fault, now());
  state_->clogs.erase(clog);
  state_->internet.unblock(from, to);
}

void World::swizzle(const std::vector<NodeId>& nodes, Duration over) {
  RandomStream random = state_->kernel.random.stream("swizzle at " + std::to_string(now().time_since_epoch().count()));
  const auto each_link = [this](NodeId node, auto&& act) {
    for (std::uint32_t other = 0; other < node_count(); ++other) {
      if (NodeId(other) == node) continue;
      act(node, NodeId(other));
      act(NodeId(other), node);
    }
  };
  for (const NodeId node : nodes) {
    const Duration clogged = random.between(Duration{}, over);
    const Duration released = random.between(over, over * 2);
    schedule(after(now(), clogged),
             [this, node, each_link] { each_link(node, [this](NodeId from, NodeId to) { clog(from, to); }); });
    schedule(after(now(), released),
             [this, node, each_link] { each_link(node, [this](NodeId from, NodeId to) { unclog(from, to); }); });
  }
}

void World::reset_connections(NodeId a, NodeId b) {
  state_->kernel.fault(FaultKind::reset, a, b, now());
  state_->internet.reset_connections(a, b);
}

void World::forget_connections(NodeId a, NodeId b) { state_->internet.forget_connections(a, b); }

void World::fail_next_sync(NodeId node, std::string path) { state_->node(node).disk().fail_next_sync(std::move(path)); }
void World::fail_next_sync_dir(NodeId node, std::string path) { state_->node(node).disk().fail_next_sync_dir(std::move(path)); }
void World::fail_next_write(NodeId node, std::string path) { state_->node(node).disk().fail_next_write(std::move(path)); }
bool World::rot(NodeId node, std::string_view path) { return state_->node(node).disk().rot(path); }

void World::stall_disk(NodeId node, Duration duration) {
  state_->kernel.fault(FaultKind::disk_stall, node, no_node, after(now(), duration));
  state_->node(node).disk().stall_until(after(now(), duration));
}

void World::set_read_only(NodeId node, bool read_only) {
  if (read_only) state_->kernel.fault(FaultKind::metadata_error, node, no_node, no_deadline, "read-only");
  state_->node(node).disk().set_read_only(read_only);
}

void World::step_wall_clock(NodeId node, Duration step) {
  state_->kernel.fault(FaultKind::wall_step, node, no_node, now(), std::to_string(step.count()) + " ns");
  state_->node(node).clock().step_wall(step);
}

void World::set_clock_drift(NodeId node, std::int32_t ppm) {
  state_->close_fault(FaultKind::drift, node);
  if (ppm != 0) state_->open_fault(FaultKind::drift, node, std::to_string(ppm) + " ppm");
  state_->node(node).clock().set_drift(ppm);
  state_->node(node).clock_changed();
}

void World::freeze_clock(NodeId node) {
  state_->open_fault(FaultKind::freeze, node);
  state_->node(node).clock().freeze();
  state_->node(node).clock_changed();
}

void World::unfreeze_clock(NodeId node) {
  state_->close_fault(FaultKind::freeze, node);
  state_->node(node).clock().unfreeze();
  state_->node(node).clock_changed();
}

}  // namespace faultline::sim
