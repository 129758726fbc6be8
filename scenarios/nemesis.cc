#include "scenarios/nemesis.h"

#include <algorithm>

namespace faultline::scenarios {
namespace {

// How often a fault that waits for somebody looks for them.
constexpr Duration wait_interval = 200us;

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

Nemesis::Nemesis(sim::World& world, const Scenario& scenario, std::uint64_t seed, std::map<std::string, sim::NodeId> nodes)
    : world_(world),
      scenario_(scenario),
      seed_(seed),
      nodes_(std::move(nodes)),
      servers_(server_names(scenario)),
      brokers_(broker_names(scenario)),
      voters_(voter_names(scenario)),
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
  const std::vector<std::string> names = targets_of(fault);
  if (!waits_for_target(fault)) return strike(index, names);
  if (names.empty()) {
    world_.schedule(after(world_.now(), wait_interval), [this, index] { begin(index); });
  } else {
    world_.schedule(after(world_.now(), fault.delay->low), [this, index, names] { strike(index, names); });
  }
}

void Nemesis::strike(std::size_t index, const std::vector<std::string>& names) {
  if (healed_) return;
  const FaultSpec& fault = scenario_.faults[index];
  Active& active = active_[index];
  for (const std::string& name : names) {
    if (strike(fault, name, active)) active.nodes.push_back(name);
  }
  if (active.nodes.empty()) return;
  ++begun_[fault.kind];
  if (is_unlisted(fault.kind)) {
    const Duration lasts = fault.lasts ? fault.lasts->low : Duration{};
    for (const std::string& name : active.nodes) {
      unlisted_.push_back({fault.kind, name, world_.now(), after(world_.now(), lasts)});
    }
  }
  if (!fault.lasts) return;
  in_force_.push_back(index);
  apply_states(fault.kind);
  world_.schedule(after(world_.now(), fault.lasts->low), [this, index] { end(index); });
}

std::vector<std::string> Nemesis::targets_of(const FaultSpec& fault) const {
  const std::optional<Target> target = parse_target(fault.node);
  if (!target) return {fault.node};
  return find_target_ ? find_target_(*target) : std::vector<std::string>{};
}

void Nemesis::end(std::size_t index) {
  if (std::erase(in_force_, index) == 0) return;
  const FaultSpec& fault = scenario_.faults[index];
  for (const sim::PartitionId partition : active_[index].partitions) world_.heal(partition);
  active_[index].partitions.clear();
  if (fault.kind == FaultKind::clog) {
    for (const std::string& name : active_[index].nodes) {
      for (const sim::NodeId peer : peers_of(fault, name)) {
        world_.unclog(id_of(name), peer);
        world_.unclog(peer, id_of(name));
      }
    }
  }
  apply_states(fault.kind);
}

// What happens at the moment a fault begins. Returns: false if there is nothing that it could happen to.
bool Nemesis::strike(const FaultSpec& fault, const std::string& name, Active& active) {
  const sim::NodeId node = id_of(name);
  const bool running = world_.is_running(node);
  switch (fault.kind) {
    case FaultKind::power_loss:
    case FaultKind::kill:
      if (running) end_process(fault, name);
      return running;
    case FaultKind::stop:
    case FaultKind::wipe:
    case FaultKind::rename_host:
      if (running) strike_broker(fault, name);
      return running;
    case FaultKind::disk_full: active.full_at[name] = world_.disk_used_bytes(node); return true;
    case FaultKind::disk_stall: world_.stall_disk(node, fault.lasts->low); return true;
    case FaultKind::bit_rot: {
      bool any = false;
      for (std::int64_t i = 0; i < fault.count->low; ++i) any = world_.rot(node, fault.path) || any;
      return any;
    }
    case FaultKind::clock_step: world_.step_wall_clock(node, fault.by->low); return true;
    default: return strike_links(fault, name, active);
  }
}

bool Nemesis::strike_links(const FaultSpec& fault, const std::string& name, Active& active) {
  const sim::NodeId node = id_of(name);
  switch (fault.kind) {
    case FaultKind::partition: active.partitions.push_back(world_.partition({node}, peers_of(fault, name))); return true;
    case FaultKind::one_way_partition:
      active.partitions.push_back(world_.partition({node}, peers_of(fault, name), sim::Direction::one_way));
      return true;
    case FaultKind::split:
    case FaultKind::bridge: split(fault, name, active); return true;
    case FaultKind::clog:
      for (const sim::NodeId peer : peers_of(fault, name)) {
        world_.clog(node, peer);
        world_.clog(peer, node);
      }
      return true;
    case FaultKind::swizzle: {
      std::vector<sim::NodeId> all;
      for (const auto& [other, id] : nodes_) all.push_back(id);
      world_.swizzle(all, fault.lasts->low);
      return true;
    }
    case FaultKind::reset:
      for (const sim::NodeId peer : peers_of(fault, name)) world_.reset_connections(node, peer);
      return world_.is_running(node);
    case FaultKind::half_open:
      for (const sim::NodeId peer : peers_of(fault, name)) world_.forget_connections(node, peer);
      return world_.is_running(node);
    default: return true;
  }
}

// Each node draws its side by itself, so that a node that is taken away moves no other.
void Nemesis::split(const FaultSpec& fault, const std::string& name, Active& active) {
  const RandomSource sides = RandomSource(seed_).child("fault").child(fault.id).child("side");
  std::vector<sim::NodeId> left;
  std::vector<sim::NodeId> right;
  for (const auto& [other, id] : nodes_) {
    const bool is_left = sides.stream(other).chance({1, 2});
    if (fault.kind == FaultKind::bridge && other == name) continue;
    (is_left ? left : right).push_back(id);
  }
  if (!left.empty() && !right.empty()) active.partitions.push_back(world_.partition(left, right));
}

void Nemesis::strike_broker(const FaultSpec& fault, const std::string& name) {
  const Duration restart_after = fault.restart_after->low;
  if (fault.kind == FaultKind::stop) return broker_acts_.stop(name, restart_after);
  end_process(fault, name);
  if (fault.kind == FaultKind::wipe) {
    world_.wipe(id_of(name));
    broker_acts_.wiped(name, restart_after);
  } else {
    broker_acts_.move(name);
  }
}

void Nemesis::end_process(const FaultSpec& fault, const std::string& name) {
  const sim::NodeId node = id_of(name);
  if (before_end_) before_end_();
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
    if (!struck(active, name)) return;
    const auto full_at = active.full_at.find(name);
    add_to_disk(disk, fault, full_at == active.full_at.end() ? 0 : full_at->second);
  });
  // A failed change of names leaves the disk read-only: that ends with the fault, as a file system is mounted again.
  if (names_fail(world_.disk(node)) && !names_fail(disk) && !any_in_force(FaultKind::read_only, name)) {
    world_.set_read_only(node, false);
  }
  world_.disk(node) = disk;
}

