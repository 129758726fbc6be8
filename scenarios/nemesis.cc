#include "scenarios/nemesis.h"

#include <algorithm>

namespace faultline::scenarios {
namespace {

bool is_network(FaultKind kind) { return kind >= FaultKind::packet_loss && kind <= FaultKind::slow_network; }

bool is_unlisted(FaultKind kind) {
  return kind == FaultKind::slow_disk || kind == FaultKind::slow_network || kind == FaultKind::stop;
}

void lengthen(sim::Delay& delay, Duration by) {
  delay.min += by;
  if (delay.max != Duration::max()) delay.max += by;
}

void add_to_disk(sim::DiskOptions& disk, const FaultSpec& fault, std::uint64_t full_at) {
  const Ratio share = fault.share.value_or(Ratio{1, 1});
  switch (fault.kind) {
    case FaultKind::sync_error: disk.sync_error = disk.sync_dir_error = share; return;
    case FaultKind::write_error: disk.write_error = share; return;
    case FaultKind::read_error: disk.read_error = share; return;
    case FaultKind::metadata_error: disk.metadata_error = share; return;
    case FaultKind::latent_sector_error: disk.latent_error = share; return;
    case FaultKind::misdirected_write: disk.misdirected_write = share; return;
    case FaultKind::lost_write: disk.lost_write = share; return;
    case FaultKind::lying_flush: disk.lying_sync = share; return;
    case FaultKind::disk_full: disk.capacity_bytes = std::max<std::uint64_t>(full_at, 1); return;
    case FaultKind::slow_disk:
      lengthen(disk.read_time, fault.latency->low);
      lengthen(disk.write_time, fault.latency->low);
      lengthen(disk.sync_time, fault.latency->low);
      lengthen(disk.metadata_time, fault.latency->low);
      return;
    default: return;
  }
}

void add_to_link(sim::LinkOptions& link, const FaultSpec& fault) {
  const Ratio share = fault.share.value_or(Ratio{1, 1});
  switch (fault.kind) {
    case FaultKind::packet_loss: link.stall = share; return;
    case FaultKind::short_reads: link.short_read = link.short_write = share; return;
    case FaultKind::slow_reader: link.small_window = share; return;
    case FaultKind::refuse: link.refuse = share; return;
    case FaultKind::slow_network: lengthen(link.latency, fault.latency->low); return;
    default: return;
  }
}

}  // namespace

Nemesis::Nemesis(sim::World& world, const Scenario& scenario, std::map<std::string, sim::NodeId> nodes)
    : world_(world),
      scenario_(scenario),
      nodes_(std::move(nodes)),
      calm_disk_(world.options().disk),
      calm_link_(world.options().link),
      active_(scenario.faults.size()) {}

void Nemesis::schedule(Time start) {
  for (std::size_t i = 0; i < scenario_.faults.size(); ++i) {
    world_.schedule(start + scenario_.faults[i].at.low, [this, i] { begin(i); });
  }
}

void Nemesis::begin(std::size_t index) {
  if (healed_) return;
  const FaultSpec& fault = scenario_.faults[index];
  if (!strike(fault, index)) return;
  ++begun_[fault.kind];
  if (is_unlisted(fault.kind)) {
    const Duration lasts = fault.lasts ? fault.lasts->low : Duration{};
    unlisted_.push_back({fault.kind, fault.node, world_.now(), after(world_.now(), lasts)});
  }
  if (!fault.lasts) return;
  in_force_.push_back(index);
  apply_states(fault.kind);
  world_.schedule(after(world_.now(), fault.lasts->low), [this, index] { end(index); });
}

void Nemesis::end(std::size_t index) {
  if (std::erase(in_force_, index) == 0) return;
  for (const sim::PartitionId partition : active_[index].partitions) world_.heal(partition);
  active_[index].partitions.clear();
  if (scenario_.faults[index].kind == FaultKind::clog) {
    const sim::NodeId node = id_of(scenario_.faults[index].node);
    for (const sim::NodeId peer : peers_of(scenario_.faults[index])) {
      world_.unclog(node, peer);
      world_.unclog(peer, node);
    }
  }
  apply_states(scenario_.faults[index].kind);
}

// What happens at the moment a fault begins. Returns: false if there is nothing that it could happen to.
bool Nemesis::strike(const FaultSpec& fault, std::size_t index) {
  const sim::NodeId node = id_of(fault.node);
  const bool running = world_.is_running(node);
  switch (fault.kind) {
    case FaultKind::power_loss:
    case FaultKind::kill:
      if (running) end_process(fault);
      return running;
    case FaultKind::stop:
    case FaultKind::wipe:
    case FaultKind::rename_host:
      if (running) strike_broker(fault);
      return running;
    case FaultKind::partition: active_[index].partitions.push_back(world_.partition({node}, peers_of(fault))); return true;
    case FaultKind::one_way_partition:
      active_[index].partitions.push_back(world_.partition({node}, peers_of(fault), sim::Direction::one_way));
      return true;
    case FaultKind::clog:
      for (const sim::NodeId peer : peers_of(fault)) {
        world_.clog(node, peer);
        world_.clog(peer, node);
      }
      return true;
    case FaultKind::swizzle: {
      std::vector<sim::NodeId> all;
      for (const auto& [name, id] : nodes_) all.push_back(id);
      world_.swizzle(all, fault.lasts->low);
      return true;
    }
    case FaultKind::reset:
      for (const sim::NodeId peer : peers_of(fault)) world_.reset_connections(node, peer);
      return running;
    case FaultKind::half_open:
      for (const sim::NodeId peer : peers_of(fault)) world_.forget_connections(node, peer);
      return running;
    case FaultKind::disk_full: active_[index].full_at = world_.disk_used_bytes(node); return true;
    case FaultKind::disk_stall: world_.stall_disk(node, fault.lasts->low); return true;
    case FaultKind::bit_rot: {
      bool any = false;
      for (std::int64_t i = 0; i < fault.count->low; ++i) any = world_.rot(node, fault.path) || any;
      return any;
    }
    case FaultKind::clock_step: world_.step_wall_clock(node, fault.by->low); return true;
    default: return true;
  }
}

void Nemesis::strike_broker(const FaultSpec& fault) {
  const Duration restart_after = fault.restart_after->low;
  if (fault.kind == FaultKind::stop) return broker_acts_.stop(fault.node, restart_after);
  end_process(fault);
  if (fault.kind == FaultKind::wipe) {
    world_.wipe(id_of(fault.node));
    broker_acts_.wiped(fault.node, restart_after);
  } else {
    broker_acts_.move(fault.node);
  }
}

void Nemesis::end_process(const FaultSpec& fault) {
  const sim::NodeId node = id_of(fault.node);
  if (fault.kind == FaultKind::power_loss || fault.kind == FaultKind::wipe) {
    world_.crash(node);
  } else {
    world_.kill(node);
  }
  world_.restart(node, fault.restart_after->low);
}

void Nemesis::apply_states(FaultKind kind) {
  if (is_network(kind)) return apply_links();
  for (const auto& [name, id] : nodes_) {
    apply_disk(id, name);
    apply_process(id, name);
  }
}

void Nemesis::apply_disk(sim::NodeId node, const std::string& name) {
  sim::DiskOptions disk = calm_disk_;
  const auto names_fail = [](const sim::DiskOptions& options) {
    return options.metadata_error.numerator != 0 || options.sync_dir_error.numerator != 0;
  };
  for_each_in_force([&](const FaultSpec& fault, const Active& active) {
    if (fault.node != name) return;
    add_to_disk(disk, fault, active.full_at);
  });
  // A failed change of names leaves the disk read-only: that ends with the fault, as a file system is mounted again.
  if (names_fail(world_.disk(node)) && !names_fail(disk) && !any_in_force(FaultKind::read_only, name)) {
    world_.set_read_only(node, false);
  }
  world_.disk(node) = disk;
}

void Nemesis::apply_process(sim::NodeId node, const std::string& name) {
  Applied wanted;
  for_each_in_force([&](const FaultSpec& fault, const Active&) {
    if (fault.node != name) return;
    if (fault.kind == FaultKind::slow_node) wanted.factor = std::max(wanted.factor, fault.factor->low);
    if (fault.kind == FaultKind::clock_drift) wanted.ppm = fault.ppm->low;
  });
  wanted.paused = any_in_force(FaultKind::pause, name);
  wanted.frozen = any_in_force(FaultKind::clock_freeze, name);
  wanted.read_only = any_in_force(FaultKind::read_only, name);
  Applied& is = applied_[name];
  if (wanted.paused != is.paused) wanted.paused ? world_.pause(node) : world_.resume(node);
  if (wanted.frozen != is.frozen) wanted.frozen ? world_.freeze_clock(node) : world_.unfreeze_clock(node);
  if (wanted.read_only != is.read_only) world_.set_read_only(node, wanted.read_only);
  if (wanted.factor != is.factor) world_.slow(node, static_cast<std::uint32_t>(wanted.factor));
  if (wanted.ppm != is.ppm) world_.set_clock_drift(node, static_cast<std::int32_t>(wanted.ppm));
  is = wanted;
}

void Nemesis::apply_links() {
  for (const auto& [from, from_id] : nodes_) {
    for (const auto& [to, to_id] : nodes_) {
      if (from == to) continue;
      sim::LinkOptions link = calm_link_;
      for_each_in_force([&](const FaultSpec& fault, const Active&) {
        if (concerns(fault, from, to)) add_to_link(link, fault);
      });
      world_.link(from_id, to_id) = link;
    }
  }
}

bool Nemesis::any_in_force(FaultKind kind, const std::string& node) const {
  bool any = false;
  for_each_in_force([&](const FaultSpec& fault, const Active&) { any = any || (fault.kind == kind && fault.node == node); });
  return any;
}

bool Nemesis::concerns(const FaultSpec& fault, const std::string& from, const std::string& to) const {
  if (!is_network(fault.kind)) return false;
  const auto is_peer = [&](const std::string& other) { return fault.peer.empty() || fault.peer == other; };
  return (fault.node == from && is_peer(to)) || (fault.node == to && is_peer(from));
}

std::vector<sim::NodeId> Nemesis::peers_of(const FaultSpec& fault) const {
  std::vector<sim::NodeId> peers;
  for (const auto& [name, id] : nodes_) {
    if (name != fault.node && (fault.peer.empty() || fault.peer == name)) peers.push_back(id);
  }
  return peers;
}

void Nemesis::heal() {
  healed_ = true;
  while (!in_force_.empty()) end(in_force_.back());
  world_.heal_all();
  for (const auto& [name, id] : nodes_) world_.restart(id, Duration{});
}

}  // namespace faultline::scenarios
