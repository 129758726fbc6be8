// What must not change a verdict changes none, what breaks a promise is found under its name, and the cost grows as claimed.
#include <catch2/catch.hpp>
#include <functional>
#include <map>

#include "random_rules_history.h"
#include "sound_rules_history.h"

using namespace faultline;
using namespace faultline::log_rules;
using checkers::LogHistory;
using checkers::LogOperation;
using checkers::LogRecord;
using checkers::OperationKind;
using checkers::Outcome;

namespace {

std::map<std::string, std::uint64_t> counts_of(const LogHistory& history, const Promises& promises) {
  std::map<std::string, std::uint64_t> counts;
  for (const checkers::AnomalyCount& entry : check_log_rules(history, promises).counts) counts[entry.anomaly] = entry.count;
  return counts;
}

LogHistory relabelled(LogHistory history) {
  for (const LogOperation& operation : history.operations) {
    if (!checkers::has_values(operation.kind)) continue;
    for (std::uint32_t r = operation.first_record; r < operation.first_record + operation.record_count; ++r)
      history.records[r].value = -history.records[r].value * 1000003 + 7;
  }
  return history;
}

LogHistory with_processes_permuted(LogHistory history) {
  for (LogOperation& operation : history.operations) operation.process = 1000 - 7 * operation.process;
  return history;
}

// Somebody sends to a partition that nobody else knows.
LogHistory with_unrelated_partition(LogHistory history) {
  history.partitions.push_back("unrelated-0");
  const checkers::PartitionId partition(static_cast<std::uint32_t>(history.partitions.size() - 1));
  LogOperation send;
  send.outcome = Outcome::ok;
  send.process = 99;
  send.invoked = send.completed = history.operations.back().invoked;
  for (const LogOperation& operation : history.operations)
    send.invoked = send.completed = std::max(send.completed, operation.completed);
  send.invoke_index = history.event_count++;
  send.completion_index = history.event_count++;
  send.first_record = static_cast<std::uint32_t>(history.records.size());
  send.record_count = 1;
  history.records.push_back({partition, 0, 1});
  if (!history.attributes.empty()) history.attributes.push_back({.key = 0, .producer = 1, .sequence = 4});
  history.operations.push_back(send);
  return history;
}

bool was_polled(const LogHistory& history, const LogOperation& send) {
  for (const LogOperation& operation : history.operations) {
    for (const LogRecord& polled : history.polled_by(operation)) {
      for (const LogRecord& sent : history.sent_by(send)) {
        if (polled.partition == sent.partition && polled.value == sent.value) return true;
      }
    }
  }
  return false;
}

// Takes out the first operation that failed and left nothing behind; false if there is none. The last event stays: it is the end.
bool drop_failed(LogHistory& history) {
  for (std::size_t i = 0; i < history.operations.size(); ++i) {
    const LogOperation gone = history.operations[i];
    const bool kind = gone.kind == OperationKind::send || gone.kind == OperationKind::commit;
    if (!kind || gone.outcome != Outcome::fail || gone.completion_index + 1 == history.event_count) continue;
    if (gone.completion_index == checkers::no_event || was_polled(history, gone)) continue;
    history.operations.erase(history.operations.begin() + static_cast<std::ptrdiff_t>(i));
    const auto moved = [&](std::uint32_t event) {
      if (event == checkers::no_event) return event;
      return event - (event > gone.invoke_index ? 1 : 0) - (event > gone.completion_index ? 1 : 0);
    };
    for (LogOperation& operation : history.operations) {
      operation.invoke_index = moved(operation.invoke_index);
      operation.completion_index = moved(operation.completion_index);
    }
    for (checkers::OperationDetails& details : history.details) details.decided_at = moved(details.decided_at);
    history.event_count -= 2;
    return true;
  }
  return false;
}

constexpr std::string_view all_rules[] = {
    anomaly::key_reordered,    anomaly::stale_read,        anomaly::split_ownership,       anomaly::unowned_partition,
    anomaly::commit_went_back, anomaly::zombie_commit,     anomaly::lost_commit,           anomaly::processed_twice,
    anomaly::never_processed,  anomaly::sequence_repeated, anomaly::sequence_out_of_order, anomaly::sequence_gap,
    anomaly::zombie_append,    anomaly::torn_transaction,  anomaly::read_beyond_lso,       anomaly::deleted_early,
    anomaly::key_lost,         anomaly::tombstone_lost,    anomaly::compacted_early,       anomaly::key_resurrected};

std::string told(const LogHistory& history, const Promises& promises) {
  std::string text;
  for (std::uint32_t i = 0; i < history.operations.size(); ++i) text += describe(history, i) + "\n";
  for (const checkers::Finding& finding : check_log_rules(history, promises).findings)
    text += finding.anomaly + ": " + finding.text + "\n";
  return text;
}

}  // namespace

