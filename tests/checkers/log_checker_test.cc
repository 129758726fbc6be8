// Each anomaly as the smallest history that has it, next to a twin that differs in one detail and is valid.
#include "checkers/log_checker.h"

#include <catch2/catch.hpp>

#include "script.h"

using namespace faultline;
using namespace faultline::checkers;

namespace {

constexpr Outcome info = Outcome::indefinite;

Verdict judge(Script& script, const LogRules& rules = {}) { return check_log(script.history(), rules); }

// The only anomaly of `verdict`, or a text that says what else was found.
std::string only(const Verdict& verdict) {
  if (verdict.counts.empty()) return "nothing";
  return verdict.counts.size() == 1 ? verdict.counts[0].anomaly
                                    : "several: " + verdict.counts[0].anomaly + ", " + verdict.counts[1].anomaly;
}

void is_valid(Script& script, const LogRules& rules = {}) {
  const Verdict verdict = judge(script, rules);
  CHECK(only(verdict) == "nothing");
  CHECK(verdict.outcome == Verdict::Outcome::valid);
}

void has_only(Script& script, std::string_view name, std::vector<std::uint32_t> witness, const LogRules& rules = {}) {
  const Verdict verdict = judge(script, rules);
  CHECK(only(verdict) == name);
  CHECK(verdict.outcome == Verdict::Outcome::invalid);
  REQUIRE(verdict.findings.size() == 1);
  CHECK(verdict.findings[0].witness == witness);
  CHECK(verdict.findings[0].partition == "t-0");
  CHECK_FALSE(verdict.findings[0].text.empty());
}

}  // namespace

TEST_CASE("log checker: an empty history and a plain one are valid") {
  Script empty;
  is_valid(empty);
  Script plain;
  plain.send(1, {0, 10});
  plain.send(1, {1, 11});
  plain.poll(2, {{0, 10}});
  plain.poll(2, {{1, 11}});
  plain.final_poll(3, {{0, 10}, {1, 11}}, 2);
  is_valid(plain, LogRules::idempotent());
}

TEST_CASE("log checker: lost-write: a read went past an acknowledged value that nobody ever got") {
  Script lost;
  lost.send(1, {0, 10});
  lost.send(2, {1, 11});
  lost.poll(3, {{1, 11}});
  has_only(lost, anomaly::lost_write, {0, 2});
  CHECK(
      judge(lost).findings[0].text ==
      "value 10 of t-0, acknowledged at offset 0 by op 0 at 0.002000 s, was never returned by any read, although op 2 read on to "
      "offset 1 of that partition");

  Script read_stops_before;
  read_stops_before.send(1, {1, 10});
  read_stops_before.send(2, {0, 11});
  read_stops_before.poll(3, {{0, 11}});
  is_valid(read_stops_before);

  Script unacknowledged;
  unacknowledged.send(1, {no_offset, 10}, info);
  unacknowledged.send(2, {1, 11});
  unacknowledged.poll(3, {{1, 11}});
  is_valid(unacknowledged);
}

TEST_CASE("log checker: lost-write: an indefinite send counts once any of its values was read") {
  Script lost;
  lost.send_all(1, {{0, 10}, {1, 11}}, info);
  lost.poll(2, {{1, 11}});
  has_only(lost, anomaly::lost_write, {0, 1});

  Script never_seen;
  never_seen.send_all(1, {{0, 10}, {1, 11}}, info);
  never_seen.send(1, {2, 12});
  never_seen.poll(2, {{2, 12}});
  is_valid(never_seen);
}

TEST_CASE("log checker: lost-write: a value that is also further on is not lost yet") {
  Script twin;
  twin.send(1, {0, 10});
  twin.send(2, {1, 11});
  twin.poll(3, {{0, 10}, {2, 10}}, info);
  twin.poll(4, {{1, 11}});
  const Verdict verdict = judge(twin);
  CHECK(verdict.count(anomaly::lost_write) == 0);
  CHECK(verdict.count(anomaly::duplicate) == 1);
}

