// The log gets shorter: retention, DeleteRecords, truncation; and what is asked by time.
#include <catch2/catch.hpp>

#include "log_fixture.h"

using namespace faultline;
using namespace faultline::testing;

namespace {

struct TrimFixture : LogFixture {
  TrimFixture() { config.segment_bytes = 200; }

  std::int64_t wall_ms() const { return to_unix_ms(clock.wall_now()); }
  /// Five segments of two batches, each batch dated now.
  void fill() {
    REQUIRE(open().has_value());
    for (int i = 0; i < 10; ++i) REQUIRE(append_stable(make_batch(1, 20, wall_ms())).has_value());
    REQUIRE(log->segment_count() == 5);
  }
  std::uint32_t retain(std::int64_t high_watermark = INT64_MAX) {
    std::uint32_t removed = 0;
    in_fiber([&] {
      const auto result = log->apply_retention(high_watermark);
      REQUIRE(result.has_value());
      removed = *result;
    });
    return removed;
  }
  struct Outcomes {
    Result<> deleted = Error(Errc::internal);
    Result<> truncated = Error(Errc::internal);
  };
  /// Records below 6 are deleted, and the log cut at 4, while both have to wait for a sync.
  Outcomes at_once() {
    Outcomes outcomes;
    disk.syncs_pass.reset();
    world.spawn_root("deletion", [&] { outcomes.deleted = log->delete_records_before(6, 10); });
    world.spawn_root("truncation", [&] { outcomes.truncated = log->truncate_to(4); });
    settle();
    disk.syncs_pass.set();
    settle();
    return outcomes;
  }
};

}  // namespace

TEST_CASE_METHOD(TrimFixture, "retention: by size, whole segments go, none above the high watermark, never the last") {
  config.retention_bytes = 2 * 81;
  fill();
  CHECK(retain(3) == 1);
  CHECK(log->log_start() == 2);
  CHECK(retain() == 3);
  CHECK(log->log_start() == 8);
  CHECK(retain() == 0);
  CHECK(offsets_from(8) == std::vector<std::int64_t>{8, 9});
  CHECK(read(7).error() == Errc::invalid_argument);
}

TEST_CASE_METHOD(TrimFixture, "retention: with the page cache alone, what does not grow any more is synced, and goes") {
  config.flush_messages = INT64_MAX;  // as Kafka has it
  config.retention_bytes = 2 * 81;
  fill();
  REQUIRE(log->durable_end() == 0);
  CHECK(retain() == 4);
  CHECK(log->log_start() == 8);
  CHECK(log->durable_end() >= 8);
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_start() == 8);
}

TEST_CASE_METHOD(TrimFixture, "retention: by time, old segments go, the active one too once it is rolled") {
  config.retention_ms = 60'000;
  config.retention_grace_ms = 1000;
  fill();
  CHECK(retain() == 0);
  pass(60s);
  CHECK(retain() == 0);
  pass(1ms);
  CHECK(retain() == 5);
  CHECK(log->log_start() == 10);
  CHECK(log->log_end() == 10);
  REQUIRE(append_stable(make_batch()).has_value());
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_start() == 10);
  CHECK(log->log_end() == 11);
}

TEST_CASE_METHOD(TrimFixture, "retention: a wall clock that jumps ahead does not eat fresh data") {
  config.retention_ms = 7 * 24 * 3600 * 1000;
  fill();
  clock.wall_at_start += std::chrono::hours(24 * 365);
  pass(1h);
  CHECK(retain() == 0);
  SECTION("nor after a restart, for a while") {
    in_fiber([&] { REQUIRE(log->close().has_value()); });
    crash();
    REQUIRE(open(LogOpen::existing).has_value());
    CHECK(retain() == 0);
    pass(std::chrono::milliseconds(config.retention_grace_ms));
    CHECK(retain() == 5);
  }
  SECTION("and the time that has really passed counts") {
    pass(std::chrono::hours(24 * 8));
    CHECK(retain() == 5);
  }
}

