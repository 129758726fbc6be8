// What an opening makes of the bytes that a crash left.
#include <catch2/catch.hpp>

#include "log_fixture.h"

using namespace faultline;
using namespace faultline::testing;
using Verdict = RecoveryReport::Verdict;

namespace {
const std::string first_segment = "t-0/00000000000000000000.log";
}

TEST_CASE_METHOD(LogFixture, "recovery: what was stable before a power cut is there after it") {
  REQUIRE(open().has_value());
  for (int i = 0; i < 5; ++i) REQUIRE(append_stable(make_batch(2)).has_value());
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(report.verdict == Verdict::recovered);
  CHECK(report.checked_bytes == 5 * 81);
  CHECK(log->log_end() == 10);
  CHECK(log->durable_end() == 10);
  CHECK(offsets_from(0) == std::vector<std::int64_t>{0, 2, 4, 6, 8});
  REQUIRE(append_stable(make_batch()).has_value());
  CHECK(offsets_from(8) == std::vector<std::int64_t>{8, 10});
}

TEST_CASE_METHOD(LogFixture, "recovery: with the page cache alone, a power cut takes what was not synced") {
  config.flush_messages = 1000;
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_end() == 0);
}

TEST_CASE_METHOD(LogFixture, "recovery: a log that was closed is not checked again") {
  config.segment_bytes = 200;
  REQUIRE(open().has_value());
  for (int i = 0; i < 5; ++i) REQUIRE(append_stable(make_batch()).has_value());
  in_fiber([&] { REQUIRE(log->close().has_value()); });
  CHECK(append(make_batch()).error() == Errc::closed);
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(report.verdict == Verdict::clean);
  CHECK(report.checked_bytes == 0);
  CHECK(log->log_end() == 5);
  CHECK(log->segment_count() == 3);
  CHECK(offsets_from(0).size() == 5);
  // The note of the clean close does not outlive what is appended after it.
  REQUIRE(append_stable(make_batch()).has_value());
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(report.verdict == Verdict::recovered);
  CHECK(log->log_end() == 6);
}

TEST_CASE_METHOD(LogFixture, "recovery: a torn tail is cut at the last whole batch, wherever it is torn") {
  REQUIRE(open().has_value());
  for (int i = 0; i < 3; ++i) REQUIRE(append_stable(make_batch()).has_value());
  crash();
  std::vector<std::uint8_t>& bytes = disk.bytes_of(first_segment);
  const std::vector<std::uint8_t> whole = bytes;
  REQUIRE(whole.size() == 3 * 81);
  for (std::size_t length = 0; length <= whole.size(); ++length) {
    bytes.assign(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length));
    if (length % 2 == 0) bytes.resize(whole.size() + 50);  // lost pages read as zeros
    REQUIRE(open(LogOpen::existing).has_value());
    // The checkpoint that a repair writes says that what is left is durable: from here on it may not get shorter.
    CHECK(log->log_end() == static_cast<std::int64_t>(length / 81));
    CHECK(bytes.size() == length / 81 * 81);
    CHECK((report.verdict == Verdict::torn_tail) == (length % 81 != 0 || length % 2 == 0));
    CHECK_FALSE(report.valid_after_cut);
    REQUIRE(append_stable(make_batch()).has_value());
    CHECK(offsets_from(0).size() == length / 81 + 1);
    crash();
    bytes = whole;
    disk.bytes_of("t-0/log-checkpoint").clear();
    const Slice start = LogCheckpoint{}.encode();
    disk.bytes_of("t-0/log-checkpoint").assign(start.data(), start.data() + start.size());
  }
}

TEST_CASE_METHOD(LogFixture, "recovery: a bad batch with good ones behind it is told apart from a torn end") {
  REQUIRE(open().has_value());
  for (int i = 0; i < 3; ++i) REQUIRE(append_stable(make_batch()).has_value());
  crash();
  disk.bytes_of(first_segment)[81 + 70] ^= 1;
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(report.verdict == Verdict::torn_tail);
  CHECK(report.valid_after_cut);
  CHECK(log->log_end() == 1);
}

