// Appending, group commit and reading, on a disk that behaves.
#include <catch2/catch.hpp>

#include "log_fixture.h"

using namespace faultline;
using namespace faultline::testing;

TEST_CASE_METHOD(LogFixture, "log: a new log is empty, and its offsets start at zero") {
  REQUIRE(open().has_value());
  CHECK(report.verdict == RecoveryReport::Verdict::created);
  CHECK(log->log_start() == 0);
  CHECK(log->log_end() == 0);
  CHECK(read(0)->batches.empty());
  CHECK(read(1).error() == Errc::invalid_argument);
}

TEST_CASE_METHOD(LogFixture, "log: an append gets the next offsets and the leader's epoch, stamped into the received bytes") {
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch(3)).has_value());
  const Slice batch = make_batch(2);
  in_fiber([&] {
    const Result<AppendInfo> info = append(batch, 4);
    REQUIRE(info.has_value());
    CHECK(info->base_offset == 3);
    CHECK(info->last_offset == 4);
    REQUIRE(log->wait_stable(info->ticket, no_deadline).has_value());
  });
  const Result<ReadResult> result = read(4);
  REQUIRE(result.has_value());
  REQUIRE(result->batches.size() == 1);
  CHECK(result->batches[0].data() == batch.data());  // the same memory: nothing was copied
  CHECK(result->next_offset == 5);
  CHECK(read_batch_header(batch.bytes())->base_offset == 3);
  CHECK(read_batch_header(batch.bytes())->leader_epoch == 4);
  CHECK(batch_checksum_matches(batch));
}

TEST_CASE_METHOD(LogFixture, "log: batches that arrive during a sync share the next one") {
  REQUIRE(lead(0).has_value());
  disk.syncs_pass.reset();
  in_fiber([&] { REQUIRE(append(make_batch()).has_value()); });
  const int before = disk.syncs;
  int stable = 0;
  for (int i = 0; i < 50; ++i) {
    world.spawn_root("producer", [&] {
      const Result<AppendInfo> info = append(make_batch());
      REQUIRE(log->wait_stable(info->ticket, no_deadline).has_value());
      ++stable;
    });
  }
  settle();
  CHECK(stable == 0);
  CHECK(log->written_end() == 51);
  CHECK(log->durable_end() == 0);
  CHECK(disk.largest_write_pieces == 50);
  disk.syncs_pass.set();
  settle();
  CHECK(stable == 50);
  CHECK(log->durable_end() == 51);
  CHECK(disk.syncs - before == 2);
}

TEST_CASE_METHOD(LogFixture, "log: a batch written while a sync runs is not durable when that sync ends") {
  REQUIRE(lead(0).has_value());
  disk.syncs_pass.reset();
  in_fiber([&] { REQUIRE(append(make_batch()).has_value()); });
  std::vector<std::int64_t> durable_ends;
  log->on_progress([&] { durable_ends.push_back(log->durable_end()); });
  in_fiber([&] { REQUIRE(append(make_batch()).has_value()); });
  disk.syncs_pass.set();
  settle();
  CHECK(durable_ends == std::vector<std::int64_t>{1, 2});
}

TEST_CASE_METHOD(LogFixture, "log: with flush.messages above one the page cache is enough, and only every so many are synced") {
  config.flush_messages = 10;
  REQUIRE(lead(0).has_value());
  const int before = disk.syncs;
  for (int i = 0; i < 9; ++i) REQUIRE(append_stable(make_batch()).has_value());
  CHECK(disk.syncs == before);
  CHECK(log->stable_end() == 9);
  CHECK(log->durable_end() == 0);
  REQUIRE(append_stable(make_batch()).has_value());
  CHECK(disk.syncs == before + 1);
  CHECK(log->durable_end() == 10);
  in_fiber([&] {
    const Result<AppendInfo> info = append(make_batch());
    REQUIRE(log->wait_durable(info->ticket, no_deadline).has_value());  // whoever asks gets a sync at once
  });
  CHECK(log->durable_end() == 11);
}

TEST_CASE_METHOD(LogFixture,
                 "log: a read gives whole batches from the one that holds the offset, from memory and from the disk alike") {
  config.segment_bytes = 1000;
  config.index_interval_bytes = GENERATE(0, 300, 100000);
  config.tail_cache_bytes = GENERATE(0, 500, 1 << 20);
  const std::size_t max_bytes = GENERATE(1u, 200u, 10000u);
  REQUIRE(open().has_value());
  for (int i = 0; i < 40; ++i) REQUIRE(append_stable(make_batch(3, 20 + static_cast<std::size_t>(i) * 3)).has_value());
  CHECK(log->segment_count() > 3);
  for (std::int64_t offset = 0; offset < 120; ++offset) {
    const Result<ReadResult> result = read(offset, {INT64_MAX, max_bytes, true});
    REQUIRE(result.has_value());
    REQUIRE(!result->batches.empty());
    const BatchHeader first = *read_batch_header(result->batches[0].bytes());
    CHECK(first.base_offset == offset - offset % 3);
    CHECK((result->bytes <= max_bytes || result->batches.size() == 1));
  }
  std::vector<std::int64_t> expected;
  for (std::int64_t offset = 0; offset < 120; offset += 3) expected.push_back(offset);
  CHECK(offsets_from(0, max_bytes) == expected);
}