TEST_CASE_METHOD(TrimFixture,
                 "retention: a clock that jumps back keeps data longer, and old timestamps are kept for the grace time") {
  config.retention_ms = 60'000;
  config.retention_grace_ms = 5000;
  SECTION("back") {
    fill();
    clock.wall_at_start -= 1h;
    pass(30min);
    CHECK(retain() == 0);
  }
  SECTION("old timestamps") {
    REQUIRE(open().has_value());
    for (int i = 0; i < 4; ++i) REQUIRE(append_stable(make_batch(1, 20, 1000)).has_value());
    pass(4s);
    CHECK(retain() == 0);
    pass(1s);
    CHECK(retain() == 2);
  }
}

TEST_CASE_METHOD(TrimFixture, "retention: removed files are renamed at once and removed after file.delete.delay.ms") {
  config.retention_bytes = 0;
  config.file_delete_delay_ms = 5000;
  fill();
  CHECK(retain() == 4);
  CHECK(disk.exists("t-0/00000000000000000000.log.deleted"));
  CHECK_FALSE(disk.exists("t-0/00000000000000000000.log"));
  pass(4s);
  CHECK(disk.exists("t-0/00000000000000000000.log.deleted"));
  pass(1s);
  CHECK_FALSE(disk.exists("t-0/00000000000000000000.log.deleted"));
}

TEST_CASE_METHOD(TrimFixture, "delete records: the new start is durable before the answer, and never above the watermark") {
  fill();
  in_fiber([&] {
    CHECK(log->delete_records_before(6, 5).error() == Errc::invalid_argument);
    CHECK(log->log_start() == 0);
    REQUIRE(log->delete_records_before(5, 10).has_value());
    REQUIRE(log->delete_records_before(3, 10).has_value());  // behind the start already
  });
  CHECK(log->log_start() == 5);
  CHECK(log->segment_count() == 3);
  CHECK(read(4).error() == Errc::invalid_argument);
  CHECK(offsets_from(5) == std::vector<std::int64_t>{5, 6, 7, 8, 9});
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_start() == 5);
  CHECK(offsets_from(5) == std::vector<std::int64_t>{5, 6, 7, 8, 9});
}

TEST_CASE_METHOD(TrimFixture, "delete records: if the new start cannot be written, nothing moves") {
  fill();
  disk.fail_next(DiskCall::rename, Errc::no_space);
  in_fiber([&] { CHECK(log->delete_records_before(5, 10).error() == Errc::no_space); });
  CHECK(log->log_start() == 0);
  CHECK(offsets_from(0).size() == 10);
}

TEST_CASE_METHOD(TrimFixture, "truncate: the end moves back durably, and appends go on there") {
  const std::int64_t to = GENERATE(0, 1, 4, 5, 9);
  const bool checkpointed = GENERATE(false, true);
  fill();
  if (checkpointed) in_fiber([&] { REQUIRE(log->write_checkpoint().has_value()); });
  Result<AppendInfo> gone = Error(Errc::internal);
  in_fiber([&] {
    gone = append(make_batch());
    REQUIRE(log->truncate_to(to).has_value());
    CHECK(log->wait_stable(gone->ticket, no_deadline).error() == Errc::closed);
  });
  CHECK(log->log_end() == to);
  CHECK(log->durable_end() == to);
  REQUIRE(append_stable(make_batch(1, 30), 7).has_value());
  CHECK(offsets_from(0).size() == static_cast<std::size_t>(to + 1));
  CHECK(log->epoch_starts().back() == EpochStart{7, to});
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(log->log_end() == to + 1);
  CHECK(offsets_from(0).size() == static_cast<std::size_t>(to + 1));
}

TEST_CASE_METHOD(TrimFixture, "truncate: inside a batch, the whole batch goes; a cut that fails fences the log") {
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch(4)).has_value());
  REQUIRE(append_stable(make_batch(4)).has_value());
  SECTION("inside") {
    in_fiber([&] { REQUIRE(log->truncate_to(6).has_value()); });
    CHECK(log->log_end() == 4);
  }
  SECTION("fails") {
    disk.fail_next(DiskCall::truncate, Errc::io_error);
    in_fiber([&] { CHECK(log->truncate_to(4).error() == Errc::io_error); });
    CHECK(log->fenced());
    CHECK(append(make_batch()).error() == Errc::io_error);
  }
}