TEST_CASE("log checker: lost-write: what retention or DeleteRecords took is not lost") {
  Script script;
  const PartitionId partition = script.partition(0);
  script.send(1, {0, 10});
  script.send(1, {1, 11});
  script.send(1, {2, 12});
  script.poll(2, {{2, 12}});
  LogRules rules;
  rules.retained_from = {{partition, 2}};
  is_valid(script, rules);
  rules.retained_from = {{partition, 1}};
  has_only(script, anomaly::lost_write, {1, 3}, rules);
}

TEST_CASE("log checker: unseen: the final read reached the end without an acknowledged value") {
  Script unseen;
  unseen.send(1, {0, 10});
  unseen.send(1, {1, 11});
  unseen.final_poll(2, {{0, 10}}, 1);
  has_only(unseen, anomaly::unseen, {1, 2});

  Script acknowledged_later;
  acknowledged_later.send(1, {0, 10});
  const OperationId late = acknowledged_later.begin_send(1, {{1, 11}});
  acknowledged_later.final_poll(2, {{0, 10}}, 1);
  acknowledged_later.end_send(late, {{1, 11}});
  is_valid(acknowledged_later);

  Script no_final_read;
  no_final_read.send(1, {0, 10});
  no_final_read.send(1, {1, 11});
  no_final_read.poll(2, {{0, 10}});
  is_valid(no_final_read);
}

TEST_CASE("log checker: without a final read the verdict is unknown where the rules ask for one, but a failure stays a failure") {
  LogRules rules;
  rules.require_final_reads = true;
  Script script;
  script.send(1, {0, 10});
  script.poll(2, {{0, 10}});
  const Verdict unknown = judge(script, rules);
  CHECK(unknown.outcome == Verdict::Outcome::unknown);
  CHECK(unknown.reason ==
        "no final read reached a stated end of t-0, so it cannot be told whether acknowledged records are left");
  script.poll(2, {{0, 10}});
  CHECK(judge(script, rules).outcome == Verdict::Outcome::invalid);
}

TEST_CASE("log checker: inconsistent-offsets: one offset, two values") {
  Script reused;
  reused.send(1, {0, 10});
  reused.poll(2, {{0, 10}});
  reused.send(1, {0, 11});
  reused.poll(3, {{0, 11}});
  const Verdict verdict = judge(reused);
  CHECK(verdict.count(anomaly::inconsistent_offsets) == 1);
  CHECK(verdict.findings[0].witness == std::vector<std::uint32_t>{0, 2});

  Script other_partition;
  other_partition.send(1, {0, 10});
  other_partition.poll(2, {{0, 10}});
  other_partition.send(1, {0, 10}, Outcome::ok, 1);
  other_partition.poll(3, {{0, 10}}, Outcome::ok, 1);
  is_valid(other_partition);

  Script indefinite_and_unread;
  indefinite_and_unread.send(1, {0, 10}, info);
  indefinite_and_unread.send(1, {0, 11});
  indefinite_and_unread.poll(2, {{0, 11}});
  is_valid(indefinite_and_unread);
}

