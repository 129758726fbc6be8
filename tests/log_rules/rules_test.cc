// Each rule on the smallest history that breaks it, and on the nearest that does not.
#include "checkers/log_rules/log_rules.h"

#include <catch2/catch.hpp>

#include "checkers/log_rules/names.h"

using namespace faultline;
using namespace faultline::log_rules;
using checkers::LogRecord;
using checkers::no_offset;
using checkers::OperationId;
using checkers::OperationKind;
using checkers::Outcome;
using checkers::RecordAttributes;

namespace {

// Operations one after the other, a millisecond an event, on partitions t-0 and t-1.
struct Story {
  checkers::HistoryRecorder recorder;
  Time now{};

  Story() {
    recorder.partition("t-0");
    recorder.partition("t-1");
  }
  static LogRecord at(std::int64_t offset, std::int64_t value, std::uint32_t on = 0) {
    return {checkers::PartitionId(on), offset, value};
  }
  Time tick() { return now += 1ms; }
  OperationId send(std::int32_t process, const LogRecord& record, Outcome outcome = Outcome::ok, RecordAttributes known = {}) {
    const OperationId id = recorder.invoke_send(process, tick(), std::span(&record, 1), std::span(&known, 1));
    recorder.complete_send(id, tick(), outcome, std::span(&record.offset, 1));
    return id;
  }
  OperationId poll(std::int32_t process, const std::vector<LogRecord>& records, std::int64_t end = no_offset,
                   const std::vector<RecordAttributes>& known = {}) {
    const OperationId id = recorder.invoke_poll(process, tick(), end != no_offset);
    if (end != no_offset) recorder.set_exact_end(id, checkers::PartitionId(0), end);
    recorder.complete_poll(id, tick(), Outcome::ok, records, {}, known);
    return id;
  }
  OperationId txn(std::int32_t process, const std::vector<LogRecord>& sent, const std::vector<LogRecord>& polled,
                  Outcome outcome = Outcome::ok) {
    const OperationId id = recorder.invoke_txn(process, tick(), sent);
    recorder.set_group(id, "g");
    std::vector<std::int64_t> offsets;
    for (const LogRecord& record : sent) offsets.push_back(record.offset);
    recorder.complete_txn(id, tick(), outcome, offsets, polled);
    return id;
  }
  void subscribe(std::int32_t process) {
    const std::vector<LogRecord> wanted{at(no_offset, 0)};
    const OperationId id = recorder.invoke_positioning(OperationKind::subscribe, process, tick(), wanted);
    recorder.set_group(id, "g");
    recorder.complete(id, tick(), Outcome::ok);
  }
  void rebalance(std::int32_t process, std::int32_t generation, const std::vector<LogRecord>& owned) {
    const OperationId id = recorder.invoke_listing(OperationKind::rebalance, process, tick());
    recorder.set_group(id, "g", generation);
    recorder.complete_listing(id, tick(), Outcome::ok, owned);
  }
  void commit(std::int32_t process, std::int32_t generation, std::int64_t offset, Outcome outcome = Outcome::ok) {
    const std::vector<LogRecord> place{at(offset, 0)};
    const OperationId id = recorder.invoke_positioning(OperationKind::commit, process, tick(), place);
    recorder.set_group(id, "g", generation);
    recorder.complete(id, tick(), outcome);
  }
  void fetch(std::int32_t process, std::int64_t offset) {
    const OperationId id = recorder.invoke_listing(OperationKind::offset_fetch, process, tick());
    recorder.set_group(id, "g");
    recorder.complete_listing(id, tick(), Outcome::ok, std::vector<LogRecord>{at(offset, 0)});
  }
  checkers::Verdict judge(const Promises& promises = {}) const { return check_log_rules(recorder.history(), promises); }
};

void has_only(const Story& story, std::string_view name, const Promises& promises = {}) {
  const checkers::Verdict verdict = story.judge(promises);
  INFO((verdict.findings.empty() ? std::string("nothing") : verdict.findings[0].anomaly + ": " + verdict.findings[0].text));
  CHECK(verdict.outcome == checkers::Verdict::Outcome::invalid);
  REQUIRE(verdict.counts.size() == 1);
  CHECK(verdict.counts[0].anomaly == name);
  CHECK_FALSE(verdict.findings[0].text.empty());
}

void is_valid(const Story& story, const Promises& promises = {}) {
  const checkers::Verdict verdict = story.judge(promises);
  INFO((verdict.findings.empty() ? std::string() : verdict.findings[0].anomaly + ": " + verdict.findings[0].text));
  CHECK(verdict.outcome == checkers::Verdict::Outcome::valid);
  CHECK(verdict.counts.empty());
}

RecordAttributes keyed(std::int64_t key, bool tombstone = false) { return {.key = key, .tombstone = tombstone}; }
RecordAttributes numbered(std::int16_t epoch, std::int32_t sequence) {
  return {.producer = 1, .sequence = sequence, .epoch = epoch};
}

}  // namespace

