#include "scenarios/draw.h"

#include <algorithm>
#include <catch2/catch.hpp>

#include "scenarios/scenario_file.h"

using namespace faultline;
using namespace faultline::scenarios;

namespace {

Scenario stormy() {
  constexpr std::string_view text = R"(duration = "60s"
swarm = ["knobs"]
[[topic]]
name = "t"
[[producer]]
name = "writer"
count = 3
[[consumer]]
name = "reader"
[chaos.power_loss]
every = "5s"
[chaos.reset]
every = "3s"
peer = "clients"
[chaos.slow_disk]
every = "10s"
[[fault]]
at = ["1s", "9s"]
kind = "clock_step"
[[fault]]
at = "20s"
kind = "kill"
[knobs]
"log.segment.bytes" = [4096, 65536]
"log.flush.interval.messages" = { one_of = [1, 10] }
)";
  ReadScenario read = read_scenario(text, "stormy");
  for (const Problem& problem : read.problems) UNSCOPED_INFO(to_string(problem, "stormy"));
  REQUIRE(read.problems.empty());
  return read.scenario;
}

const FaultSpec* find(const Scenario& scenario, std::string_view id) {
  const auto found = std::find_if(scenario.faults.begin(), scenario.faults.end(), [&](const FaultSpec& f) { return f.id == id; });
  return found == scenario.faults.end() ? nullptr : &*found;
}

}  // namespace

TEST_CASE("draw: the faults of a run are explicit, in order of time, within the trial, and complete") {
  const Scenario drawn = draw(stormy(), 7).scenario;
  REQUIRE(drawn.faults.size() > 20);
  REQUIRE(drawn.chaos == Chaos{});
  REQUIRE(drawn.knobs.empty());
  for (std::size_t i = 0; i < drawn.faults.size(); ++i) {
    const FaultSpec& fault = drawn.faults[i];
    REQUIRE(fault.at.low == fault.at.high);
    REQUIRE(fault.at.low < 60s);
    if (i > 0) REQUIRE(drawn.faults[i - 1].at.low <= fault.at.low);
    REQUIRE_FALSE(fault.node.empty());
    REQUIRE(fault.restart_after.has_value() == info_of(fault.kind).restart_after.has_value());
    REQUIRE(fault.lasts.has_value() == info_of(fault.kind).lasts.has_value());
  }
}

TEST_CASE("draw: a drawn scenario is a scenario file, and drawn again it is itself") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario drawn = draw(stormy(), seed).scenario;
    const ReadScenario read = read_scenario(write_scenario(drawn), "stormy");
    for (const Problem& problem : read.problems) UNSCOPED_INFO(to_string(problem, "stormy"));
    REQUIRE(read.problems.empty());
    REQUIRE(read.scenario == drawn);
    REQUIRE(draw(drawn, seed).scenario == drawn);
  }
}

TEST_CASE("draw: seeds differ") { REQUIRE_FALSE(draw(stormy(), 1).scenario == draw(stormy(), 2).scenario); }

TEST_CASE("draw: taking a family away moves no fault of another") {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario whole = draw(stormy(), seed).scenario;
    Scenario less = stormy();
    less.chaos.families.erase("power_loss");
    const Scenario without = draw(less, seed).scenario;
    for (const FaultSpec& fault : without.faults) {
      const FaultSpec* same = find(whole, fault.id);
      REQUIRE(same != nullptr);
      REQUIRE(*same == fault);
    }
    REQUIRE(without.faults.size() < whole.faults.size());
  }
}

TEST_CASE("draw: taking an explicit fault away moves nothing, not even of the other of its kind") {
  Scenario whole = stormy();
  whole.faults.push_back(whole.faults.back());
  whole.faults.back().at = {21s, 25s};
  Scenario less = whole;
  less.faults.erase(less.faults.begin());
  const Scenario a = draw(whole, 3).scenario;
  const Scenario b = draw(less, 3).scenario;
  REQUIRE(b.faults.size() + 1 == a.faults.size());
  for (const FaultSpec& fault : b.faults) {
    REQUIRE(find(a, fault.id) != nullptr);
    REQUIRE(*find(a, fault.id) == fault);
  }
}

TEST_CASE("draw: taking a client away moves only the faults that hit it") {
  std::size_t of_the_client = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario whole = draw(stormy(), seed).scenario;
    Scenario less = stormy();
    less.producers[0].count = 2;
    const Scenario without = draw(less, seed).scenario;
    REQUIRE(whole.faults.size() == without.faults.size());
    for (std::size_t i = 0; i < whole.faults.size(); ++i) {
      if (whole.faults[i].peer == "writer-2") {
        ++of_the_client;
      } else {
        REQUIRE(whole.faults[i] == without.faults[i]);
      }
    }
  }
  REQUIRE(of_the_client > 20);
}

TEST_CASE("draw: the swarm switches each family, knob and client on its own, and says so") {
  Scenario scenario = stormy();
  scenario.swarm = {SwarmGroup::chaos, SwarmGroup::knobs, SwarmGroup::clients};
  std::size_t with_power_loss = 0;
  std::size_t with_both = 0;
  std::size_t with_reader = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const DrawnScenario drawn = draw(scenario, seed);
    const bool power_loss = find(drawn.scenario, "power_loss-0") != nullptr;
    const bool reset = find(drawn.scenario, "reset-0") != nullptr;
    const auto& mask = drawn.mask;
    REQUIRE(power_loss == (std::find(mask.begin(), mask.end(), "chaos.power_loss off") == mask.end()));
    REQUIRE(drawn.scenario.producers.size() == 1);
    with_power_loss += power_loss ? 1 : 0;
    with_both += power_loss && reset ? 1 : 0;
    with_reader += drawn.scenario.consumers.size();
  }
  REQUIRE(with_power_loss > 70);
  REQUIRE(with_power_loss < 130);
  REQUIRE(with_both > 25);
  REQUIRE(with_both < 75);
  REQUIRE(with_reader > 70);
  REQUIRE(with_reader < 130);
}

TEST_CASE("draw: a knob's value is in the broker's configuration of the run") {
  Scenario scenario = stormy();
  scenario.swarm.clear();
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Scenario drawn = draw(scenario, seed).scenario;
    const std::int64_t bytes = std::stoll(drawn.cluster.config.at("log.segment.bytes").text);
    REQUIRE(bytes >= 4096);
    REQUIRE(bytes <= 65536);
    const std::string flush = drawn.cluster.config.at("log.flush.interval.messages").text;
    REQUIRE((flush == "1" || flush == "10"));
  }
}