TEST_CASE_METHOD(LogFixture, "recovery: damage below the recovery point refuses the log instead of cutting it") {
  config.segment_bytes = 200;
  REQUIRE(open().has_value());
  for (int i = 0; i < 5; ++i) REQUIRE(append_stable(make_batch()).has_value());
  in_fiber([&] { REQUIRE(log->write_checkpoint().has_value()); });
  crash();
  SECTION("a header that is gone") {
    disk.bytes_of(first_segment)[16] = 0;
    CHECK(open(LogOpen::existing).error() == Errc::corrupt);
  }
  SECTION("a file that is shorter") {
    disk.bytes_of("t-0/00000000000000000004.log").resize(40);
    CHECK(open(LogOpen::existing).error() == Errc::corrupt);
  }
  SECTION("a file in the middle that is missing") {
    REQUIRE(disk.remove("t-0/00000000000000000002.log", no_deadline).has_value());
    CHECK(open(LogOpen::existing).error() == Errc::corrupt);
  }
  SECTION("the first file that is missing") {
    REQUIRE(disk.remove(first_segment, no_deadline).has_value());
    CHECK(open(LogOpen::existing).error() == Errc::corrupt);
  }
  SECTION("the checkpoint itself") {
    disk.bytes_of("t-0/log-checkpoint")[30] ^= 1;
    CHECK(open(LogOpen::existing).error() == Errc::corrupt);
  }
  SECTION("no checkpoint") {
    REQUIRE(disk.remove("t-0/log-checkpoint", no_deadline).has_value());
    CHECK(open(LogOpen::existing).error() == Errc::corrupt);
  }
  CHECK(report.verdict == Verdict::corrupt);
  CHECK(report.detail != "");
}

TEST_CASE_METHOD(LogFixture, "recovery: an old batch with a good checksum behind newer ones is not taken for the log's") {
  REQUIRE(open().has_value());
  for (int i = 0; i < 3; ++i) REQUIRE(append_stable(make_batch(), 1).has_value());
  crash();
  std::vector<std::uint8_t>& bytes = disk.bytes_of(first_segment);
  const Slice stray = make_batch();
  SECTION("its offset does not follow") { protocol::BatchView::parse(stray)->stamp(2, 1); }
  SECTION("its epoch is older") { protocol::BatchView::parse(stray)->stamp(3, 0); }
  bytes.insert(bytes.end(), stray.data(), stray.data() + stray.size());
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(report.verdict == Verdict::torn_tail);
  CHECK(log->log_end() == 3);
}

TEST_CASE_METHOD(LogFixture,
                 "recovery: segments behind the cut, temporary files and removed segments that came back are cleared away") {
  config.segment_bytes = 200;
  REQUIRE(open().has_value());
  for (int i = 0; i < 6; ++i) REQUIRE(append_stable(make_batch()).has_value());
  const std::vector<std::uint8_t> old_first = disk.bytes_of(first_segment);
  in_fiber([&] { REQUIRE(log->delete_records_before(2, 6).has_value()); });
  CHECK_FALSE(disk.exists(first_segment));
  crash();
  in_fiber([&] {
    for (const char* name : {"t-0/00000000000000000000.log", "t-0/00000000000000000009.log", "t-0/log-checkpoint.tmp"}) {
      REQUIRE(disk.open(name, OpenMode::create, no_deadline).has_value());
    }
  });
  disk.bytes_of(first_segment) = old_first;
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(log->log_start() == 2);
  CHECK(log->log_end() == 6);
  CHECK(disk.paths() == std::vector<std::string>{"t-0/00000000000000000002.log", "t-0/00000000000000000004.log",
                                                 "t-0/leader-epoch-checkpoint", "t-0/log-checkpoint"});
}

