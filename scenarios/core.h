// The core of a cluster: those servers that have to manage without the others after the faults.
//
// A cluster in which everybody is well again proves little about liveness: a broker that waits for another one that it does not need gets its
// answer. So one can ask for more: at the end of the faults a majority of voters and of brokers is drawn, the rest is frozen where it stands,
// and what the promise grants to that core is demanded of it. After TigerBeetle's VOPR (src/vopr.zig, its liveness mode).
//
// What is promised to a partition: a replica of which nobody doubts that it has everything (ISR, ELR) leads again, and it takes writes if as
// many replicas are there as min.insync.replicas asks for. Where all of the former are frozen, waiting is right, and nothing is demanded.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "broker/client/record.h"
#include "broker/metadata/image.h"
#include "scenarios/trial_state.h"

namespace faultline::scenarios {

struct Core {
  std::vector<std::string> servers;
  std::vector<std::string> rest;  // frozen, in the order of server_names()

  bool has(const std::string& server) const;
  /// Whether the broker of this node id is in it.
  bool has_broker(std::int32_t id) const;
  std::size_t brokers() const;
};

/// What it means to be frozen; drawn for each server, from a stream of its own.
enum class Freeze : std::uint8_t {
  killed,     // the machine stands, and refuses connections
  unplugged,  // power loss, and no packet comes from there
  paused,     // connections stay, and nobody answers
  cut_off,    // it goes on, alone
};

/// No broker more than a majority, and no voter: of some such cores that one to which `image` promises most; any, if nothing is known.
/// Requires: the scenario of `state` was drawn, and its voters do not change.
Core draw_core(const TrialState& state, const metadata::ClusterImage* image);
Freeze draw_freeze(std::uint64_t seed, const std::string& server);

/// Those partitions of the scenario that owe progress to the core, by what the metadata say.
std::vector<client::TopicPartition> demanded(const TrialState& state, const Core& core, const metadata::ClusterImage& image);

/// What still keeps the metadata from being those of the core: who of it is fenced, who of the rest is not. Empty if nothing does. From then on
/// only the core changes them, and who may lead what is settled.
std::string not_settled(const Core& core, const metadata::ClusterImage& image);

}  // namespace faultline::scenarios