TEST_CASE("log rules: other values, other process ids, an unrelated partition and a failed operation less change no count") {
  std::uint64_t dropped = 0;
  for (std::uint64_t seed = 0; seed < 5000; ++seed) {
    RandomStream random = RandomSource(seed).stream("metamorphic rules");
    LogHistory history = NonsenseRules(random).run();
    const Promises promises = random_promises(random);
    const auto before = counts_of(history, promises);
    INFO("seed " << seed);
    REQUIRE(counts_of(relabelled(history), promises) == before);
    REQUIRE(counts_of(with_processes_permuted(history), promises) == before);
    if (!history.operations.empty()) REQUIRE(counts_of(with_unrelated_partition(history), promises) == before);
    for (; drop_failed(history); ++dropped) REQUIRE(counts_of(history, promises) == before);
  }
  CHECK(dropped > 1000);
}

TEST_CASE("log rules: a history that keeps its promises is valid, and one thing that breaks one is found under its name") {
  for (std::uint64_t seed = 0; seed < 500; ++seed) {
    for (const std::string_view plant : all_rules) {
      RandomStream random = RandomSource(seed).stream("sound rules");
      SoundRules world(random);
      const LogHistory history = world.run(plant);
      const auto found = counts_of(history, world.promises());
      if (found.size() == 1 && found.begin()->first == plant) continue;
      INFO(plant << " planted, seed " << seed << "\n" << told(history, world.promises()));
      REQUIRE(found.contains(std::string(plant)));
      REQUIRE(found.size() == 1);
    }
    RandomStream random = RandomSource(seed).stream("sound rules");
    SoundRules world(random);
    const LogHistory history = world.run("");
    if (counts_of(history, world.promises()).empty()) continue;
    INFO("seed " << seed << "\n" << told(history, world.promises()));
    REQUIRE(counts_of(history, world.promises()).empty());
  }
}

namespace {

std::uint64_t steps_of(const std::function<void(const Context&)>& rule, const LogHistory& history) {
  const checkers::LogModel model = checkers::build_log_model(history);
  Promises promises;
  promises.ownership_bound = 1ms;
  checkers::FindingList found(promises.tolerated, 1);
  std::uint64_t steps = 0;
  rule({history, model, promises, found, &steps});
  return steps;
}

// Members come and go, commits overlap, go forward and back, and a fetch looks at them after each.
LogHistory busy_group(std::uint32_t rounds) {
  checkers::HistoryRecorder recorder;
  Time now{};
  const auto tick = [&] { return now += 1ms; };
  const checkers::PartitionId partition = recorder.partition("t-0");
  const auto at = [&](std::int64_t offset) { return std::vector<LogRecord>{{partition, offset, 0}}; };
  checkers::OperationId open{};
  for (std::uint32_t i = 0; i < rounds; ++i) {
    const auto process = static_cast<std::int32_t>(i % 3);
    const checkers::OperationId join =
        recorder.invoke_positioning(OperationKind::subscribe, process, tick(), at(checkers::no_offset));
    recorder.set_group(join, "g");
    recorder.complete(join, tick(), Outcome::ok);
    const checkers::OperationId given = recorder.invoke_listing(OperationKind::rebalance, process, tick());
    recorder.set_group(given, "g", static_cast<std::int32_t>(i));
    recorder.complete_listing(given, tick(), Outcome::ok, at(checkers::no_offset));
    const std::int64_t offset = i % 2 == 0 ? rounds - i : i;
    const checkers::OperationId commit = recorder.invoke_positioning(OperationKind::commit, process, tick(), at(offset));
    recorder.set_group(commit, "g", static_cast<std::int32_t>(i));
    if (i > 0) recorder.complete(open, tick(), Outcome::ok);
    open = commit;
    const checkers::OperationId fetch = recorder.invoke_listing(OperationKind::offset_fetch, process, tick());
    recorder.set_group(fetch, "g");
    recorder.complete_listing(fetch, tick(), Outcome::ok, at(0));
    now += 5ms;
  }
  recorder.complete(open, tick(), Outcome::ok);
  return std::move(recorder).take();
}

}  // namespace

TEST_CASE("log rules: lost commits and unowned partitions are found in steps that grow with the history alone") {
  const LogHistory small = busy_group(2000);
  const LogHistory large = busy_group(20000);
  for (const auto rule : {find_bad_commits, find_unowned_partitions}) {
    const std::uint64_t few = steps_of(rule, small);
    CHECK(few >= 2000);
    CHECK(few <= 16000);
    CHECK(steps_of(rule, large) <= 11 * few);
  }
}
