// What a cluster says of itself, for `faultline cluster`: who serves, who leads what, who leads the quorum.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "runtime/network.h"

namespace faultline::cli {

struct BrokerShare {
  std::int32_t leads = 0;     // partitions
  std::int32_t replicas = 0;  // that it holds
  bool is_fenced = false;
};

struct ClusterView {
  std::map<std::int32_t, BrokerShare> brokers;
  std::optional<std::int32_t> quorum_leader;
  std::int32_t leaderless = 0;  // partitions
  std::string trouble;          // why nothing is known; empty if something is

  bool serves(std::int32_t broker) const {
    const auto found = brokers.find(broker);
    return found != brokers.end() && !found->second.is_fenced;
  }
};

/// Asks whoever of `addresses` answers first, for so long.
ClusterView look_at_cluster(const std::vector<Endpoint>& addresses, std::int64_t timeout_ms);

/// "127.0.0.1:9092,127.0.0.1:9093"
std::string bootstrap_of(const std::vector<Endpoint>& addresses);

}  // namespace faultline::cli