TEST_CASE("log checker: duplicate: one value, two offsets; a failure only for idempotent producers") {
  Script twice;
  twice.send(1, {1, 10});
  twice.poll(2, {{0, 10}, {1, 10}});
  has_only(twice, anomaly::duplicate, {0, 1}, LogRules::idempotent());
  const Verdict tolerated = judge(twice);
  CHECK(tolerated.outcome == Verdict::Outcome::valid);
  REQUIRE(tolerated.findings.size() == 1);
  CHECK_FALSE(tolerated.findings[0].failure);

  LogRules one_of_them;
  one_of_them.idempotent_processes = {2};
  CHECK(judge(twice, one_of_them).outcome == Verdict::Outcome::valid);
  one_of_them.idempotent_processes = {2, 1};
  has_only(twice, anomaly::duplicate, {0, 1}, one_of_them);
  twice.send(3, {2, 11});
  twice.poll(2, {{2, 11}, {3, 11}});
  const Verdict both = judge(twice, one_of_them);
  CHECK(both.outcome == Verdict::Outcome::invalid);
  CHECK(both.count(anomaly::duplicate) == 2);
  REQUIRE(both.counts.size() == 2);
  CHECK(both.counts[0].failure);
  CHECK_FALSE(both.counts[1].failure);

  Script same_offset_again;
  same_offset_again.send(1, {0, 10});
  same_offset_again.poll(2, {{0, 10}});
  same_offset_again.poll(3, {{0, 10}});
  is_valid(same_offset_again, LogRules::idempotent());
}

TEST_CASE("log checker: G1a: a value was read although its send had failed for certain") {
  Script aborted;
  aborted.send(1, {no_offset, 10}, Outcome::fail);
  aborted.poll(2, {{0, 10}});
  has_only(aborted, anomaly::aborted_read, {0, 1});

  Script indefinite;
  indefinite.send(1, {no_offset, 10}, info);
  indefinite.poll(2, {{0, 10}});
  is_valid(indefinite);

  Script poll_did_not_succeed;
  poll_did_not_succeed.send(1, {no_offset, 10}, Outcome::fail);
  poll_did_not_succeed.poll(2, {{0, 10}}, info);
  is_valid(poll_did_not_succeed);
}

TEST_CASE("log checker: garbage-read: a value that nobody sent, or that was sent only afterwards") {
  Script invented;
  invented.send(1, {0, 10});
  invented.poll(2, {{0, 10}, {1, 99}});
  has_only(invented, anomaly::garbage_read, {1});

  Script too_early;
  too_early.poll(2, {{0, 10}});
  too_early.send(1, {0, 10});
  has_only(too_early, anomaly::garbage_read, {0, 1});

  Script overlapping;
  const OperationId poll = overlapping.begin_poll(2);
  overlapping.send(1, {0, 10});
  overlapping.end_poll(poll, {{0, 10}});
  is_valid(overlapping);
}

TEST_CASE("log checker: poll-skip: two consecutive polls of one process leave a known record out") {
  Script skip;
  skip.send_all(1, {{0, 10}, {1, 11}, {2, 12}});
  skip.poll(3, {{0, 10}, {1, 11}, {2, 12}});
  skip.poll(2, {{0, 10}});
  skip.poll(2, {{2, 12}});
  has_only(skip, anomaly::poll_skip, {2, 3, 0});

  for (const OperationKind kind : {OperationKind::assign, OperationKind::seek}) {
    Script repositioned;
    repositioned.send_all(1, {{0, 10}, {1, 11}, {2, 12}});
    repositioned.poll(3, {{0, 10}, {1, 11}, {2, 12}});
    repositioned.poll(2, {{0, 10}});
    repositioned.position(kind, 2);
    repositioned.poll(2, {{2, 12}});
    is_valid(repositioned);
  }

  Script hole;
  hole.send_all(1, {{0, 10}, {2, 12}});
  hole.poll(2, {{0, 10}});
  hole.poll(2, {{2, 12}});
  const Verdict verdict = judge(hole);
  CHECK(only(verdict) == "nothing");

  Script other_process;
  other_process.send_all(1, {{0, 10}, {1, 11}, {2, 12}});
  other_process.poll(3, {{0, 10}, {1, 11}, {2, 12}});
  other_process.poll(2, {{0, 10}});
  other_process.poll(4, {{2, 12}});
  is_valid(other_process);
}

