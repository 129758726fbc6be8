// The mistakes of others, one by one: with its exhibit off a log is right, and with it on the same story ends badly.
#include <catch2/catch.hpp>

#include "log_fixture.h"
#include "producer_batches.h"

using namespace faultline;
using namespace faultline::testing;

namespace {

struct ExhibitFixture : LogFixture {
  /// Whether this run makes the mistake.
  bool wrong = false;

  void show(Exhibit exhibit) {
    wrong = GENERATE(false, true);
    if (wrong) config.exhibits = {exhibit};
  }
  /// How many batches are left after a power cut; -1 if the log is refused.
  std::int64_t left_after_power_loss() { return reopen_after_power_loss() ? log->log_end() : -1; }
};

}  // namespace

TEST_CASE_METHOD(ExhibitFixture, "exhibit: kafka-7866, after an append that failed its offset is given twice in the file") {
  show(Exhibit::kafka_7866);
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.fail_next(DiskCall::sync, Errc::no_space);
  CHECK(append_stable(make_batch()).error() == Errc::no_space);
  REQUIRE(append_stable(make_batch()).has_value());
  CHECK(log->log_end() == 2);
  crash();
  // Nothing is lost in a file that is whole and synced, unless it cannot be read to its end.
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK((report.cut_bytes != 0) == wrong);
}

TEST_CASE_METHOD(ExhibitFixture, "exhibit: kafka-10778, a log whose sync failed goes on, and acknowledges what is not there") {
  show(Exhibit::kafka_10778);
  disk.drops_after_failed_sync = true;
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.fail_next(DiskCall::sync, Errc::io_error);
  in_fiber([&] { CHECK(append(make_batch()).has_value()); });
  CHECK(append_stable(make_batch()).has_value() == wrong);
  CHECK(log->durable_end() == (wrong ? 3 : 1));
  CHECK(left_after_power_loss() == 1);
}

TEST_CASE_METHOD(ExhibitFixture, "exhibit: kafka-16541, an epoch without a batch is forgotten in a power cut") {
  show(Exhibit::kafka_16541);
  REQUIRE(lead(3).has_value());
  REQUIRE(append_stable(make_batch(), 3).has_value());
  in_fiber([&] { REQUIRE(log->begin_epoch(5).has_value()); });
  REQUIRE(reopen_after_power_loss().has_value());
  // The leader of epoch 5 has told followers where it began.
  CHECK((log->latest_epoch() == 5) != wrong);
}

TEST_CASE_METHOD(ExhibitFixture, "exhibit: kafka-10101, what recovery found in the page cache is lost in the next power cut") {
  show(Exhibit::kafka_10101);
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.syncs_pass.reset();
  in_fiber([&] { REQUIRE(append(make_batch()).has_value()); });
  crash();  // of the process, not of the machine
  disk.syncs_pass.set();
  REQUIRE(open(LogOpen::existing).has_value());
  REQUIRE(log->durable_end() == 2);
  CHECK(left_after_power_loss() == (wrong ? -1 : 2));
}

TEST_CASE_METHOD(ExhibitFixture, "exhibit: fsync-trap, a sync that is tried again succeeds, and the data is gone") {
  show(Exhibit::fsync_trap);
  disk.drops_after_failed_sync = true;
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.fail_next(DiskCall::sync, Errc::io_error);
  CHECK(append_stable(make_batch()).has_value() == wrong);
  CHECK(log->durable_end() == (wrong ? 2 : 1));
  CHECK(left_after_power_loss() == 1);
}

TEST_CASE_METHOD(ExhibitFixture,
                 "exhibit: sync-credited-with-later-writes, what was written during a sync is acknowledged with it") {
  show(Exhibit::sync_credited_with_later_writes);
  REQUIRE(open().has_value());
  REQUIRE(append_stable(make_batch()).has_value());
  disk.syncs_pass.reset();
  in_fiber([&] { REQUIRE(append(make_batch()).has_value()); });  // its sync begins, and takes long
  in_fiber([&] { REQUIRE(append(make_batch()).has_value()); });
  CHECK(log->written_end() == 3);
  disk.syncs_left = 1;  // the next one takes for ever
  disk.syncs_pass.set();
  settle();
  CHECK(log->durable_end() == (wrong ? 3 : 2));
  CHECK(log->check_invariants().has_value() == wrong);
  crash();
  disk.syncs_pass.set();
  disk.lose_power();
  REQUIRE(open(LogOpen::existing).has_value());
  CHECK(log->log_end() == 2);
}

TEST_CASE_METHOD(ExhibitFixture, "exhibit: kafka-6683, a batch that was refused is remembered as appended") {
  show(Exhibit::kafka_6683);
  config.max_message_bytes = 100;
  REQUIRE(open().has_value());
  const Slice small = producer_batch(7, 0, 0);
  REQUIRE(append_stable(small).has_value());
  Slice large = make_batch(2, 200);
  number(large, 7, 0, 2);
  CHECK(append_stable(large).error() == Errc::too_large);
  const replication::ProducerVerdict retried = log->producers().judge(retry_of(7, 0, 2));
  CHECK(std::holds_alternative<replication::DuplicateBatch>(retried) == wrong);
  CHECK(log->check_invariants().has_value() == wrong);
}
