#include "scenarios/trial.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <map>
#include <sstream>

#include "checkers/log_invariants.h"
#include "checkers/log_rules/names.h"
#include "scenarios/record_number.h"
#include "scenarios/scenario_file.h"

using namespace faultline;
using namespace faultline::scenarios;

namespace {

Scenario read(std::string_view text, const std::vector<std::string>& settings = {}) {
  ReadScenario read = read_scenario(text, "trial", settings);
  for (const Problem& problem : read.problems) UNSCOPED_INFO(to_string(problem, "trial"));
  REQUIRE(read.problems.empty());
  return read.scenario;
}

Scenario read_file(const std::string& name, const std::vector<std::string>& settings = {}) {
  std::ifstream file(std::string(FAULTLINE_TESTDATA) + "/../../scenarios/" + name + ".toml");
  REQUIRE(file.good());
  std::stringstream text;
  text << file.rdbuf();
  return read(text.str(), settings);
}

constexpr std::string_view calm = R"(duration = "3s"
[[topic]]
name = "t"
partitions = 2
[[producer]]
name = "writer"
count = 2
[[consumer]]
name = "reader"
)";

std::string first_finding(const RunResult& result) { return result.findings.empty() ? "" : result.findings.front().text; }

std::uint64_t count_of(const RunResult& result, std::string_view anomaly) {
  for (const checkers::AnomalyCount& count : result.counts) {
    if (count.anomaly == anomaly) return count.count;
  }
  return 0;
}

// What a client sent, in order: how many records to which partition in each send.
std::vector<std::pair<std::string, std::uint32_t>> sends_of(const RunResult& result, std::uint32_t number) {
  std::vector<std::pair<std::string, std::uint32_t>> sends;
  for (const checkers::LogOperation& operation : result.history.operations) {
    if (operation.kind != checkers::OperationKind::send) continue;
    const auto records = result.history.records_of(operation);
    if (records.front().value < record_number(number, 0) || records.front().value >= record_number(number + 1, 0)) continue;
    sends.emplace_back(result.history.partition_name(records.front().partition), operation.record_count);
  }
  return sends;
}

}  // namespace

TEST_CASE("trial: without faults everything is acknowledged, read, and valid") {
  const RunResult result = run_trial(read(calm), 1);
  INFO(first_finding(result));
  REQUIRE(result.outcome == RunResult::Outcome::valid);
  REQUIRE(result.counts.empty());
  const checkers::Vacuity& tested = result.log.vacuity;
  REQUIRE(tested.acknowledged > 100);
  REQUIRE(tested.acknowledged_read == tested.acknowledged);
  REQUIRE(tested.indefinite == 0);
  REQUIRE(tested.never_read_to_end.empty());
  REQUIRE(result.broker_starts == 2);  // the second is the audit's
  REQUIRE(result.records_looked_up >= tested.acknowledged);
}

TEST_CASE("trial: the history tells of every record who sent it, and with which key") {
  const RunResult result = run_trial(read(calm, {"producer[0].keys=3"}), 1);
  INFO(first_finding(result));
  REQUIRE(result.outcome == RunResult::Outcome::valid);
  std::uint64_t keyed = 0;
  std::uint64_t numbered = 0;
  for (const checkers::LogOperation& operation : result.history.operations) {
    const checkers::RecordRange sent = result.history.sent_range(operation);
    const checkers::RecordRange polled = result.history.polled_range(operation);
    for (std::uint32_t r = sent.begin; r < sent.end; ++r) {
      const std::int64_t key = result.history.attributes_of(r).key;
      keyed += key >= 0 && key < 3 ? 1 : 0;
    }
    for (std::uint32_t r = polled.begin; r < polled.end; ++r) {
      const checkers::RecordAttributes known = result.history.attributes_of(r);
      numbered += known.producer >= 0 && known.epoch >= 0 && known.sequence >= 0 ? 1 : 0;
    }
  }
  REQUIRE(keyed + 2 == result.log.vacuity.acknowledged);  // the final reader's own two have none
  REQUIRE(numbered == result.log.vacuity.records_read);
}