TEST_CASE_METHOD(LogFixture, "recovery: kept bytes above the recovery point are written and synced again") {
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.fail_next(DiskCall::sync, Errc::io_error);
  CHECK(append_stable(make_batch()).error() == Errc::io_error);
  crash();  // the process only: the page cache still shows the second batch
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(log->log_end() == 2);
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_end() == 2);
}

TEST_CASE_METHOD(LogFixture, "recovery: epochs come back from the batches, and from the checkpoint those without a batch") {
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch(), 1).has_value());
  REQUIRE(append_stable(make_batch(), 3).has_value());
  in_fiber([&] { REQUIRE(log->begin_epoch(5).has_value()); });
  const std::vector<EpochStart> epochs{{1, 0}, {3, 1}, {5, 2}};
  CHECK(log->epoch_starts() == epochs);
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->epoch_starts() == epochs);
  disk.bytes_of("t-0/leader-epoch-checkpoint").clear();
  crash();
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(log->epoch_starts() == std::vector<EpochStart>{{1, 0}, {3, 1}});
}

namespace {
constexpr std::size_t epoch_byte = 15;       // the lowest of a batch's leader epoch, which no checksum covers
constexpr std::size_t base_offset_byte = 7;  // and of its base offset
constexpr std::size_t one_batch_bytes = 81;  // what make_batch() makes
}  // namespace

TEST_CASE_METHOD(LogFixture, "recovery: a batch is believed its leader epoch only as far as the epoch file has it") {
  REQUIRE(lead(2).has_value());
  for (int i = 0; i < 3; ++i) REQUIRE(append_stable(make_batch(), 2).has_value());
  SECTION("above the recovery point the log ends before it") {
    crash();
    disk.bytes_of(first_segment)[2 * one_batch_bytes + epoch_byte] = 7;
    REQUIRE(open(LogOpen::existing).has_value());
    CHECK(report.verdict == RecoveryReport::Verdict::torn_tail);
    CHECK(log->log_end() == 2);
    CHECK(log->latest_epoch() == 2);
  }
  SECTION("below it the log is refused") {
    in_fiber([&] { REQUIRE(log->close().has_value()); });
    crash();
    disk.bytes_of(first_segment)[2 * one_batch_bytes + epoch_byte] = 7;
    CHECK(open(LogOpen::existing).error() == Errc::corrupt);
  }
  SECTION("without the epoch file it is believed, but nobody leads the log below it") {
    crash();
    disk.bytes_of(first_segment)[2 * one_batch_bytes + epoch_byte] = 7;
    disk.bytes_of("t-0/leader-epoch-checkpoint").clear();
    CHECK(lead(3, LogOpen::existing).error() == Errc::corrupt);
  }
}

TEST_CASE_METHOD(LogFixture, "recovery: a follower has an epoch on the disk before the first batch of it") {
  REQUIRE(lead(2).has_value());
  Slice theirs = make_batch();
  in_fiber([&] {
    REQUIRE(protocol::BatchView::parse(theirs).has_value());
    protocol::BatchView::parse(theirs)->stamp(0, 9);
    REQUIRE(log->append_as_follower(theirs).has_value());
  });
  CHECK(log->written_end() == 1);
  crash();  // the process only
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(log->log_end() == 1);
  CHECK(log->latest_epoch() == 9);
}

TEST_CASE_METHOD(LogFixture, "log: rot in what no checksum covers is found when a batch is read") {
  config.tail_cache_bytes = 0;
  REQUIRE(lead(2).has_value());
  for (int i = 0; i < 3; ++i) REQUIRE(append_stable(make_batch(4), 2).has_value());
  SECTION("the leader epoch") {
    disk.bytes_of(first_segment)[epoch_byte] = 1;
    CHECK(read(0).error() == Errc::corrupt);
  }
  SECTION("the base offset of the batch that is asked for, where the rotten one still holds the offset") {
    REQUIRE(read(0, {INT64_MAX, 1, true})->next_offset == 4);  // the next read goes on from there without a search
    disk.bytes_of(first_segment)[one_batch_bytes + base_offset_byte] = 3;
    CHECK(read(4).error() == Errc::corrupt);
  }
}