TEST_CASE_METHOD(LogFixture, "log: a read stops at the upper bound, and gives nothing rather than a batch that is too large") {
  config.tail_cache_bytes = GENERATE(0, 1 << 20);
  REQUIRE(open().has_value());
  for (int i = 0; i < 4; ++i) REQUIRE(append_stable(make_batch(2)).has_value());
  CHECK(read(0, {4, 1 << 20, true})->next_offset == 4);
  CHECK(read(0, {5, 1 << 20, true})->next_offset == 4);
  CHECK(read(4, {4, 1 << 20, true})->batches.empty());
  CHECK(read(0, {8, 10, false})->batches.empty());
  CHECK(read(0, {8, 10, true})->next_offset == 2);
}

TEST_CASE_METHOD(LogFixture, "log: who gets nothing at an offset inside a batch gets the batch when there is room") {
  config.tail_cache_bytes = 0;
  REQUIRE(open().has_value());
  for (int i = 0; i < 2; ++i) REQUIRE(append_stable(make_batch(3)).has_value());
  CHECK(read(4, {6, 1, false})->batches.empty());
  const Result<ReadResult> found = read(4, {6, 1 << 20, true});
  REQUIRE(found.has_value());
  CHECK(found->next_offset == 6);
}

TEST_CASE_METHOD(LogFixture, "log: a consumer that reads on from the disk needs one read a piece") {
  config.tail_cache_bytes = 0;
  REQUIRE(open().has_value());
  for (int i = 0; i < 100; ++i) REQUIRE(append_stable(make_batch(1, 1000)).has_value());
  REQUIRE(offsets_from(0, 10000).size() == 100);
  disk.reads = 0;
  CHECK(offsets_from(0, 10000).size() == 100);
  CHECK(disk.reads <= 13);
}

TEST_CASE_METHOD(LogFixture, "log: a batch above max.message.bytes is refused") {
  config.max_message_bytes = 100;
  REQUIRE(open().has_value());
  CHECK(append_stable(make_batch(1, 39)).has_value());
  CHECK(append_stable(make_batch(1, 40)).error() == Errc::too_large);
  CHECK(log->log_end() == 1);
}

TEST_CASE_METHOD(LogFixture, "log: segments roll by size, by time and when buggify says so") {
  config.segment_bytes = 200;
  config.segment_ms = 1000;
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  CHECK(log->segment_count() == 1);
  REQUIRE(append_stable(make_batch()).has_value());
  CHECK(log->segment_count() == 2);
  pass(1s);
  REQUIRE(append_stable(make_batch()).has_value());
  CHECK(log->segment_count() == 3);
  buggify.enabled = "log.tiny_segment";
  REQUIRE(append_stable(make_batch()).has_value());
  CHECK(log->segment_count() == 4);
  CHECK(disk.exists("t-0/00000000000000000002.log"));
}

TEST_CASE_METHOD(LogFixture, "log: a follower's append must go on where the log ends") {
  REQUIRE(open().has_value());
  const Slice first = make_batch(2);
  const Slice second = make_batch(3);
  first.part(0, first.size()).writable()[15] = 1;  // epoch -1 has all bits set: make it 0x...ff01
  protocol::BatchView::parse(first)->stamp(0, 1);
  protocol::BatchView::parse(second)->stamp(2, 2);
  const std::vector<Slice> both{first, second};
  CHECK(log->append_as_follower(second).error() == Errc::malformed);
  in_fiber([&] {
    const Result<AppendInfo> info = log->append_as_follower(concatenate(both));
    REQUIRE(info.has_value());
    CHECK(info->last_offset == 4);
    REQUIRE(log->wait_stable(info->ticket, no_deadline).has_value());
  });
  CHECK(log->epoch_starts() == std::vector<EpochStart>{{1, 0}, {2, 2}});
  CHECK(log->append_as_follower(first).error() == Errc::malformed);
}

TEST_CASE_METHOD(LogFixture, "log: an epoch that it led without a batch does not keep it from following an older leader's log") {
  REQUIRE(open().has_value());
  const Slice older = make_batch(2);
  protocol::BatchView::parse(older)->stamp(0, 1);
  in_fiber([&] {
    REQUIRE(log->begin_epoch(3).has_value());
    const Result<AppendInfo> info = log->append_as_follower(older);
    REQUIRE(info.has_value());
    REQUIRE(log->wait_stable(info->ticket, no_deadline).has_value());
  });
  CHECK(log->epoch_starts() == std::vector<EpochStart>{{1, 0}});
  // The checkpoint still names epoch 3, at offset 0: it must not claim the batch when the log is read again.
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->epoch_starts() == std::vector<EpochStart>{{1, 0}});
}