TEST_CASE("log rules: key-reordered: records of one key and one producer lie the other way round") {
  Promises promises;
  promises.key_order = true;
  Story story;
  story.send(1, Story::at(1, 10), Outcome::ok, keyed(7));
  story.send(1, Story::at(0, 11), Outcome::ok, keyed(7));
  has_only(story, anomaly::key_reordered, promises);
  Story other_key;
  other_key.send(1, Story::at(1, 10), Outcome::ok, keyed(7));
  other_key.send(1, Story::at(0, 11), Outcome::ok, keyed(8));
  is_valid(other_key, promises);
}

TEST_CASE("log rules: stale-read: a consumer polls for longer than the bound and is not given what was acknowledged") {
  Promises promises;
  promises.recency_bound = 4ms;
  Story story;
  story.send(1, Story::at(0, 10));
  story.poll(2, {Story::at(0, 10)});
  story.send(1, Story::at(1, 11));
  story.poll(2, {});
  story.poll(2, {});
  is_valid(story, promises);
  story.poll(2, {});
  has_only(story, anomaly::stale_read, promises);
}

TEST_CASE("log rules: write-stall: a partition takes no write for longer than the bound, though there are some to take") {
  Promises promises;
  promises.write_bound = 3ms;
  Story story;
  story.send(1, Story::at(0, 10));
  story.poll(2, {Story::at(0, 10)});
  story.poll(2, {});
  story.send(1, Story::at(no_offset, 11), Outcome::fail);
  story.send(1, Story::at(1, 12));
  is_valid(story, promises);  // nobody wrote before, and 3 ms is not longer
  story.send(1, Story::at(no_offset, 13), Outcome::fail);
  story.send(1, Story::at(0, 14, 1));
  is_valid(story, promises);
  story.send(1, Story::at(no_offset, 15), Outcome::fail);
  has_only(story, anomaly::write_stall, promises);
  story.send(1, Story::at(2, 16));
  has_only(story, anomaly::write_stall, promises);  // told once
}

TEST_CASE("log rules: write-stall: of sends that overlap, the time runs from the last acknowledgement") {
  Promises promises;
  promises.write_bound = 3ms;
  Story story;
  std::vector<std::pair<OperationId, LogRecord>> sent;
  for (std::int64_t value = 0; value < 3; ++value) {
    const LogRecord record = Story::at(value, 10 + value);
    sent.emplace_back(story.recorder.invoke_send(static_cast<std::int32_t>(value), story.tick(), std::span(&record, 1)), record);
  }
  for (const auto& [id, record] : sent) story.recorder.complete_send(id, story.tick(), Outcome::ok, std::span(&record.offset, 1));
  is_valid(story, promises);
  promises.write_bound = 2ms;
  has_only(story, anomaly::write_stall, promises);
}

TEST_CASE("log rules: slow-produce: more than 1 of 100 sends is slower than the bound, or was never acknowledged") {
  Promises promises;
  promises.produce_p99 = 1ms;
  for (const Outcome slow_outcome : {Outcome::ok, Outcome::indefinite}) {
    Story story;
    const auto send_slowly = [&](std::int64_t offset) {
      const LogRecord record = Story::at(offset, offset);
      const OperationId id = story.recorder.invoke_send(1, story.tick(), std::span(&record, 1));
      story.now += 10ms;
      story.recorder.complete_send(id, story.tick(), slow_outcome,
                                   slow_outcome == Outcome::ok ? std::span(&record.offset, 1) : std::span<const std::int64_t>());
    };
    for (std::int64_t i = 0; i < 99; ++i) story.send(1, Story::at(i, i));
    send_slowly(99);
    is_valid(story, promises);
    send_slowly(100);
    has_only(story, anomaly::slow_produce, promises);
  }
}

TEST_CASE("log rules: split-ownership: two members own a partition in one generation, not in two") {
  Story story;
  story.rebalance(1, 3, {Story::at(no_offset, 0)});
  story.rebalance(2, 4, {Story::at(no_offset, 0)});
  is_valid(story);
  story.rebalance(3, 4, {Story::at(no_offset, 0)});
  has_only(story, anomaly::split_ownership);
}