TEST_CASE("trial: a duplicate is a failure of those producers that are idempotent, and of no other") {
  const std::string network = "[chaos.reset]\nevery = \"100ms\"\n";
  std::uint64_t duplicates = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    REQUIRE(count_of(run_trial(read(std::string(calm) + network), seed), checkers::anomaly::duplicate) == 0);
    const RunResult plain = run_trial(read(std::string(calm) + network, {"producer[0].idempotent=false"}), seed);
    REQUIRE(plain.outcome == RunResult::Outcome::valid);
    duplicates += count_of(plain, checkers::anomaly::duplicate);
  }
  REQUIRE(duplicates > 0);
}

TEST_CASE("trial: a producer with several sends in flight does not wait for one before the next, and all of them are judged") {
  const auto acknowledged_with = [](const std::string& in_flight) {
    const RunResult result =
        run_trial(read(std::string(calm) + "[network]\nlatency = [\"20ms\", \"30ms\"]\n",
                       {"producer[0].every=1ms", "producer[0].value_bytes=200", "producer[0].in_flight=" + in_flight}),
                  1);
    REQUIRE(result.outcome == RunResult::Outcome::valid);
    return result.log.vacuity.acknowledged;
  };
  REQUIRE(2 * acknowledged_with("4") > 3 * acknowledged_with("1"));
}

TEST_CASE("trial: the same scenario and seed give the same run, another seed another one") {
  const Scenario scenario = read_file("random", {"duration=5s"});
  const RunResult first = run_trial(scenario, 5);
  const RunResult second = run_trial(scenario, 5);
  REQUIRE(first.hash == second.hash);
  REQUIRE(first.events == second.events);
  REQUIRE(first.history.records == second.history.records);
  REQUIRE(run_trial(scenario, 6).hash != first.hash);
}

TEST_CASE("trial: the explicit scenario of a run is the same run") {
  const Scenario scenario = read_file("random", {"duration=10s"});
  const RunResult drawn = run_trial(scenario, 3);
  REQUIRE(run_trial(drawn.drawn, 3).hash == drawn.hash);
}

TEST_CASE("trial: taking one client away changes nothing in what the others send") {
  const Scenario whole = read(calm);
  Scenario less = whole;
  less.producers[0].count = 1;
  less.consumers.clear();
  const auto with = sends_of(run_trial(whole, 4), 0);
  const auto without = sends_of(run_trial(less, 4), 0);
  const std::size_t common = std::min(with.size(), without.size());
  REQUIRE(common > 50);
  for (std::size_t i = 0; i < common; ++i) REQUIRE(with[i] == without[i]);
}

TEST_CASE("trial: a disk that lies about its syncs costs acknowledged records, and both halves of the checkers say so") {
  const std::string text = std::string(calm) + R"([chaos.lying_flush]
every = "200ms"
for = "3s"
share = "1"
[[fault]]
at = "2s"
kind = "power_loss"
)";
  std::uint64_t seen_from_outside = 0;
  std::uint64_t seen_from_inside = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const RunResult result = run_trial(read(text), seed);
    // Readers keep up here: what is lost was read before, and its offset is given out a second time.
    seen_from_outside +=
        count_of(result, checkers::anomaly::inconsistent_offsets) + count_of(result, checkers::anomaly::lost_write);
    seen_from_inside += count_of(result, checkers::anomaly::acknowledged_not_durable);
  }
  REQUIRE(seen_from_outside > 0);
  REQUIRE(seen_from_inside > 0);
}

TEST_CASE("trial: a wiped sole broker has lost what was acknowledged, and both halves of the checkers say so") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    const RunResult result = run_trial(read(std::string(calm) + "[[fault]]\nat = \"2s\"\nkind = \"wipe\"\n"), seed);
    REQUIRE(result.outcome == RunResult::Outcome::safety);
    REQUIRE(count_of(result, checkers::anomaly::inconsistent_offsets) + count_of(result, checkers::anomaly::lost_write) > 0);
    REQUIRE(count_of(result, checkers::anomaly::acknowledged_not_durable) > 8);
    // All are counted, the first few are spelled out, in words.
    std::map<std::string, int> spelled_out;
    bool in_words = false;
    for (const checkers::Finding& found : result.findings) {
      ++spelled_out[found.anomaly];
      in_words = in_words || found.text.find("value (client 1, record ") != std::string::npos;
    }
    REQUIRE(spelled_out["acknowledged-not-durable"] == 8);
    REQUIRE(in_words);
    // The operator made the topics again, and the work went on.
    REQUIRE(count_of(result, finding::no_progress) == 0);
  }
}

