#include "scenarios/scenario_file.h"

#include <catch2/catch.hpp>

#include "scenarios/fault_kind.h"

using namespace faultline;
using namespace faultline::scenarios;

namespace {

constexpr std::string_view small = R"(duration = "10s"

[[topic]]
name = "orders"
partitions = 3
config = { "segment.bytes" = 4096, "flush.messages" = "1" }

[[producer]]
name = "writer"
count = 2
every = "20ms"
codecs = ["none", "lz4"]

[[consumer]]
name = "reader"
topics = ["orders"]

[chaos]
from = "1s"

[chaos.power_loss]
every = "2s"
restart_after = ["100ms", "1s"]

[[fault]]
at = "3s"
kind = "slow_disk"
for = "500ms"

[knobs]
"log.segment.bytes" = [4096, 65536]
"log.flush.interval.messages" = { one_of = [1, 10] }

[checks.require]
min_acknowledged = 10
)";

// The only problem of `small` with `text` after it, as a person sees it.
std::string problem_of(std::string_view text) {
  const ReadScenario read = read_scenario(text, "trial");
  REQUIRE(read.problems.size() == 1);
  return to_string(read.problems.front(), "trial.toml");
}

std::string with(std::string_view more) { return std::string(small) + std::string(more); }

}  // namespace

TEST_CASE("scenario file: exhibits are named, and a wrong name is answered with the nearest") {
  const ReadScenario read = read_scenario("exhibit = [\"fsync-trap\", \"kafka-7415\"]\n" + std::string(small), "trial");
  REQUIRE(read.problems.empty());
  REQUIRE(read.scenario.exhibits == std::vector<Exhibit>{Exhibit::fsync_trap, Exhibit::kafka_7415});
  REQUIRE(read_scenario(write_scenario(read.scenario), "trial").scenario == read.scenario);
  const ReadScenario wrong = read_scenario("exhibit = [\"fsync-tarp\"]\n" + std::string(small), "trial");
  REQUIRE(wrong.problems.size() == 1);
  REQUIRE(to_string(wrong.problems.front(), "trial.toml") ==
          "trial.toml:1:12: exhibit[0]: unknown value 'fsync-tarp'; did you mean 'fsync-trap'?");
}

TEST_CASE("scenario file: values land in the members that carry their names") {
  const ReadScenario read = read_scenario(small, "trial");
  for (const Problem& problem : read.problems) UNSCOPED_INFO(to_string(problem, "trial.toml"));
  REQUIRE(read.problems.empty());
  const Scenario& scenario = read.scenario;
  REQUIRE(scenario.name == "trial");
  REQUIRE(scenario.duration == 10s);
  REQUIRE(scenario.topics.size() == 1);
  REQUIRE(scenario.topics[0].partitions == 3);
  REQUIRE(scenario.topics[0].config.at("segment.bytes").text == "4096");
  REQUIRE(scenario.producers[0].every == Range<Duration>{20ms, 20ms});
  REQUIRE(scenario.producers[0].codecs == std::vector{Codec::none, Codec::lz4});
  REQUIRE(scenario.chaos.families.at("power_loss").restart_after == Range<Duration>{100ms, 1s});
  REQUIRE(scenario.faults[0].kind == FaultKind::slow_disk);
  REQUIRE(scenario.knobs.at("log.flush.interval.messages").one_of.size() == 2);
  REQUIRE(scenario.checks.require.min_acknowledged == 10);
  REQUIRE(client_names(scenario) == std::vector<std::string>{"writer-0", "writer-1", "reader-0"});
}

TEST_CASE("scenario file: what is written reads back the same") {
  const Scenario scenario = read_scenario(small, "trial").scenario;
  const std::string text = write_scenario(scenario);
  const ReadScenario again = read_scenario(text, "other");
  INFO(text);
  REQUIRE(again.problems.empty());
  REQUIRE(again.scenario == scenario);
}

