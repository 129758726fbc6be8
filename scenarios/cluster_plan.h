// The processes of a scenario's cluster: who they are, how each is configured, and what its disk is formatted with.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "broker/node/broker_config.h"
#include "broker/node/format.h"
#include "scenarios/scenario.h"

namespace faultline::scenarios {

inline constexpr std::uint16_t broker_port = 9092;
inline constexpr std::uint16_t controller_port = 9093;

struct Server {
  std::string name;
  BrokerConfig config;
  /// Before its first start, as an operator does; none: a cluster of one does it by itself.
  std::optional<StorageFormat> format;
};

/// Whether the server of this name is a broker, and no controller apart.
bool is_broker(const std::string& name);

/// The node id of a server.
std::int32_t server_id(const std::string& name);

/// Whether there is more than one process.
bool is_cluster(const Scenario& scenario);

/// In the order of server_names(). Requires: `scenario` was drawn. Errors: invalid_argument, of the configuration.
Result<std::vector<Server>> plan_cluster(const Scenario& scenario, std::uint64_t seed);

}  // namespace faultline::scenarios