TEST_CASE("trial: clients find a broker again that keeps coming back under another address") {
  const std::string move = "[[fault]]\nkind = \"rename_host\"\nrestart_after = \"100ms\"\nat = ";
  const RunResult result = run_trial(read(std::string(calm) + move + "\"1s\"\n" + move + "\"2s\"\n"), 1);
  INFO(first_finding(result));
  REQUIRE(result.outcome == RunResult::Outcome::valid);
  REQUIRE(result.broker_starts == 4);
  const auto moved =
      std::find_if(result.faults.begin(), result.faults.end(), [](const auto& f) { return f.kind == "rename_host"; });
  REQUIRE(moved != result.faults.end());
  REQUIRE(moved->count == 2);
  REQUIRE(result.log.vacuity.acknowledged > 50);
  REQUIRE(result.log.vacuity.acknowledged_read == result.log.vacuity.acknowledged);
}

TEST_CASE("trial: a broker that ends on a sound disk is a surprise, also when there are faults of disks in the scenario") {
  // The disk takes up to 2 ms, and the broker waits for one.
  const std::string text = std::string(calm) +
                           "[cluster.config]\n\"disk.timeout.ms\" = 1\n[liveness]\nbound = \"2s\"\n"
                           "[[fault]]\nat = \"3s\"\nkind = \"slow_disk\"\n";
  std::uint64_t surprises = 0;
  for (std::uint64_t seed = 1; seed <= 5; ++seed) surprises += count_of(run_trial(read(text), seed), finding::surprise);
  REQUIRE(surprises > 0);
}

TEST_CASE("trial: a broker that never comes back is a liveness violation, and no safety violation") {
  const std::string text = std::string(calm) + "[liveness]\nbound = \"1s\"\n[cluster.config]\n\"max.connections\" = 1\n";
  const RunResult result = run_trial(read(text), 1);
  REQUIRE(result.outcome == RunResult::Outcome::liveness);
  REQUIRE(count_of(result, finding::no_progress) == 1);
}

TEST_CASE("trial: a partition that takes no write for longer than the scenario allows is a liveness violation") {
  const std::string text = std::string(calm) + "[[fault]]\nat = \"1s\"\nkind = \"pause\"\nfor = \"2s\"\n";
  const RunResult result = run_trial(read(text + "[liveness]\nwrite_stall = \"1s\"\n"), 1);
  REQUIRE(result.outcome == RunResult::Outcome::liveness);
  REQUIRE(count_of(result, log_rules::anomaly::write_stall) == 2);  // in both partitions
  REQUIRE(run_trial(read(text + "[liveness]\nwrite_stall = \"3s\"\n"), 1).outcome == RunResult::Outcome::valid);
  REQUIRE(run_trial(read(text), 1).outcome == RunResult::Outcome::valid);
}

TEST_CASE("trial: sends that take longer than is promised are a liveness violation, and no safety violation") {
  const RunResult quick = run_trial(read(std::string(calm) + "[checks]\nproduce_p99 = \"20ms\"\n"), 1);
  REQUIRE(quick.outcome == RunResult::Outcome::valid);
  const RunResult slow = run_trial(read(std::string(calm) + "[checks]\nproduce_p99 = \"100us\"\n"), 1);
  REQUIRE(slow.outcome == RunResult::Outcome::liveness);
  REQUIRE(count_of(slow, log_rules::anomaly::slow_produce) == 1);
}

TEST_CASE("trial: a run that did not do what its scenario requires is not a pass") {
  const RunResult result = run_trial(read(std::string(calm) + "[checks.require]\nmin_faults_overlapping = 1\n"), 1);
  REQUIRE(result.outcome == RunResult::Outcome::hollow);
  REQUIRE(to_string(result.outcome) == "proved nothing");
  REQUIRE(count_of(result, finding::vacuous) == 1);
}

