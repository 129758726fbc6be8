#include "scenarios/cluster_plan.h"

#include <catch2/catch.hpp>
#include <set>

#include "scenarios/draw.h"
#include "scenarios/scenario_file.h"

using namespace faultline;
using namespace faultline::scenarios;

namespace {

Scenario drawn(std::string_view text, std::uint64_t seed) {
  const ReadScenario read = read_scenario(text, "trial");
  REQUIRE(read.problems.empty());
  return draw(read.scenario, seed).scenario;
}

}  // namespace

TEST_CASE("cluster plan: one broker is a cluster by itself, and is left to format its own disk") {
  const Scenario scenario = drawn("duration = \"1s\"\n", 1);
  REQUIRE_FALSE(is_cluster(scenario));
  const std::vector<Server> servers = *plan_cluster(scenario, 1);
  REQUIRE(servers.size() == 1);
  REQUIRE(servers[0].config.is_alone());
  REQUIRE_FALSE(servers[0].format.has_value());
}

TEST_CASE("cluster plan: voters are formatted alike, everybody knows where they are, and racks go round") {
  const Scenario scenario = drawn("[cluster]\nbrokers = 4\nracks = 2\n", 1);
  const std::vector<Server> servers = *plan_cluster(scenario, 1);
  REQUIRE(servers.size() == 4);
  std::set<std::string> directories;
  for (const Server& server : servers) {
    REQUIRE(server.config.controller_quorum_bootstrap_servers == "1@broker-0:9093,2@broker-1:9093,3@broker-2:9093");
    REQUIRE(server.config.cluster_id == servers[0].config.cluster_id);
    REQUIRE(server.config.rack == "rack-" + std::to_string((server.config.node_id - 1) % 2));
    directories.insert(to_string(server.format->directory_id));
  }
  REQUIRE(directories.size() == 4);
  for (int i = 0; i < 3; ++i) {
    const Server& voter = servers[static_cast<std::size_t>(i)];
    REQUIRE(voter.config.has_controller_role());
    REQUIRE(voter.format->voters.contains(replica_key(voter.config.node_id, voter.format->directory_id)));
    REQUIRE(voter.format->voters.size() == 3);
  }
  REQUIRE(servers[3].config.process_roles == "broker");
  REQUIRE(servers[3].format->voters.empty());
}

TEST_CASE("cluster plan: controllers can be processes of their own, and a seed gives other ids") {
  const Scenario scenario = drawn("[cluster]\nbrokers = 1\ncontrollers_apart = true\n", 1);
  const std::vector<Server> servers = *plan_cluster(scenario, 1);
  REQUIRE(servers.size() == 4);
  REQUIRE(servers[0].config.process_roles == "broker");
  for (std::size_t i = 1; i < 4; ++i) {
    REQUIRE(servers[i].config.process_roles == "controller");
    REQUIRE(servers[i].config.node_id == server_id(servers[i].name));
  }
  REQUIRE((*plan_cluster(scenario, 2))[0].config.cluster_id != servers[0].config.cluster_id);
}

TEST_CASE("cluster plan: a drawn topology stays within what is asked for, and is drawn once") {
  const ReadScenario read = read_scenario("[cluster]\nbrokers = [1, 9]\nvoters = [1, 5]\n", "trial");
  REQUIRE(read.problems.empty());
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const Scenario scenario = draw(read.scenario, seed).scenario;
    sizes.insert(broker_names(scenario).size());
    REQUIRE(voter_names(scenario).size() <= std::min<std::size_t>(5, broker_names(scenario).size()));
    REQUIRE(draw(scenario, seed).scenario == scenario);
  }
  REQUIRE(sizes == std::set<std::size_t>{1, 2, 3, 4, 5, 6, 7, 8, 9});
}