TEST_CASE("scenario file: a problem is told with file, line, column and what was expected") {
  REQUIRE(problem_of("duration = \"10\"") ==
          "trial.toml:1:12: duration: expected a duration such as \"250ms\" or \"1m30s\", got \"10\"");
  REQUIRE(problem_of("duration = 3.5") ==
          "trial.toml:1:12: duration: expected a duration such as \"250ms\" or \"1m30s\", got a floating-point number");
  REQUIRE(problem_of("[chaos]\nintensity = 0.5") ==
          "trial.toml:2:13: chaos.intensity: expected a share such as \"1/200\" or \"0.5%\", got a floating-point number");
  REQUIRE(problem_of("[[topic]]\npartitions = 2") == "trial.toml:1:1: topic[0].name: missing");
  REQUIRE(problem_of("[[topic]]\nname = \"t\"\npartitions = 0") ==
          "trial.toml:3:14: topic[0].partitions: expected from 1 to 1000, got 0");
  REQUIRE(problem_of("[network]\nlatency = [\"2ms\", \"1ms\"]") ==
          "trial.toml:2:11: network.latency: expected [lowest, highest], got the higher one first");
}

TEST_CASE("scenario file: a syntax error has a place too") {
  const std::string text = problem_of("duration = \"10s\"\nduration = ");
  REQUIRE(text.substr(0, 13) == "trial.toml:2:");
}

TEST_CASE("scenario file: an unknown key is refused, with the nearest known one") {
  REQUIRE(problem_of("durration = \"10s\"") == "trial.toml:1:13: unknown key 'durration'; did you mean 'duration'?");
  REQUIRE(problem_of(with("[liveness]\nbund = \"1s\"")).find("unknown key 'bund'; did you mean 'bound'?") != std::string::npos);
  REQUIRE(problem_of("[chaos.powerloss]\nevery = \"1s\"").find("did you mean 'power_loss'?") != std::string::npos);
  REQUIRE(problem_of("[[fault]]\nat = \"1s\"\nkind = \"bit_rott\"").find("did you mean 'bit_rot'?") != std::string::npos);
}

TEST_CASE("scenario file: all problems are told, in the order of the file") {
  const ReadScenario read = read_scenario("duration = 1\nx = 2\n[[topic]]\nname = 3\n", "trial");
  REQUIRE(read.problems.size() == 3);
  REQUIRE(read.problems[0].at.line == 1);
  REQUIRE(read.problems[1].at.line == 2);
  REQUIRE(read.problems[2].at.line == 4);
}

TEST_CASE("scenario file: names that nobody has are refused where they stand") {
  REQUIRE(problem_of(with("[[fault]]\nat = \"1s\"\nkind = \"kill\"\nnode = \"broker-1\"\n"))
              .find("unknown node 'broker-1'; did you mean 'broker-0'?") != std::string::npos);
  REQUIRE(problem_of("[[topic]]\nname = \"orders\"\n[[producer]]\nname = \"w\"\ntopics = [\"order\"]") ==
          "trial.toml:5:11: producer[0].topics[0]: unknown topic 'order'; did you mean 'orders'?");
  REQUIRE(problem_of("[[producer]]\nname = \"w\"").find("there is no [[topic]] for it") != std::string::npos);
}

TEST_CASE("scenario file: a parameter that a fault does not take is refused") {
  REQUIRE(problem_of("[[fault]]\nat = \"1s\"\nkind = \"power_loss\"\nfor = \"1s\"") ==
          "trial.toml:4:7: fault[0].for: 'power_loss' does not take it; it takes 'node', 'restart_after'");
}

TEST_CASE("scenario file: configuration keys are the broker's and the topic's, and are refused where they stand") {
  REQUIRE(problem_of("[cluster.config]\n\"log.retention.mss\" = 1").find("trial.toml:2:23: cluster.config") == 0);
  REQUIRE(problem_of("[cluster.config]\n\"log.retention.mss\" = 1").find("did you mean 'log.retention.ms'?") !=
          std::string::npos);
  REQUIRE(problem_of("[[topic]]\nname = \"t\"\n[topic.config]\n\"segment.bytes\" = \"many\"")
              .find("segment.bytes: expected an integer") != std::string::npos);
  REQUIRE(problem_of("[knobs]\n\"log.roll.ms\" = [-5, 5]").find("knobs") != std::string::npos);
}

TEST_CASE("scenario file: a client has no disk to fail") {
  REQUIRE(problem_of(with("[[fault]]\nat = \"1s\"\nkind = \"disk_full\"\nnode = \"writer-0\"\n")).find("strikes brokers only") !=
          std::string::npos);
}

