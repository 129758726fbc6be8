// Disks that fail: what is refused, what is kept, and when the log may go on.
#include <catch2/catch.hpp>

#include "log_fixture.h"

using namespace faultline;
using namespace faultline::testing;

TEST_CASE_METHOD(LogFixture, "failure: a failed sync fences the log: no append, no progress, but what is stable can be read") {
  config.tail_cache_bytes = GENERATE(0, 1 << 20);
  const Errc cause = GENERATE(Errc::io_error, Errc::timed_out, Errc::read_only);
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.fail_next(DiskCall::sync, cause);
  const Result<> lost = append_stable(make_batch());
  REQUIRE(lost.has_error());
  CHECK(lost.error() == Errc::io_error);
  CHECK(lost.error().injected);
  CHECK(log->fenced());
  CHECK(append(make_batch()).error() == Errc::io_error);
  CHECK(log->durable_end() == 1);
  CHECK(offsets_from(0) == std::vector<std::int64_t>{0});
  in_fiber([&] {
    CHECK(log->close().error() == Errc::io_error);
    CHECK(log->write_checkpoint().error() == Errc::io_error);
  });
  CHECK(log->durable_end() == 1);
}

TEST_CASE_METHOD(LogFixture, "failure: a failed write, or a directory that cannot be synced, fences the log") {
  const DiskCall call = GENERATE(DiskCall::write, DiskCall::sync_dir, DiskCall::open);
  REQUIRE(open().has_value());
  disk.fail_next(call, Errc::io_error);
  CHECK(append_stable(make_batch()).error() == Errc::io_error);
  CHECK(log->fenced());
  CHECK(log->stable_end() == 0);
}

TEST_CASE_METHOD(LogFixture, "failure: all who wait for the same sync learn that it failed") {
  REQUIRE(open().has_value());
  disk.syncs_pass.reset();
  int failed = 0;
  for (int i = 0; i < 5; ++i) {
    world.spawn_root("producer", [&] {
      const Result<AppendInfo> info = append(make_batch());
      failed += log->wait_stable(info->ticket, no_deadline).error() == Errc::io_error ? 1 : 0;
    });
  }
  settle();
  disk.fail_next(DiskCall::sync, Errc::io_error);
  disk.syncs_pass.set();
  settle();
  CHECK(failed == 5);
}

TEST_CASE_METHOD(LogFixture, "failure: an append that waits gives up at its deadline, and the batch is written all the same") {
  REQUIRE(open().has_value());
  disk.syncs_pass.reset();
  Result<> outcome;
  in_fiber(
      [&] {
        const Result<AppendInfo> info = append(make_batch());
        outcome = log->wait_stable(info->ticket, after(clock.now(), 1s));
      },
      2s);
  REQUIRE(outcome.has_error());
  CHECK(outcome.error() == Errc::timed_out);
  disk.syncs_pass.set();
  settle();
  CHECK(log->stable_end() == 1);
}

TEST_CASE_METHOD(
    LogFixture, "failure: a full disk takes back what was not written, keeps what was, and the log goes on when there is space") {
  config.segment_bytes = 400;
  config.tail_cache_bytes = GENERATE(0, 1 << 20);
  const std::size_t space = GENERATE(0u, 1u, 80u, 81u, 100u, 200u);
  REQUIRE(open().has_value());
  for (int i = 0; i < 3; ++i) REQUIRE(append_stable(make_batch(), 1).has_value());
  disk.space_left = space;
  std::vector<Errc> outcomes(4);
  for (std::size_t i = 0; i < 4; ++i) {
    world.spawn_root("producer", [&, i] {
      const Result<AppendInfo> info = append(make_batch(), 2);
      const Result<> stable = log->wait_stable(info->ticket, no_deadline);
      outcomes[i] = stable.has_value() ? Errc::none : stable.error().code;
    });
  }
  settle();
  CHECK_FALSE(log->fenced());
  // The four batches go to the disk in two groups: one for what fits in the segment, three for the next one.
  const std::vector<Errc> failed(4, Errc::no_space);
  const std::vector<Errc> one_kept{Errc::none, Errc::no_space, Errc::no_space, Errc::no_space};
  CHECK((outcomes == failed || (space >= 81 && outcomes == one_kept)));
  const std::int64_t kept = log->stable_end();
  CHECK(log->log_end() == kept);
  CHECK(append_stable(make_batch(), 2).error() == Errc::no_space);

  disk.space_left.reset();
  REQUIRE(append_stable(make_batch(2), 2).has_value());
  CHECK(log->stable_end() == kept + 2);
  const std::vector<std::int64_t> offsets = offsets_from(0);
  CHECK(offsets.size() == static_cast<std::size_t>(kept + 1));
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(report.cut_bytes == 0);
  CHECK(offsets_from(0) == offsets);
}

TEST_CASE_METHOD(LogFixture, "failure: a full disk on which not even the cut succeeds fences the log") {
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.space_left = 10;
  disk.fail_next(DiskCall::truncate, Errc::io_error);
  CHECK(append_stable(make_batch()).error() == Errc::no_space);
  CHECK(log->fenced());
  CHECK(append(make_batch()).error() == Errc::io_error);
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_end() == 1);
}

