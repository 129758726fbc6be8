#include "scenarios/core.h"

#include <catch2/catch.hpp>
#include <set>

#include "scenarios/cluster_plan.h"
#include "scenarios/draw.h"
#include "scenarios/scenario_file.h"
#include "scenarios/trial.h"

using namespace faultline;
using namespace faultline::scenarios;

namespace {

Scenario scenario_of(const std::string& text) {
  ReadScenario read = read_scenario(text, "core");
  for (const Problem& problem : read.problems) UNSCOPED_INFO(to_string(problem, "core"));
  REQUIRE(read.problems.empty());
  return read.scenario;
}

// Three brokers that are voters, of which 2 and 3 are well.
constexpr std::string_view three = R"(duration = "1s"
[cluster]
brokers = 3
[cluster.config]
"min.insync.replicas" = 2
[[topic]]
name = "t"
replication = 3
)";
const Core last_two{.servers = {"broker-1", "broker-2"}, .rest = {"broker-0"}};

struct Partitioned {
  std::vector<std::int32_t> replicas{1, 2, 3};
  std::vector<std::int32_t> isr;
  std::vector<std::int32_t> elr;
};

metadata::ClusterImage image_of(const Partitioned& partition, bool first_is_fenced = true) {
  metadata::ClusterImage image;
  for (const std::int32_t id : {1, 2, 3}) {
    metadata::BrokerRecord broker;
    broker.broker_id = id;
    broker.broker_epoch = id;
    broker.fenced = id == 1 && first_is_fenced;
    REQUIRE(image.apply(broker).has_value());
  }
  const protocol::Uuid topic = protocol::Uuid::of(1, 1);
  REQUIRE(image.apply(metadata::TopicRecord{.topic_id = topic, .name = "t"}).has_value());
  metadata::PartitionRecord record;
  record.topic_id = topic;
  record.replicas = partition.replicas;
  record.isr = partition.isr;
  record.elr = partition.elr;
  REQUIRE(image.apply(record).has_value());
  return image;
}

std::size_t demanded_of(const Partitioned& partition, const std::string& more = {}) {
  const Scenario scenario = scenario_of(std::string(three) + more);
  sim::World world({});
  const TrialState state(scenario, 1, world);
  return demanded(state, last_two, image_of(partition)).size();
}

}  // namespace

TEST_CASE("core: a majority of the voters and of the brokers, no more, and every server is in it or frozen") {
  for (const char* cluster : {"brokers = 1", "brokers = 4", "brokers = 5\nvoters = 4", "brokers = 9\nvoters = 5",
                              "brokers = 9\nvoters = 1", "brokers = 4\nvoters = 3\ncontrollers_apart = true"}) {
    const Scenario scenario = scenario_of("[cluster]\n" + std::string(cluster) + "\n");
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      INFO(cluster << ", seed " << seed);
      sim::World world({});
      const Core core = draw_core(TrialState(scenario, seed, world), nullptr);
      REQUIRE(core.servers.size() + core.rest.size() == server_names(scenario).size());
      for (const std::string& server : core.rest) REQUIRE_FALSE(core.has(server));
      REQUIRE(core.brokers() == broker_names(scenario).size() / 2 + 1);
      std::size_t voters = 0;
      for (const std::string& voter : voter_names(scenario)) voters += core.has(voter) ? 1U : 0U;
      REQUIRE(voters == voter_names(scenario).size() / 2 + 1);
    }
  }
}

TEST_CASE("core: seeds differ in whom they freeze and how, and one seed always does the same") {
  const Scenario scenario = scenario_of("[cluster]\nbrokers = 3\n");
  std::set<std::vector<std::string>> frozen;
  std::set<Freeze> ways;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    sim::World world({});
    const TrialState state(scenario, seed, world);
    const Core core = draw_core(state, nullptr);
    REQUIRE(draw_core(state, nullptr).rest == core.rest);
    frozen.insert(core.rest);
    ways.insert(draw_freeze(seed, core.rest.front()));
  }
  REQUIRE(frozen.size() == 3);
  REQUIRE(ways.size() == 4);
}