TEST_CASE("scenario file: --set changes, adds and reaches into arrays") {
  const std::vector<std::string> settings{"duration=5s", "chaos.power_loss.every=\"1s\"", "producer[0].count=7",
                                          "cluster.config.\"log.retention.ms\"=1000"};
  const ReadScenario read = read_scenario(small, "trial", settings);
  REQUIRE(read.problems.empty());
  REQUIRE(read.scenario.duration == 5s);
  REQUIRE(read.scenario.chaos.families.at("power_loss").every == 1s);
  REQUIRE(read.scenario.producers[0].count == 7);
  REQUIRE(read.scenario.cluster.config.at("log.retention.ms").text == "1000");
}

TEST_CASE("scenario file: a --set that makes no sense is told whole") {
  for (const char* bad : {"duration", "=1", "producer[9].count=1", "duration.x=1", "a..b=1", "producer[x].count=1"}) {
    const std::vector<std::string> settings{bad};
    const ReadScenario read = read_scenario(small, "trial", settings);
    INFO(bad);
    REQUIRE(read.problems.size() >= 1);
    REQUIRE(read.problems.front().message.find(bad) != std::string::npos);
  }
  const std::vector<std::string> unknown{"durration=1s"};
  REQUIRE(read_scenario(small, "trial", unknown).problems.front().message == "unknown key 'durration'; did you mean 'duration'?");
}

TEST_CASE("fault kinds: the table is in the order of the enumeration and its names are unique") {
  std::vector<std::string_view> names;
  for (const FaultInfo& info : fault_infos()) {
    REQUIRE(&info_of(info.kind) == &info);
    REQUIRE(std::find(names.begin(), names.end(), info.name) == names.end());
    names.push_back(info.name);
  }
}

TEST_CASE("scenario file: targets are looked up in the scenario's topics, and sets of nodes are known") {
  REQUIRE(problem_of(with("[[fault]]\nat = \"1s\"\nkind = \"kill\"\nnode = \"leader of order-0\"\n"))
              .find("did you mean 'orders-0'?") != std::string::npos);
  for (const char* node : {"leader of orders-2", "follower of orders-0", "active controller", "next controller", "all servers",
                           "all brokers", "all voters", "majority of voters", "controllers", "brokers"}) {
    INFO(node);
    const ReadScenario read =
        read_scenario(with("[[fault]]\nat = \"1s\"\nkind = \"kill\"\nnode = \"" + std::string(node) + "\"\n"), "trial");
    REQUIRE(read.problems.empty());
  }
  for (const char* peer : {"servers", "all brokers", "all voters"}) {
    INFO(peer);
    const std::string text = "[[fault]]\nat = \"1s\"\nkind = \"partition\"\npeer = \"" + std::string(peer) + "\"\n";
    REQUIRE(read_scenario(with(text), "trial").problems.empty());
  }
}

TEST_CASE("scenario file: only a fault that waits for somebody has a delay") {
  const std::string fault = "[[fault]]\nat = \"1s\"\nkind = \"kill\"\ndelay = \"5ms\"\n";
  REQUIRE(read_scenario(with(fault + "node = \"next controller\"\n"), "trial").problems.empty());
  REQUIRE(problem_of(with(fault + "node = \"active controller\"\n")).find(".delay: 'kill' does not take it") !=
          std::string::npos);
}

TEST_CASE("scenario file: a cluster has as many voters and replicas as it has processes for them") {
  REQUIRE(problem_of(with("[cluster]\nbrokers = 2\nvoters = 3\n")).find("cluster.voters: there are more of them than brokers") !=
          std::string::npos);
  REQUIRE(problem_of(with("[[topic]]\nname = \"wide\"\nreplication = 2\n")).find("replication: there are not so many brokers") !=
          std::string::npos);
  const ReadScenario read =
      read_scenario(with("[cluster]\nbrokers = [2, 5]\nvoters = 3\ncontrollers_apart = true\nracks = 2\n"), "trial");
  REQUIRE(read.problems.empty());
  REQUIRE(server_names(read.scenario).size() == 8);
  REQUIRE(voter_names(read.scenario) == std::vector<std::string>{"controller-0", "controller-1", "controller-2"});
  REQUIRE(replication_of(read.scenario, read.scenario.topics.front()) == 3);
}
