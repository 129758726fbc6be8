#include "scenarios/scenario.h"

namespace faultline::scenarios {

std::vector<std::string> broker_names(const Scenario& scenario) {
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < scenario.cluster.brokers; ++i) names.push_back("broker-" + std::to_string(i));
  return names;
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