void Nemesis::apply_process(sim::NodeId node, const std::string& name) {
  Applied wanted;
  for_each_in_force([&](const FaultSpec& fault, const Active& active) {
    if (!struck(active, name)) return;
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
      for_each_in_force([&](const FaultSpec& fault, const Active& active) {
        if (concerns(fault, active, from, to)) add_to_link(link, fault);
      });
      world_.link(from_id, to_id) = link;
    }
  }
}

bool Nemesis::struck(const Active& active, const std::string& node) {
  return std::find(active.nodes.begin(), active.nodes.end(), node) != active.nodes.end();
}

bool Nemesis::any_in_force(FaultKind kind, const std::string& node) const {
  bool any = false;
  for_each_in_force(
      [&](const FaultSpec& fault, const Active& active) { any = any || (fault.kind == kind && struck(active, node)); });
  return any;
}

bool Nemesis::is_peer(const FaultSpec& fault, const std::string& node) const {
  const auto among = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), node) != names.end();
  };
  if (fault.peer == "servers") return among(servers_);
  if (fault.peer == "all brokers") return among(brokers_);
  if (fault.peer == "all voters") return among(voters_);
  return fault.peer.empty() || fault.peer == node;
}

bool Nemesis::concerns(const FaultSpec& fault, const Active& active, const std::string& from, const std::string& to) const {
  if (!is_network(fault.kind)) return false;
  return (struck(active, from) && is_peer(fault, to)) || (struck(active, to) && is_peer(fault, from));
}

std::vector<sim::NodeId> Nemesis::peers_of(const FaultSpec& fault, const std::string& name) const {
  std::vector<sim::NodeId> peers;
  for (const auto& [other, id] : nodes_) {
    if (other != name && is_peer(fault, other)) peers.push_back(id);
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
