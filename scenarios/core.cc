#include "scenarios/core.h"

#include <algorithm>
#include <array>
#include <span>

#include "broker/replication/partition_state.h"
#include "scenarios/cluster_plan.h"

namespace faultline::scenarios {
namespace {

// Enough to find a core that most is promised to in a small cluster; in a large one most cores are alike.
constexpr std::size_t candidates = 8;

std::size_t majority_of(std::size_t count) { return count / 2 + 1; }

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// A majority of the voters, then brokers that are no voters until they are a majority of the brokers; there are enough of them.
Core any_core(const Scenario& scenario, RandomStream random) {
  std::vector<std::string> voters = voter_names(scenario);
  std::vector<std::string> brokers = broker_names(scenario);
  random.shuffle(std::span(voters));
  random.shuffle(std::span(brokers));
  Core core;
  core.servers.assign(voters.begin(), voters.begin() + static_cast<std::ptrdiff_t>(majority_of(voters.size())));
  const std::size_t wanted = majority_of(brokers.size());
  for (const std::string& broker : brokers) {
    if (core.brokers() < wanted && !core.has(broker) && !contains(voters, broker)) core.servers.push_back(broker);
  }
  for (const std::string& server : server_names(scenario)) {
    if (!core.has(server)) core.rest.push_back(server);
  }
  return core;
}

bool owes_progress(const TrialState& state, const Core& core, const std::string& topic, const metadata::PartitionRecord& record) {
  const auto in_core = [&](std::int32_t id) { return core.has_broker(id); };
  const auto any_in_core = [&](const std::vector<std::int32_t>& ids) { return std::any_of(ids.begin(), ids.end(), in_core); };
  const bool unclean = state.allows_unclean_election(topic);
  if (!any_in_core(record.isr) && !any_in_core(record.elr) && !(unclean && any_in_core(record.replicas))) return false;
  const auto there = static_cast<std::size_t>(std::count_if(record.replicas.begin(), record.replicas.end(), in_core));
  return there >= replication::effective_min_isr(state.min_insync_replicas(topic), record.replicas.size());
}

}  // namespace

bool Core::has(const std::string& server) const { return contains(servers, server); }

bool Core::has_broker(std::int32_t id) const {
  return std::any_of(servers.begin(), servers.end(), [&](const std::string& server) { return server_id(server) == id; });
}

std::size_t Core::brokers() const { return static_cast<std::size_t>(std::count_if(servers.begin(), servers.end(), is_broker)); }

Core draw_core(const TrialState& state, const metadata::ClusterImage* image) {
  const RandomSource source = RandomSource(state.seed).child("core");
  Core best = any_core(state.scenario, source.stream("0"));
  if (image == nullptr) return best;
  std::size_t most = demanded(state, best, *image).size();
  for (std::size_t i = 1; i < candidates; ++i) {
    Core other = any_core(state.scenario, source.stream(std::to_string(i)));
    const std::size_t promised = demanded(state, other, *image).size();
    if (promised <= most) continue;
    most = promised;
    best = std::move(other);
  }
  return best;
}

Freeze draw_freeze(std::uint64_t seed, const std::string& server) {
  constexpr std::array ways{Freeze::killed, Freeze::unplugged, Freeze::paused, Freeze::cut_off};
  RandomStream random = RandomSource(seed).child("freeze").stream(server);
  return random.pick(std::span<const Freeze>(ways));
}

std::vector<client::TopicPartition> demanded(const TrialState& state, const Core& core, const metadata::ClusterImage& image) {
  std::vector<client::TopicPartition> partitions;
  for (const client::TopicPartition& partition : state.partitions_of({})) {
    const metadata::TopicImage* topic = image.topic(partition.topic);
    if (topic == nullptr) continue;
    const metadata::PartitionRecord& record = topic->partitions.at(static_cast<std::size_t>(partition.partition));
    if (owes_progress(state, core, partition.topic, record)) partitions.push_back(partition);
  }
  return partitions;
}

std::string not_settled(const Core& core, const metadata::ClusterImage& image) {
  for (const auto& [id, broker] : image.brokers()) {
    const std::string name = "broker " + std::to_string(id);
    if (core.has_broker(id) && !broker.active()) return name + " of the core is still fenced";
    if (!core.has_broker(id) && !broker.fenced) return name + ", which is frozen, is not fenced yet";
  }
  return {};
}

}  // namespace faultline::scenarios
