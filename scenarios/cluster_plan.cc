#include "scenarios/cluster_plan.h"

#include <algorithm>
#include <array>

namespace faultline::scenarios {
namespace {

// Node ids of brokers count from 1, those of controllers that are processes of their own from here.
constexpr std::int32_t first_controller_id = 1001;

// A trial lasts seconds: what Kafka gives a cluster half a minute for must happen in one. A scenario's own values come on top.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> quick{{
    {"broker.heartbeat.interval.ms", "200"},
    {"broker.session.timeout.ms", "1500"},
    {"controller.quorum.fetch.timeout.ms", "500"},
    {"replica.lag.time.max.ms", "1500"},
    {"replica.fetch.wait.max.ms", "100"},
    {"controlled.shutdown.max.wait.ms", "2000"},
    {"leader.imbalance.check.interval.seconds", "3"},
}};

protocol::Uuid draw_id(const RandomSource& source, std::string_view name) {
  RandomStream random = source.stream(name);
  const std::uint64_t high = random.next();
  const std::uint64_t low = random.next();
  return protocol::Uuid::of(high, low);
}

class Plan {
 public:
  Plan(const Scenario& scenario, std::uint64_t seed)
      : scenario_(scenario), ids_(RandomSource(seed).child("cluster ids")), voters_(voter_names(scenario)) {}

  Result<std::vector<Server>> run() const {
    std::vector<Server> servers;
    for (const std::string& name : server_names(scenario_)) servers.push_back(TRY(server(name)));
    return servers;
  }

 private:
  bool is_voter(const std::string& name) const { return std::find(voters_.begin(), voters_.end(), name) != voters_.end(); }

  static std::string quorum_address(const std::string& name) { return name + ":" + std::to_string(controller_port); }

  Result<Server> server(const std::string& name) const {
    Server server{.name = name, .config = {}, .format = {}};
    BrokerConfig& config = server.config;
    config.node_id = server_id(name);
    config.listeners = "0.0.0.0:" + std::to_string(broker_port);
    config.advertised_listeners = name + ":" + std::to_string(broker_port);
    if (scenario_.cluster.racks > 0 && is_broker(name)) {
      config.rack = "rack-" + std::to_string((config.node_id - 1) % scenario_.cluster.racks);
    }
    if (is_cluster(scenario_)) {
      for (const auto& [key, value] : quick) TRY(set_broker_config(config, key, value));
      join(server);
    }
    for (const auto& [key, value] : scenario_.cluster.config) TRY(set_broker_config(config, key, value.text));
    for (const Exhibit exhibit : scenario_.exhibits) config.exhibits.insert(exhibit);
    TRY(config.validate());
    return server;
  }

  void join(Server& server) const {
    BrokerConfig& config = server.config;
    config.process_roles = !is_broker(server.name) ? "controller" : is_voter(server.name) ? "broker,controller" : "broker";
    config.cluster_id = to_string(draw_id(ids_, "cluster"));
    if (is_voter(server.name)) config.controller_listeners = "0.0.0.0:" + std::to_string(controller_port);
    StorageFormat& format = server.format.emplace();
    format.node_id = config.node_id;
    format.cluster_id = config.cluster_id;
    format.directory_id = draw_id(ids_, server.name);
    std::vector<raft::Voter> voters;
    for (const std::string& voter : voters_) {
      std::string& all = config.controller_quorum_bootstrap_servers;
      all += (all.empty() ? "" : ",") + std::to_string(server_id(voter)) + "@" + quorum_address(voter);
      voters.push_back({.key = replica_key(server_id(voter), draw_id(ids_, voter)), .endpoint = quorum_address(voter)});
    }
    if (is_voter(server.name)) format.voters = raft::VoterSet(std::move(voters));
  }

  const Scenario& scenario_;
  const RandomSource ids_;
  const std::vector<std::string> voters_;
};

}  // namespace

bool is_broker(const std::string& name) { return name.starts_with("broker-"); }

std::int32_t server_id(const std::string& name) {
  const std::int32_t number = std::stoi(name.substr(name.rfind('-') + 1));
  return is_broker(name) ? number + 1 : first_controller_id + number;
}

bool is_cluster(const Scenario& scenario) { return scenario.cluster.brokers.high > 1 || scenario.cluster.controllers_apart; }

Result<std::vector<Server>> plan_cluster(const Scenario& scenario, std::uint64_t seed) { return Plan(scenario, seed).run(); }

}  // namespace faultline::scenarios
