// What a log remembers of its producers, through everything that can happen to a log.
#include <catch2/catch.hpp>

#include "log_fixture.h"
#include "producer_batches.h"

using namespace faultline;
using namespace faultline::testing;
using replication::DuplicateBatch;

namespace {

struct ProducerFixture : LogFixture {
  bool is_duplicate(std::int64_t id, std::int16_t epoch, std::int32_t sequence) {
    return std::holds_alternative<DuplicateBatch>(log->producers().judge(retry_of(id, epoch, sequence)));
  }
  bool is_next(std::int64_t id, std::int16_t epoch, std::int32_t sequence) {
    return std::holds_alternative<replication::AcceptBatch>(log->producers().judge(retry_of(id, epoch, sequence))) &&
           log->producers().entries().contains(id);
  }
  void append_ok(std::int64_t id, std::int16_t epoch, std::int32_t sequence) {
    REQUIRE(append_stable(producer_batch(id, epoch, sequence)).has_value());
  }
};

}  // namespace

TEST_CASE_METHOD(ProducerFixture, "producers: what was appended is known after a power cut, from the batches alone") {
  REQUIRE(open().has_value());
  append_ok(7, 0, 0);
  append_ok(7, 0, 2);
  append_ok(9, 3, 0);
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(is_duplicate(7, 0, 0));
  CHECK(is_duplicate(7, 0, 2));
  CHECK(is_next(7, 0, 4));
  CHECK(is_next(9, 3, 2));
}

TEST_CASE_METHOD(ProducerFixture, "producers: the file keeps them when retention has taken their batches") {
  config.segment_bytes = 200;
  config.retention_bytes = 0;
  REQUIRE(open().has_value());
  append_ok(7, 0, 0);
  for (int i = 0; i < 4; ++i) append_ok(8, 0, 2 * i);
  in_fiber([&] {
    REQUIRE(log->apply_retention(log->log_end()).has_value());
    REQUIRE(log->write_checkpoint().has_value());
  });
  REQUIRE(log->log_start() >= 2);
  append_ok(8, 0, 8);  // behind the file's end
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(is_duplicate(7, 0, 0));
  CHECK(is_duplicate(8, 0, 8));
  CHECK(is_next(8, 0, 10));
}

TEST_CASE_METHOD(ProducerFixture, "producers: a damaged file is not missed while the batches are there") {
  REQUIRE(open().has_value());
  append_ok(7, 0, 0);
  in_fiber([&] { REQUIRE(log->close().has_value()); });
  const std::string path = "t-0/" + std::string(producer_file);
  REQUIRE(disk.exists(path));
  crash();
  disk.bytes_of(path)[30] ^= 1;
  REQUIRE(open().has_value());
  CHECK(is_next(7, 0, 2));
}

TEST_CASE_METHOD(ProducerFixture, "producers: a full disk takes back what was appended, and what was known of it") {
  REQUIRE(open().has_value());
  append_ok(7, 0, 0);
  disk.fail_next(DiskCall::write, Errc::no_space);
  CHECK(append_stable(producer_batch(7, 0, 2)).error() == Errc::no_space);
  CHECK_FALSE(is_duplicate(7, 0, 2));
  CHECK(is_next(7, 0, 2));
  CHECK(is_duplicate(7, 0, 0));
}

TEST_CASE_METHOD(ProducerFixture, "producers: a truncation goes back to what the rest of the log says, also after a restart") {
  REQUIRE(open().has_value());
  append_ok(7, 0, 0);
  append_ok(8, 0, 0);
  append_ok(7, 1, 0);  // at offset 4: a new epoch, which makes the old batches forgotten
  append_ok(9, 0, 0);
  in_fiber([&] {
    REQUIRE(log->write_checkpoint().has_value());
    REQUIRE(log->truncate_to(4).has_value());
  });
  const auto check = [&] {
    CHECK(is_duplicate(7, 0, 0));
    CHECK(is_next(7, 0, 2));
    CHECK(is_duplicate(8, 0, 0));
    CHECK_FALSE(log->producers().entries().contains(9));
  };
  check();
  REQUIRE(reopen_after_power_loss().has_value());
  check();
}

TEST_CASE_METHOD(ProducerFixture, "producers: who has been idle for long enough is forgotten, by the clock that does not step") {
  REQUIRE(open().has_value());
  append_ok(7, 0, 0);
  pass(10s);
  append_ok(8, 0, 0);
  clock.wall_at_start += 1000h;
  log->expire_producers(11s);
  CHECK(log->producers().entries().size() == 2);
  pass(2s);
  log->expire_producers(11s);
  CHECK_FALSE(log->producers().entries().contains(7));
  CHECK(log->producers().entries().contains(8));
}

TEST_CASE_METHOD(ProducerFixture, "producers: a file that is being written while the log is cut does not outlive the cut") {
  REQUIRE(open().has_value());
  append_ok(7, 0, 0);
  append_ok(9, 0, 0);  // at offset 2
  disk.syncs_pass.reset();
  world.spawn_root("checkpoint", [&] { static_cast<void>(log->write_checkpoint()); });
  settle();
  bool cut = false;
  world.spawn_root("cut", [&] { cut = log->truncate_to(2).has_value(); });
  settle();
  disk.syncs_pass.set();
  settle();
  REQUIRE(cut);
  append_ok(8, 0, 0);  // where 9 was
  append_ok(8, 0, 2);
  REQUIRE(reopen_after_power_loss().has_value());
  CHECK(is_duplicate(7, 0, 0));
  CHECK(is_duplicate(8, 0, 0));
  CHECK_FALSE(log->producers().entries().contains(9));
}