TEST_CASE("log checker: poll-skip: a seek in another partition does not excuse a skip, retention does") {
  Script script;
  const PartitionId partition = script.partition(0);
  script.send_all(1, {{0, 10}, {1, 11}, {2, 12}});
  script.poll(3, {{0, 10}, {1, 11}, {2, 12}});
  script.poll(2, {{0, 10}});
  script.position(OperationKind::seek, 2, 1);
  script.poll(2, {{2, 12}});
  has_only(script, anomaly::poll_skip, {2, 4, 0});
  LogRules rules;
  rules.retained_from = {{partition, 2}};
  is_valid(script, rules);
}

TEST_CASE("log checker: poll-skip: a poll that failed half-way makes the position unknown") {
  Script script;
  script.send_all(1, {{0, 10}, {1, 11}, {2, 12}});
  script.poll(3, {{0, 10}, {1, 11}, {2, 12}});
  script.poll(2, {{0, 10}});
  script.poll(2, {{1, 11}}, info);
  script.poll(2, {{2, 12}});
  is_valid(script);
}

TEST_CASE("log checker: nonmonotonic-poll: a process is given again what it had, or older") {
  Script again;
  again.send_all(1, {{0, 10}, {1, 11}});
  again.poll(2, {{0, 10}, {1, 11}});
  again.poll(2, {{1, 11}});
  has_only(again, anomaly::nonmonotonic_poll, {1, 2});
  CHECK(judge(again).findings[0].text ==
        "process 2 polled value 11 at offset 1 of t-0 in op 1 and then value 11 at offset 1 in op 2, which goes back");

  Script after_seek;
  after_seek.send_all(1, {{0, 10}, {1, 11}});
  after_seek.poll(2, {{0, 10}, {1, 11}});
  after_seek.position(OperationKind::seek, 2);
  after_seek.poll(2, {{1, 11}});
  is_valid(after_seek);
}

TEST_CASE("log checker: int-poll-skip and int-nonmonotonic-poll: the same inside one poll, but not across a rebalance") {
  Script skip;
  skip.send_all(1, {{0, 10}, {1, 11}, {2, 12}});
  skip.poll(3, {{0, 10}, {1, 11}, {2, 12}});
  const OperationId skipping = skip.poll(2, {{0, 10}, {2, 12}});
  has_only(skip, anomaly::int_poll_skip, {2, 0});
  skip.recorder().set_rebalanced(skipping);
  is_valid(skip);

  Script back;
  back.send_all(1, {{0, 10}, {1, 11}});
  const OperationId going_back = back.poll(2, {{1, 11}, {0, 10}});
  has_only(back, anomaly::int_nonmonotonic_poll, {1});
  back.recorder().set_rebalanced(going_back);
  is_valid(back);

  Script two_partitions;
  two_partitions.send(1, {0, 10});
  two_partitions.send(1, {5, 15}, Outcome::ok, 1);
  two_partitions.send(1, {1, 11});
  const OperationId both = two_partitions.begin_poll(2);
  const std::vector<LogRecord> records{{PartitionId(0), 0, 10}, {PartitionId(1), 5, 15}, {PartitionId(0), 1, 11}};
  two_partitions.recorder().complete_poll(both, two_partitions.tick(), Outcome::ok, records);
  is_valid(two_partitions);
}

TEST_CASE("log checker: a rebalance in a poll makes earlier positions meaningless, the poll's own last record counts") {
  Script script;
  script.send_all(1, {{0, 10}, {1, 11}, {2, 12}, {3, 13}});
  script.poll(3, {{0, 10}, {1, 11}, {2, 12}, {3, 13}});
  script.poll(2, {{0, 10}, {1, 11}});
  const OperationId rebalanced = script.poll(2, {{0, 10}});
  script.recorder().set_rebalanced(rebalanced);
  script.poll(2, {{1, 11}});
  is_valid(script);
  script.poll(2, {{3, 13}});
  has_only(script, anomaly::poll_skip, {4, 5, 0});
}