TEST_CASE("log rules: unowned-partition: some time after the last change somebody owns every partition") {
  Promises promises;
  promises.ownership_bound = 3ms;
  Story story;
  story.subscribe(1);
  story.rebalance(1, 1, {Story::at(no_offset, 0)});
  story.send(2, Story::at(0, 10));
  is_valid(story, promises);
  story.rebalance(1, 2, {});
  is_valid(story, promises);  // not within a window yet: judged when the bound had passed
  Story nobody;
  nobody.subscribe(1);
  nobody.rebalance(1, 1, {});
  nobody.send(2, Story::at(0, 10));
  has_only(nobody, anomaly::unowned_partition, promises);
}

TEST_CASE("log rules: commit-went-back, zombie-commit and lost-commit") {
  Story back;
  back.commit(1, 1, 5);
  back.commit(1, 2, 4);
  is_valid(back);
  back.commit(1, 1, 4);
  has_only(back, anomaly::commit_went_back);

  Story zombie;
  zombie.rebalance(1, 1, {});
  zombie.commit(1, 1, 4);
  zombie.rebalance(2, 2, {});
  zombie.commit(1, 1, 5, Outcome::fail);
  is_valid(zombie);
  zombie.commit(1, 1, 5);
  has_only(zombie, anomaly::zombie_commit);

  Story lost;
  lost.commit(1, 1, 4);
  lost.commit(1, 1, 5);
  lost.fetch(2, 5);
  is_valid(lost);
  lost.fetch(2, 4);
  has_only(lost, anomaly::lost_commit);

  Story late;  // the first of two commits of one offset may take effect after all others
  late.commit(3, 1, 4, Outcome::indefinite);
  late.commit(1, 1, 4);
  late.commit(1, 1, 5);
  late.fetch(2, 4);
  is_valid(late);
}

TEST_CASE("log rules: processed-twice and never-processed") {
  Promises promises;
  promises.exactly_once_groups = {"g"};
  Story story;
  story.send(1, Story::at(0, 10));
  story.send(1, Story::at(1, 11));
  story.send(1, Story::at(2, 12));
  story.txn(2, {}, {Story::at(0, 10)});
  story.txn(3, {}, {Story::at(1, 11)}, Outcome::fail);
  story.txn(3, {}, {Story::at(1, 11)});
  is_valid(story, promises);
  Story twice = story;
  twice.txn(3, {}, {Story::at(1, 11)});
  has_only(twice, anomaly::processed_twice, promises);

  Story left_out;
  left_out.send(1, Story::at(0, 10));
  left_out.send(1, Story::at(1, 11));
  left_out.send(1, Story::at(2, 12));
  left_out.txn(2, {}, {Story::at(0, 10)});
  is_valid(left_out, promises);
  left_out.txn(2, {}, {Story::at(2, 12)});
  has_only(left_out, anomaly::never_processed, promises);
}

TEST_CASE("log rules: a producer's sequence appears once, in order, without a gap, and never behind a newer epoch") {
  const std::vector<LogRecord> two{Story::at(0, 10), Story::at(1, 11)};
  const auto judge = [&](RecordAttributes first, RecordAttributes second, std::string_view name, std::int64_t second_offset = 1) {
    Story story;
    std::vector<LogRecord> records = two;
    records[1].offset = second_offset;
    story.poll(2, records, no_offset, {first, second});
    if (name.empty()) {
      is_valid(story);
    } else {
      has_only(story, name);
    }
  };
  judge(numbered(0, 3), numbered(0, 4), "");
  judge(numbered(0, 3), numbered(0, 3), anomaly::sequence_repeated);
  judge(numbered(0, 3), numbered(0, 2), anomaly::sequence_out_of_order);
  judge(numbered(0, 3), numbered(0, 5), anomaly::sequence_gap);
  judge(numbered(0, 3), numbered(0, 5), "", 2);
  judge(numbered(0, 2147483647), numbered(0, 0), "");
  judge(numbered(1, 0), numbered(0, 4), anomaly::zombie_append);
  judge(numbered(0, 4), numbered(1, 0), "");
  // What was acknowledged and never polled may be deleted: nobody knows whose it was.
  Story deleted;
  deleted.send(1, Story::at(1, 11));
  deleted.poll(2, {Story::at(0, 10)}, no_offset, {numbered(0, 3)});
  deleted.poll(2, {Story::at(2, 12)}, no_offset, {numbered(0, 5)});
  is_valid(deleted);
}

