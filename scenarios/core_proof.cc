#include "scenarios/core_proof.h"

#include <fmt/format.h>

#include <algorithm>

namespace faultline::scenarios {
namespace {

// As many as a topic usually has; a smaller core has no place for more than it has brokers.
constexpr std::size_t proof_replicas = 3;

}  // namespace

std::vector<RunningServer> running_servers(const Hosts& hosts) {
  std::vector<RunningServer> servers;
  for (const auto& host : hosts) {
    if (Broker* broker = host->broker()) servers.push_back({host->name(), host->starts(), broker});
  }
  return servers;
}

CoreProof::CoreProof(TrialState& state, const Hosts& hosts, std::uint32_t number) : state_(state), hosts_(hosts) {
  reader_ =
      state_.add_stopped("core-reader", [this, number](Env& env) { run_final_reads(env, state_, number, demanded_, reads_); });
  admin_ = state_.add_stopped("core-admin", [this](Env& env) {
    const std::size_t replicas = std::min(core_.brokers(), proof_replicas);
    run_metadata_changes(env, state_, static_cast<std::int16_t>(replicas), metadata_changed_);
  });
}

void CoreProof::draw() { core_ = draw_core(state_, newest_image(running_servers(hosts_))); }

bool CoreProof::run() {
  for (const auto& host : hosts_) {
    if (!core_.has(host->name())) freeze(*host);
  }
  failure_ = missing_at(after(state_.now(), state_.scenario.liveness.bound));
  return failure_.empty();
}

/// What is still missing at the deadline; empty if nothing was before.
std::string CoreProof::missing_at(Time deadline) {
  std::string missing;
  const auto nothing_missing = [&](std::string what) {
    missing = std::move(what);
    return missing.empty();
  };
  if (!state_.wait_until([&] { return nothing_missing(not_settled()); }, deadline)) return missing;
  demanded_ = demanded(state_, core_, *newest_image(core_servers()));
  state_.world.restart(admin_, Duration{});
  state_.world.restart(reader_, Duration{});
  if (!state_.wait_until([this] { return metadata_changed_; }, deadline)) return "no topic could be created and deleted";
  if (!state_.wait_until([this] { return reads_.done; }, deadline)) {
    return fmt::format("of {} partitions that owed progress {} had taken a write and {} were read; the last error was: {}",
                       demanded_.size(), reads_.written, reads_.read, reads_.last_error);
  }
  const auto in_core = [this](std::int32_t broker) { return core_.has_broker(broker); };
  state_.wait_until([&] { return nothing_missing(not_converged(demanded_, core_servers(), in_core)); }, deadline);
  return missing;
}

std::string CoreProof::not_settled() const {
  for (const auto& host : hosts_) {
    if (core_.has(host->name()) && !host->serves()) return host->name() + " did not start";
  }
  const metadata::ClusterImage* image = newest_image(core_servers());
  return image == nullptr ? "nobody knows the cluster's metadata" : scenarios::not_settled(core_, *image);
}

std::vector<RunningServer> CoreProof::core_servers() const {
  std::vector<RunningServer> servers = running_servers(hosts_);
  std::erase_if(servers, [this](const RunningServer& server) { return !core_.has(server.name); });
  return servers;
}

// What is down already stays down.
void CoreProof::freeze(BrokerHost& host) {
  sim::World& world = state_.world;
  const sim::NodeId node = host.node();
  const Freeze way = world.is_running(node) ? draw_freeze(state_.seed, host.name()) : Freeze::killed;
  if (way == Freeze::paused) return world.pause(node);
  if (way == Freeze::cut_off || way == Freeze::unplugged) cuts_.push_back(world.partition({node}, all_but(node)));
  if (way == Freeze::cut_off) return;
  host.hold();
  if (way == Freeze::unplugged) world.crash(node);
  if (way == Freeze::killed) world.kill(node);
}

std::vector<sim::NodeId> CoreProof::all_but(sim::NodeId one) const {
  std::vector<sim::NodeId> others;
  for (std::size_t i = 0; i < state_.world.node_count(); ++i) {
    const sim::NodeId node(static_cast<sim::NodeId::rep>(i));
    if (node != one) others.push_back(node);
  }
  return others;
}

void CoreProof::thaw() {
  for (const sim::PartitionId cut : cuts_) state_.world.heal(cut);
  for (const auto& host : hosts_) {
    if (core_.has(host->name())) continue;
    host->release();
    state_.world.resume(host->node());
  }
}

CoreReport CoreProof::report() const {
  return {.frozen = core_.rest.size(), .partitions = state_.partitions_of({}).size(), .demanded = demanded_.size()};
}

}  // namespace faultline::scenarios