TEST_CASE("log checker: nonmonotonic-send: a later send of one process lies earlier in the log") {
  Script back;
  back.send(1, {1, 10});
  back.send(1, {0, 11});
  has_only(back, anomaly::nonmonotonic_send, {0, 1});

  Script two_processes;
  two_processes.send(1, {1, 10});
  two_processes.send(2, {0, 11});
  is_valid(two_processes);

  Script overlapping;
  const OperationId first = overlapping.begin_send(1, {{1, 10}});
  const OperationId second = overlapping.begin_send(1, {{0, 11}});
  overlapping.end_send(second, {{0, 11}});
  overlapping.end_send(first, {{1, 10}});
  is_valid(overlapping);
}

TEST_CASE("log checker: int-nonmonotonic-send fails, int-send-skip is only told") {
  Script back;
  back.send_all(1, {{1, 10}, {0, 11}});
  has_only(back, anomaly::int_nonmonotonic_send, {0});

  Script skip;
  skip.send(2, {1, 11});
  skip.send_all(1, {{0, 10}, {2, 12}});
  const Verdict verdict = judge(skip);
  CHECK(only(verdict) == anomaly::int_send_skip);
  CHECK(verdict.outcome == Verdict::Outcome::valid);
}

TEST_CASE("log checker: a history that sends a value twice to a partition is unknown, not judged") {
  Script script;
  const OperationId first = script.send(1, {0, 10});
  CHECK(first.value() == 0);
  script.send(2, {1, 10});
  const Verdict verdict = judge(script);
  CHECK(verdict.outcome == Verdict::Outcome::unknown);
  CHECK(verdict.reason == "value 10 of t-0 was sent by op 0 and by op 1; values must be unique in a partition");
}

TEST_CASE("log checker: of many findings of one kind a few are spelled out and all are counted") {
  Script script;
  for (std::int64_t i = 0; i < 100; ++i) script.send(1, {i, i});
  script.send(1, {100, 100});
  script.poll(2, {{100, 100}});
  LogRules rules;
  rules.findings_per_anomaly = 3;
  const Verdict verdict = judge(script, rules);
  CHECK(verdict.count(anomaly::lost_write) == 100);
  CHECK(verdict.findings.size() == 3);
}

TEST_CASE("log checker: precommitted-read: a transaction polls what it sent itself, not what another sent") {
  Script script;
  const PartitionId partition = script.partition(0);
  const std::vector<LogRecord> sent{{partition, no_offset, 11}};
  script.send(1, {0, 10});
  script.poll(3, {{0, 10}});
  const auto transact = [&](std::int64_t offset, std::int64_t polled) {
    const OperationId txn = script.recorder().invoke_txn(2, script.tick(), sent);
    script.recorder().complete_txn(txn, script.tick(), Outcome::ok, std::vector<std::int64_t>{1},
                                   std::vector<LogRecord>{{partition, offset, polled}});
  };
  Script other = script;
  transact(1, 11);
  has_only(script, anomaly::precommitted_read, {2});
  std::swap(script, other);
  transact(0, 10);
  is_valid(script);
}

TEST_CASE(
    "log checker: a loss is excused after more faults at once than are claimed to be survived, and in compacted partitions") {
  const auto lossy = [](Time second_crash) {
    Script script;
    script.send(1, {0, 10});
    script.final_poll(2, {}, 1);
    script.recorder().add_fault({"crash", "node 0", Time(1ms), Time(5ms)});
    script.recorder().add_fault({"crash", "node 1", second_crash, second_crash + 2ms});
    return script;
  };
  LogRules rules;
  rules.claims = {{"crash", 1}};
  Script apart = lossy(Time(6ms));
  has_only(apart, anomaly::unseen, {0, 1}, rules);
  Script together = lossy(Time(2ms));
  has_only(together, anomaly::unseen, {0, 1});
  const Verdict excused = judge(together, rules);
  CHECK(excused.outcome == Verdict::Outcome::valid);
  CHECK(excused.count(anomaly::lost_beyond_bound) == 1);
  LogRules compacted;
  compacted.compacted = {PartitionId(0)};
  is_valid(apart, compacted);
}