TEST_CASE("trial: a fault for the next controller waits until one is elected, and does not happen if none is") {
  const std::string cluster = std::string(calm) + "[cluster]\nbrokers = 3\n";
  const std::string waiting =
      "[[fault]]\nat = \"500ms\"\nkind = \"pause\"\nnode = \"next controller\"\ndelay = \"2ms\"\nfor = \"1s\"\n";
  const std::string death = "[[fault]]\nat = \"1s\"\nkind = \"kill\"\nnode = \"active controller\"\n";
  const auto begins = [](const RunResult& result) {
    return std::ranges::find(result.ordered, "pause", &FaultCount::kind) != result.ordered.end();
  };
  REQUIRE_FALSE(begins(run_trial(read(cluster + waiting), 1)));
  const RunResult result = run_trial(read(cluster + waiting + death), 1);
  INFO(first_finding(result));
  REQUIRE(begins(result));
  REQUIRE(result.outcome == RunResult::Outcome::valid);
}

TEST_CASE("trial: a known mistake that is put back is found, and nothing without it") {
  Scenario scenario = read_file("museum/duplicate-acknowledged-early");
  std::uint64_t found = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const RunResult result = run_trial(scenario, seed);
    REQUIRE(result.drawn.exhibits == scenario.exhibits);
    found += count_of(result, checkers::anomaly::acknowledged_not_durable);
  }
  REQUIRE(found > 0);
  scenario.exhibits.clear();
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const RunResult result = run_trial(scenario, seed);
    INFO(first_finding(result));
    REQUIRE(result.outcome == RunResult::Outcome::valid);
  }
}

TEST_CASE("trial: every scenario of the repository comes to what it expects") {
  for (const char* name : {"power-loss", "fsync-trap", "torn-write", "disk-full", "bit-rot", "misdirected-write", "slow-disk",
                           "clock-step", "flaky-network", "half-open", "kill-loop", "random"}) {
    for (std::uint64_t seed = 1; seed <= 2; ++seed) {
      const RunResult result = run_trial(read_file(name), seed);
      INFO(name << ", seed " << seed << ": " << first_finding(result));
      REQUIRE(result.outcome == RunResult::Outcome::valid);
    }
  }
}

TEST_CASE("trial: with the page cache for a disk, lost writes are found, and numbers are missing of what producers sent") {
  std::uint64_t lost = 0;
  std::uint64_t gaps = 0;
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const RunResult result = run_trial(read_file("page-cache"), seed);
    lost += count_of(result, checkers::anomaly::lost_write);
    gaps += count_of(result, log_rules::anomaly::sequence_gap);
  }
  REQUIRE(lost > 0);
  REQUIRE(gaps > 0);
}

TEST_CASE("trial: who follows a run is told what servers do and what is done to them, and changes nothing by it") {
  const Scenario scenario = read(std::string(calm) + "[cluster]\nbrokers = 3\n[[fault]]\nat = \"1s\"\nkind = \"kill\"\n" +
                                 "node = \"leader of t-0\"\n");
  std::vector<checkers::Happening> happenings;
  const RunResult followed =
      run_trial(scenario, 1, {.on_happening = [&](const checkers::Happening& happening) { happenings.push_back(happening); }});
  REQUIRE(followed.hash == run_trial(scenario, 1).hash);
  const auto told = [&](std::string_view who, std::string_view what) {
    return std::any_of(happenings.begin(), happenings.end(), [&](const checkers::Happening& happening) {
      return happening.who.starts_with(who) && happening.what.starts_with(what);
    });
  };
  REQUIRE(told("broker-2", "starts (incarnation 1)"));
  REQUIRE(told("broker-", "kill"));
  REQUIRE(told("broker-", "control.active"));
  REQUIRE(told("metadata", "broker "));
  REQUIRE(told("", "the trial begins"));
  REQUIRE_FALSE(told("writer", ""));
  REQUIRE_FALSE(told("", "client."));
  REQUIRE(std::is_sorted(happenings.begin(), happenings.end(), [](const auto& a, const auto& b) { return a.at < b.at; }));
}
