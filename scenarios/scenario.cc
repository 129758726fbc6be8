#include "scenarios/scenario.h"

#include <algorithm>

namespace faultline::scenarios {
namespace {

// What a cluster has of anything unless it is told otherwise.
constexpr std::int64_t usual = 3;

std::vector<std::string> numbered(const std::string& name, std::int64_t count) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < count; ++i) names.push_back(name + "-" + std::to_string(i));
  return names;
}

std::int64_t voter_count(const Cluster& cluster) {
  if (cluster.voters.high == 0) {
    const std::int64_t most = cluster.controllers_apart ? usual : std::min(cluster.brokers.high, usual);
    return most % 2 == 0 ? most - 1 : most;
  }
  return cluster.controllers_apart ? cluster.voters.high : std::min(cluster.voters.high, cluster.brokers.high);
}

}  // namespace

std::vector<std::string> broker_names(const Scenario& scenario) { return numbered("broker", scenario.cluster.brokers.high); }

std::vector<std::string> server_names(const Scenario& scenario) {
  std::vector<std::string> names = broker_names(scenario);
  if (!scenario.cluster.controllers_apart) return names;
  const std::vector<std::string> controllers = voter_names(scenario);
  names.insert(names.end(), controllers.begin(), controllers.end());
  return names;
}

std::vector<std::string> voter_names(const Scenario& scenario) {
  return numbered(scenario.cluster.controllers_apart ? "controller" : "broker", voter_count(scenario.cluster));
}

std::int64_t replication_of(const Scenario& scenario, const Topic& topic) {
  return std::min(topic.replication == 0 ? usual : topic.replication, scenario.cluster.brokers.high);
}

std::vector<std::string> client_names(const Scenario& scenario) {
  std::vector<std::string> names;
  const auto add = [&](const auto& clients) {
    for (const auto& client : clients) {
      for (std::int64_t i = 0; i < client.count; ++i) names.push_back(client.name + "-" + std::to_string(i));
    }
  };
  add(scenario.producers);
  add(scenario.consumers);
  add(scenario.admins);
  return names;
}

}  // namespace faultline::scenarios