TEST_CASE_METHOD(TrimFixture, "truncate: a start that has risen while it waited is not cut below") {
  fill();
  const auto [deleted, truncated] = at_once();
  CHECK(deleted.has_value());
  CHECK(truncated.error() == Errc::invalid_argument);
  CHECK_FALSE(log->fenced());
  CHECK(log->log_start() == 6);
  CHECK(log->log_end() == 10);
}

TEST_CASE_METHOD(TrimFixture, "delete records: an end that has fallen while it waited is not passed") {
  config.flush_messages = 1000;
  fill();
  const auto [deleted, truncated] = at_once();
  CHECK(truncated.has_value());
  CHECK(deleted.error() == Errc::invalid_argument);
  CHECK(log->log_start() == 0);
  CHECK(log->log_end() == 4);
}

TEST_CASE_METHOD(TrimFixture, "by time: the first batch that may hold the timestamp, and the one with the greatest") {
  config.segment_bytes = 300;
  config.tail_cache_bytes = GENERATE(0, 1 << 20);
  config.index_interval_bytes = GENERATE(0, 100, 100000);
  REQUIRE(open().has_value());
  const std::vector<std::int64_t> dates{50, 20, 30, 90, 10, 60, 90, 40};
  for (const std::int64_t date : dates) REQUIRE(append_stable(make_batch(1, 20, date)).has_value());
  const bool restart = GENERATE(false, true);
  if (restart) REQUIRE(reopen_after_power_loss().has_value());
  in_fiber([&] {
    const auto expect = [&](std::int64_t timestamp, std::int64_t upper, std::optional<std::int64_t> offset) {
      const auto found = log->find_timestamp(timestamp, upper);
      REQUIRE(found.has_value());
      REQUIRE(found->has_value() == offset.has_value());
      if (offset.has_value()) CHECK((*found)->batch_offset == *offset);
      if (offset.has_value()) CHECK(read_batch_header((*found)->batch.bytes())->base_offset == *offset);
    };
    expect(0, 8, 0);
    expect(50, 8, 0);
    expect(51, 8, 3);
    expect(90, 8, 3);
    expect(91, 8, std::nullopt);
    expect(51, 3, std::nullopt);
    CHECK((*log->find_max_timestamp(8))->batch_offset == 3);
    CHECK((*log->find_max_timestamp(3))->batch_offset == 0);
    CHECK_FALSE(log->find_max_timestamp(0)->has_value());
    REQUIRE(log->delete_records_before(4, 8).has_value());
    expect(0, 8, 4);
    expect(61, 8, 6);
    CHECK((*log->find_max_timestamp(8))->batch_offset == 6);
  });
}

TEST_CASE_METHOD(TrimFixture, "settings: from the page cache to group commit the stable end does not go back") {
  config.flush_messages = 1000;
  fill();
  CHECK(log->stable_end() == 10);
  CHECK(log->durable_end() == 0);
  LogConfig strict = config;
  strict.flush_messages = 1;
  in_fiber([&] { REQUIRE(log->configure(strict).has_value()); });
  CHECK(log->stable_end() == 10);
  CHECK(log->durable_end() == 10);
  strict.segment_bytes = 0;
  in_fiber([&] { CHECK(log->configure(strict).error() == Errc::invalid_argument); });
}

TEST_CASE_METHOD(TrimFixture, "size: how much a read would find is known exactly in memory and about from the index") {
  config.index_interval_bytes = 0;
  config.tail_cache_bytes = GENERATE(0, 3 * 81, 1 << 20);
  fill();
  CHECK(log->size_bytes() == 810);
  CHECK(log->bytes_from(10) == 0);
  for (std::int64_t offset = 0; offset < 10; ++offset) {
    const std::uint64_t exact = static_cast<std::uint64_t>(10 - offset) * 81;
    CHECK(log->bytes_from(offset) >= exact);
    CHECK(log->bytes_from(offset) <= exact + (config.tail_cache_bytes < 810 ? 81 : 0));
  }
}

TEST_CASE("log: a sparse index knows whether its newest entries can be right") {
  SparseIndex index(10);
  index.add(0, 0, 5);
  index.add(3, 20, 7);
  CHECK(index.ends_below(21));
  CHECK_FALSE(index.ends_below(20));
  index.add(1, 10, 8);  // as after a cut that left the old entries in
  CHECK_FALSE(index.ends_below(100));
}