TEST_CASE("core: a partition owes progress if somebody in it has everything for certain, and enough replicas are there") {
  REQUIRE(demanded_of({.isr = {1, 2}, .elr = {}}) == 1);
  REQUIRE(demanded_of({.isr = {1}, .elr = {3}}) == 1);
  REQUIRE(demanded_of({.isr = {1}, .elr = {}}) == 0);
  REQUIRE(demanded_of({.isr = {}, .elr = {1}}) == 0);
  REQUIRE(demanded_of({.replicas = {1, 2}, .isr = {1, 2}, .elr = {}}) == 0);  // one replica is there, two have to acknowledge
  REQUIRE(demanded_of({.replicas = {1, 2}, .isr = {1, 2}, .elr = {}}, "config = { \"min.insync.replicas\" = 1 }\n") == 1);
  REQUIRE(demanded_of({.isr = {1}, .elr = {}}, "config = { \"unclean.leader.election.enable\" = true }\n") == 1);
}

TEST_CASE("core: that one is drawn to which most is promised") {
  const Scenario scenario = scenario_of(std::string(three));
  const metadata::ClusterImage image = image_of({.isr = {3}, .elr = {}}, false);
  std::size_t promised = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::World world({});
    promised += draw_core(TrialState(scenario, seed, world), &image).has("broker-2") ? 1U : 0U;
  }
  REQUIRE(promised == 20);
}

TEST_CASE("core: its metadata are settled when the frozen are fenced and nobody else is") {
  REQUIRE(not_settled(last_two, image_of({.isr = {2, 3}, .elr = {}})).empty());
  REQUIRE(not_settled(last_two, image_of({.isr = {2, 3}, .elr = {}}, false)).find("frozen") != std::string::npos);
  const Core first_two{.servers = {"broker-0", "broker-1"}, .rest = {"broker-2"}};
  REQUIRE(not_settled(first_two, image_of({.isr = {2, 3}, .elr = {}})).find("broker 1") != std::string::npos);
}

TEST_CASE("core: a cluster proves its liveness without the frozen, and then with them") {
  const Scenario scenario =
      scenario_of(std::string(three) + "[[producer]]\nname = \"writer\"\n[liveness]\ncore = \"majority\"\nmin_demanded = 1\n");
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    const RunResult result = run_trial(scenario, seed);
    INFO((result.findings.empty() ? "" : result.findings.front().text));
    REQUIRE(result.outcome == RunResult::Outcome::valid);
    REQUIRE(result.core.has_value());
    REQUIRE(result.core->frozen == 1);
    REQUIRE(result.core->demanded == 1);
    REQUIRE(result.log.vacuity.never_read_to_end.empty());
  }
}

TEST_CASE("core: what the core owes and does not do is no progress, and owing too little is no pass") {
  // Two of three replicas are there, and all three have to acknowledge.
  const std::string owes_nothing =
      std::string(three) + "config = { \"min.insync.replicas\" = 3 }\n[[producer]]\nname = \"writer\"\n";
  const RunResult vacuous = run_trial(scenario_of(owes_nothing + "[liveness]\ncore = \"majority\"\nmin_demanded = 1\n"), 1);
  REQUIRE(vacuous.findings.size() == 1);
  REQUIRE(vacuous.findings.front().anomaly == finding::vacuous);
  // Nobody can be fenced in so short a time.
  const std::string hasty =
      std::string(three) + "[[producer]]\nname = \"writer\"\n[liveness]\ncore = \"majority\"\nbound = \"900ms\"\n";
  const RunResult stuck = run_trial(scenario_of(hasty), 1);
  REQUIRE(stuck.outcome == RunResult::Outcome::liveness);
  REQUIRE(stuck.findings.front().text.find("a majority had healed") != std::string::npos);
}

TEST_CASE("core: a drawn scenario says which of the two it is, and where a majority cannot be told none is drawn") {
  const Scenario either = scenario_of("[cluster]\nbrokers = 3\n[liveness]\ncore = \"either\"\n");
  std::set<CoreKind> kinds;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) kinds.insert(draw(either, seed).scenario.liveness.core);
  REQUIRE(kinds == std::set{CoreKind::all, CoreKind::majority});
  for (const char* text :
       {"[liveness]\ncore = \"majority\"\n[chaos.wipe]\n",
        "[liveness]\ncore = \"either\"\n[[fault]]\nat = \"1s\"\nkind = \"bit_rot\"\n",
        "[liveness]\ncore = \"majority\"\n[[topic]]\nname = \"t\"\n[[admin]]\nname = \"a\"\nactions = [\"change_voters\"]\n",
        "[liveness]\nmin_demanded = 1\n", "[liveness]\ncore = \"majority\"\nwrite_stall = \"1s\"\n"}) {
    const ReadScenario read = read_scenario(text, "core");
    REQUIRE(read.problems.size() == 1);
    REQUIRE(read.problems.front().path.starts_with("liveness."));
  }
}
