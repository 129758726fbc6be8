// The fast checker against the definitions, on histories that are nonsense; and against itself, on histories that make sense.
#include <algorithm>
#include <catch2/catch.hpp>

#include "base/random.h"
#include "checkers/formats/history_jsonl.h"
#include "naive_log_checker.h"
#include "random_history.h"

using namespace faultline;
using namespace faultline::checkers;

namespace {

std::map<std::string, std::uint64_t> counts_of(const Verdict& verdict) {
  std::map<std::string, std::uint64_t> counts;
  for (const AnomalyCount& entry : verdict.counts) counts[entry.anomaly] = entry.count;
  return counts;
}

}  // namespace

TEST_CASE("log checker: agrees with the definitions on 200,000 random histories, and every anomaly occurs in them") {
  std::map<std::string, std::uint64_t> histories_with;
  for (std::uint64_t seed = 0; seed < 200000; ++seed) {
    RandomStream random = RandomSource(seed).stream("nonsense");
    const LogHistory history = nonsense_history(random);
    LogRules rules;
    if (random.chance({1, 3})) rules.retained_from.push_back({PartitionId(0), random.between(std::int64_t{0}, std::int64_t{4})});
    const Verdict verdict = check_log(history, rules);
    const auto expected = NaiveLogChecker(history, rules).counts();
    const auto found = counts_of(verdict);
    for (const auto& [name, count] : expected) ++histories_with[name];
    if (found == expected && verdict.outcome != Verdict::Outcome::unknown) continue;
    INFO("seed " << seed << "\n" << formats::write_history(history) << "expected: " << Catch::Detail::stringify(expected));
    REQUIRE(found == expected);
  }
  for (const std::string_view name :
       {anomaly::inconsistent_offsets, anomaly::duplicate, anomaly::aborted_read, anomaly::garbage_read, anomaly::lost_write,
        anomaly::unseen, anomaly::poll_skip, anomaly::nonmonotonic_poll, anomaly::int_poll_skip, anomaly::int_nonmonotonic_poll,
        anomaly::nonmonotonic_send, anomaly::int_nonmonotonic_send, anomaly::int_send_skip, anomaly::precommitted_read}) {
    INFO(name);
    CHECK(histories_with[std::string(name)] > 100);
  }
}

TEST_CASE("log checker: histories of a correct log are valid, and their round trip through the file changes nothing") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    INFO("seed " << seed);
    RandomStream random = RandomSource(seed).stream("sound");
    const LogHistory history = sound_history(random);
    const Verdict verdict = check_log(history, LogRules::idempotent());
    REQUIRE(verdict.outcome == Verdict::Outcome::valid);
    REQUIRE(verdict.vacuity.acknowledged == verdict.vacuity.acknowledged_read);
    const auto again = formats::read_history(formats::write_history(history), "again");
    REQUIRE(again.has_value());
    REQUIRE(again->records == history.records);
  }
}

TEST_CASE("log checker: one planted anomaly in a sound history is found under its name") {
  for (const Plant& plant : plants()) {
    std::uint64_t planted = 0;
    for (std::uint64_t seed = 0; seed < 500; ++seed) {
      RandomStream random = RandomSource(seed).stream("planted");
      LogHistory history = sound_history(random);
      if (!plant.apply(history, random)) continue;
      ++planted;
      const Verdict verdict = check_log(history, LogRules::idempotent());
      INFO(plant.anomaly << " at seed " << seed << "\n" << formats::write_history(history));
      REQUIRE(verdict.outcome == Verdict::Outcome::invalid);
      REQUIRE(verdict.count(plant.anomaly) > 0);
    }
    INFO(plant.anomaly);
    CHECK(planted > 100);
  }
}

TEST_CASE("log checker: other names for the values, an unrelated partition, and a failed send less change no count") {
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    INFO("seed " << seed);
    RandomStream random = RandomSource(seed).stream("metamorphic");
    const LogHistory history = nonsense_history(random);
    const auto before = counts_of(check_log(history));

    LogHistory relabelled = history;
    for (LogRecord& record : relabelled.records) record.value = -record.value * 1000003 + 7;
    REQUIRE(counts_of(check_log(relabelled)) == before);

    LogHistory wider = history;
    wider.partitions.push_back("unrelated-0");
    const auto first_record = static_cast<std::uint32_t>(wider.records.size());
    wider.records.push_back({PartitionId(static_cast<std::uint32_t>(wider.partitions.size() - 1)), 0, 1});
    LogOperation send;
    send.outcome = Outcome::ok;
    send.process = 99;
    send.invoke_index = wider.event_count++;
    send.completion_index = wider.event_count++;
    send.first_record = first_record;
    send.record_count = 1;
    wider.operations.push_back(send);
    REQUIRE(counts_of(check_log(wider)) == before);

    LogHistory failing = history;
    failing.records.push_back({PartitionId(0), no_offset, 1000});
    send.outcome = Outcome::fail;
    send.invoke_index = failing.event_count++;
    send.completion_index = failing.event_count++;
    send.first_record = static_cast<std::uint32_t>(failing.records.size() - 1);
    failing.operations.push_back(send);
    REQUIRE(counts_of(check_log(failing)) == before);
  }
}