TEST_CASE_METHOD(LogFixture, "failure: a full disk that shows at the sync takes back what is not durable, and the log goes on") {
  config.segment_bytes = 200;
  const int before = GENERATE(0, 1, 2, 3);
  REQUIRE(open().has_value());
  for (int i = 0; i < before; ++i) REQUIRE(append_stable(make_batch()).has_value());
  disk.syncs_pass.reset();
  std::vector<AppendInfo> infos;
  for (int i = 0; i < 3; ++i) {
    in_fiber([&] { infos.push_back(*append(make_batch())); });  // written, in up to three segments
  }
  disk.fail_next(DiskCall::sync, Errc::no_space);
  disk.syncs_pass.set();
  settle();
  CHECK_FALSE(log->fenced());
  in_fiber([&] {
    for (const AppendInfo& info : infos) CHECK(log->wait_stable(info.ticket, no_deadline).error() == Errc::no_space);
  });
  CHECK(log->log_end() == before);
  REQUIRE(append_stable(make_batch(2, 33)).has_value());
  const std::vector<std::int64_t> offsets = offsets_from(0);
  CHECK(offsets.size() == static_cast<std::size_t>(before + 1));
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(report.cut_bytes == 0);
  CHECK(offsets_from(0) == offsets);
}

TEST_CASE_METHOD(LogFixture,
                 "failure: while appends are being taken back others are refused; a cut that finds no space is tried again") {
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.space_left = 10;
  disk.fail_next(DiskCall::truncate, Errc::no_space);
  CHECK(append_stable(make_batch()).error() == Errc::no_space);
  CHECK(append(make_batch()).error() == Errc::no_space);
  disk.space_left.reset();
  pass(1s);
  REQUIRE(append_stable(make_batch()).has_value());
  CHECK(offsets_from(0).size() == 2);
}

TEST_CASE_METHOD(LogFixture, "failure: a full disk at a sync fences a page-cache log, since it acknowledged what the sync lost") {
  config.flush_messages = 2;
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.fail_next(DiskCall::sync, Errc::no_space);
  REQUIRE(append_stable(make_batch()).has_value());
  settle();
  CHECK(log->fenced());
  CHECK(offsets_from(0).size() == 2);
}

TEST_CASE_METHOD(LogFixture, "failure: a ticket of an append that was taken back fails, though its offsets were given again") {
  REQUIRE(open().has_value());
  disk.space_left = 10;
  Result<AppendInfo> first = Error(Errc::internal);
  in_fiber([&] {
    first = append(make_batch());
    CHECK(log->wait_stable(first->ticket, no_deadline).error() == Errc::no_space);
  });
  disk.space_left.reset();
  in_fiber([&] {
    const Result<AppendInfo> second = append(make_batch());
    CHECK(second->base_offset == first->base_offset);
    REQUIRE(log->wait_stable(second->ticket, no_deadline).has_value());
    CHECK(log->wait_stable(first->ticket, no_deadline).error() == Errc::no_space);
    CHECK(log->wait_stable(second->ticket, no_deadline).has_value());
  });
}

TEST_CASE_METHOD(LogFixture, "failure: bytes that rotted, or that lie in the wrong place, are never served") {
  config.tail_cache_bytes = 0;
  config.index_interval_bytes = GENERATE(0, 100000);
  REQUIRE(open().has_value());
  for (int i = 0; i < 4; ++i) REQUIRE(append_stable(make_batch(1, 20, 1000, static_cast<std::uint8_t>(i))).has_value());
  std::vector<std::uint8_t>& bytes = disk.bytes_of("t-0/00000000000000000000.log");
  const std::vector<std::uint8_t> good = bytes;
  const bool misdirected = GENERATE(false, true);
  if (misdirected) {
    std::copy_n(good.begin(), 81, bytes.begin() + 162);  // batch 0 where batch 2 should be, with its good checksum
  } else {
    bytes[162 + 65] ^= 4;
  }
  const Result<ReadResult> before = read(0);
  REQUIRE(before.has_value());
  CHECK(before->next_offset == 2);
  const Result<ReadResult> at = read(2);
  REQUIRE(at.has_error());
  CHECK(at.error() == Errc::corrupt);
  bytes = good;
  CHECK(read(2)->next_offset == 4);
}

TEST_CASE_METHOD(LogFixture, "failure: damage where the log is to be cut fences it, and is called damage") {
  config.tail_cache_bytes = 0;
  config.index_interval_bytes = 100000;
  REQUIRE(open().has_value());
  for (int i = 0; i < 4; ++i) REQUIRE(append_stable(make_batch()).has_value());
  disk.bytes_of("t-0/00000000000000000000.log")[7] ^= 4;  // the first batch's offset: the walk to the third begins there
  in_fiber([&] { CHECK(log->truncate_to(2).error() == Errc::corrupt); });
  CHECK(log->fenced());
  CHECK(log->fence_reason() == Errc::corrupt);
  CHECK(append(make_batch()).error() == Errc::corrupt);
}

TEST_CASE_METHOD(LogFixture, "failure: a file that became shorter is corrupt, not empty") {
  config.tail_cache_bytes = 0;
  REQUIRE(open().has_value());
  for (int i = 0; i < 2; ++i) REQUIRE(append_stable(make_batch()).has_value());
  disk.bytes_of("t-0/00000000000000000000.log").resize(90);
  CHECK(read(1).error() == Errc::corrupt);
}