TEST_CASE("log rules: torn-transaction: a part of an indefinite transaction was read, another is not there in the end") {
  Story story;
  story.txn(1, {Story::at(no_offset, 10), Story::at(no_offset, 11, 1)}, {}, Outcome::indefinite);
  story.poll(2, {Story::at(0, 11, 1)});
  is_valid(story);
  Story whole = story;
  whole.poll(2, {Story::at(0, 10)}, 1);
  is_valid(whole);
  story.poll(2, {}, 0);
  has_only(story, anomaly::torn_transaction);
}

TEST_CASE("log rules: read-beyond-lso: a committed read goes past a transaction that is still open") {
  for (const bool open : {false, true}) {
    Story story;
    const std::vector<LogRecord> sent{Story::at(0, 10)};
    const OperationId txn = story.recorder.invoke_txn(1, story.tick(), sent);
    story.send(2, Story::at(1, 11));
    if (!open) story.recorder.set_decided(txn);
    story.recorder.set_read_committed(story.poll(3, {Story::at(1, 11)}));
    if (open) story.recorder.set_decided(txn);
    story.recorder.complete_txn(txn, story.tick(), Outcome::ok, std::vector<std::int64_t>{0}, {});
    if (open) {
      has_only(story, anomaly::read_beyond_lso);
    } else {
      is_valid(story);
    }
  }
}

TEST_CASE("log rules: deleted-early: only what is old, or far enough behind, or was asked to go, may be gone") {
  Story story;
  story.send(1, Story::at(0, 10), Outcome::ok, {.bytes = 10});
  story.send(1, Story::at(1, 11), Outcome::ok, {.bytes = 10});
  story.poll(2, {Story::at(1, 11)}, 2);
  Promises promises;
  promises.retention = {{.log_start = 1}};
  has_only(story, anomaly::deleted_early, promises);
  RetentionPolicy& policy = promises.retention[0];
  policy.retention = 3ms;
  has_only(story, anomaly::deleted_early, promises);
  policy.retention = 2ms;
  is_valid(story, promises);
  policy.retention.reset();
  policy.retention_bytes = 11;
  has_only(story, anomaly::deleted_early, promises);
  policy.retention_bytes = 10;
  is_valid(story, promises);
  policy.retention_bytes.reset();
  policy.deleted_below = 1;
  is_valid(story, promises);
}

TEST_CASE("log rules: compaction keeps the last of each key, and a tombstone for its time") {
  Promises promises;
  promises.retention = {{.compact = true}};
  const auto story = [](bool tombstone, const std::vector<LogRecord>& left) {
    Story result;
    result.send(1, Story::at(0, 10), Outcome::ok, keyed(7));
    result.send(1, Story::at(1, 11), Outcome::ok, keyed(7, tombstone));
    result.poll(2, left, 2);
    return result;
  };
  is_valid(story(false, {Story::at(1, 11)}), promises);
  has_only(story(false, {Story::at(0, 10)}), anomaly::key_lost, promises);
  is_valid(story(true, {}), promises);
  has_only(story(true, {Story::at(0, 10)}), anomaly::key_resurrected, promises);
  promises.retention[0].delete_retention = 1ms;
  has_only(story(true, {}), anomaly::tombstone_lost, promises);
  promises.retention[0].min_compaction_lag = 3ms;
  has_only(story(false, {Story::at(1, 11)}), anomaly::compacted_early, promises);
}

TEST_CASE("log rules: G1c is a failure among reads, with writes cycles are told and normal") {
  Story story;
  const OperationId first = story.recorder.invoke_txn(1, story.tick(), std::vector<LogRecord>{Story::at(0, 10)});
  story.txn(2, {Story::at(0, 20, 1)}, {Story::at(0, 10)});
  Story one_way = story;
  one_way.recorder.complete_txn(first, story.tick(), Outcome::ok, std::vector<std::int64_t>{0}, {});
  Promises promises;
  promises.dependencies = Dependencies::reads;
  is_valid(one_way, promises);
  story.recorder.complete_txn(first, story.tick(), Outcome::ok, std::vector<std::int64_t>{0},
                              std::vector<LogRecord>{Story::at(0, 20, 1)});
  has_only(story, "G1c", promises);
  CHECK(story.judge(promises).findings[0].text ==
        "op 0 sent value 10 to t-0, which op 1 read; op 1 sent value 20 to t-1, which op 0 read: a cycle");
  promises.dependencies = Dependencies::writes;
  promises.tolerated = cycles_normal_with_writes();
  const checkers::Verdict told = story.judge(promises);
  CHECK(told.outcome == checkers::Verdict::Outcome::valid);
  CHECK(told.count("G1c") == 1);
}
