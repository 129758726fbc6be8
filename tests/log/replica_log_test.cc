// What only a replica asks of its log: to start anew elsewhere, to remember the watermark, to own up to damage.
#include <catch2/catch.hpp>

#include "log_fixture.h"

using namespace faultline;
using namespace faultline::testing;

namespace {

struct ReplicaLogFixture : LogFixture {
  Result<> start_over(std::int64_t offset) {
    Result<> done;
    in_fiber([&] { done = log->start_over_at(offset); });
    return done;
  }
  /// A batch as the leader of epoch 0 wrote it, of `count` records from `offset` on.
  Slice led(std::int64_t offset, std::int32_t count = 1) {
    const Slice batch = make_batch(count);
    protocol::BatchView::parse(batch)->stamp(offset, 0);
    return batch;
  }
  Result<> follow(const Slice& batches) {
    Result<> done;
    in_fiber([&] {
      const Result<AppendInfo> info = log->append_as_follower(batches);
      done = info ? log->wait_stable(info->ticket, no_deadline) : Result<>(info.error());
    });
    return done;
  }
};

}  // namespace

TEST_CASE_METHOD(ReplicaLogFixture, "log: one that starts over is empty elsewhere, durably, and goes on from there") {
  config.segment_bytes = 200;
  const std::int64_t elsewhere = GENERATE(0, 2, 1000);
  REQUIRE(open().has_value());
  for (std::int64_t i = 0; i < 5; ++i) REQUIRE(follow(led(i)).has_value());
  log->note_high_watermark(5);
  REQUIRE(start_over(elsewhere).has_value());
  CHECK(log->log_start() == elsewhere);
  CHECK(log->log_end() == elsewhere);
  CHECK_FALSE(log->latest_epoch().has_value());
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_end() == elsewhere);
  CHECK_FALSE(report.damaged);
  REQUIRE(follow(led(elsewhere)).has_value());
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(offsets_from(elsewhere) == std::vector<std::int64_t>{elsewhere});
}

TEST_CASE_METHOD(ReplicaLogFixture, "log: a power cut anywhere in a start-over leaves a log that can be opened") {
  for (int calls = 0; calls < 12; ++calls) {
    ReplicaLogFixture attempt;
    attempt.config.segment_bytes = 200;
    REQUIRE(attempt.open().has_value());
    for (std::int64_t i = 0; i < 3; ++i) REQUIRE(attempt.follow(attempt.led(i)).has_value());
    attempt.disk.syncs_left = calls + 1;
    attempt.world.spawn_root("start over", [&] { (void)attempt.log->start_over_at(1000); });
    attempt.settle();
    attempt.disk.syncs_left.reset();
    attempt.world.cancel_all();
    attempt.settle();
    attempt.crash();
    attempt.disk.syncs_pass.set();
    attempt.disk.lose_power();
    REQUIRE(attempt.open(LogOpen::existing).has_value());
    const std::int64_t end = attempt.log->log_end();
    CHECK((end == 1000 || end <= 3));
  }
}

TEST_CASE_METHOD(ReplicaLogFixture, "log: an empty one that starts inside of its leader's batch takes the whole batch") {
  REQUIRE(open().has_value());
  REQUIRE(start_over(3).has_value());
  CHECK(follow(led(4, 2)).has_error());
  REQUIRE(follow(led(1, 5)).has_value());
  CHECK(log->log_start() == 3);
  CHECK(log->log_end() == 6);
  CHECK(offsets_from(3) == std::vector<std::int64_t>{1});
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_start() == 3);
  CHECK(offsets_from(3) == std::vector<std::int64_t>{1});
}

TEST_CASE_METHOD(ReplicaLogFixture, "log: half of that batch is no damage, only an empty log") {
  REQUIRE(open().has_value());
  REQUIRE(start_over(3).has_value());
  disk.syncs_pass.reset();
  in_fiber([&] { REQUIRE(log->append_as_follower(led(1, 5)).has_value()); });
  crash();
  disk.syncs_pass.set();
  for (const std::string& path : disk.paths()) {
    if (path.ends_with(".log")) disk.bytes_of(path).resize(70);
  }
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(log->log_start() == 3);
  CHECK(log->log_end() == 3);
  CHECK_FALSE(report.damaged);
}

TEST_CASE_METHOD(ReplicaLogFixture, "log: one that ends below its noted watermark is damaged, until somebody was told") {
  config.flush_messages = 1000;  // so that the watermark may pass what is synced
  REQUIRE(open().has_value());
  REQUIRE(follow(led(0)).has_value());
  log->note_high_watermark(1);
  in_fiber([&] { REQUIRE(log->write_checkpoint().has_value()); });
  REQUIRE(reopen_after_power_loss().has_value());
  REQUIRE(log->log_end() == 0);
  CHECK(report.damaged);
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(report.damaged);
  in_fiber([&] { REQUIRE(log->forget_damage().has_value()); });
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK_FALSE(report.damaged);
}

TEST_CASE_METHOD(ReplicaLogFixture, "log: a torn end is no damage, a bad batch in front of a good one is") {
  const bool behind = GENERATE(false, true);
  REQUIRE(open().has_value());
  for (std::int64_t i = 0; i < 3; ++i) REQUIRE(follow(led(i)).has_value());
  crash();
  for (const std::string& path : disk.paths()) {
    if (path.ends_with(".log")) disk.bytes_of(path)[behind ? 100 : disk.bytes_of(path).size() - 1] ^= 1;
  }
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(report.damaged == behind);
  crash();
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(report.damaged == behind);
}

TEST_CASE_METHOD(ReplicaLogFixture,
                 "log: what others were given is not taken back when the disk is full, the log fails instead") {
  const bool shared = GENERATE(false, true);
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.syncs_pass.reset();
  in_fiber([&] { REQUIRE(append(make_batch()).has_value()); });
  if (shared) log->shared_up_to(log->written_end());
  disk.fail_next(DiskCall::sync, Errc::no_space);
  disk.syncs_pass.set();
  settle();
  CHECK(log->fenced() == shared);
}

TEST_CASE_METHOD(ReplicaLogFixture, "log: an epoch that could not be noted is noted at the next attempt") {
  REQUIRE(open().has_value());
  disk.fail_next(DiskCall::sync, Errc::no_space);
  in_fiber([&] {
    CHECK(log->begin_epoch(4).has_error());
    CHECK(log->begin_epoch(4).has_value());
  });
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->latest_epoch() == 4);
}
