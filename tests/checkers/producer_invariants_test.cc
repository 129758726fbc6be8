// What replicas remember of producers, against what their logs hold: each way to be wrong is found, and nothing else.
#include "checkers/producer_invariants.h"

#include <catch2/catch.hpp>

using namespace faultline::checkers;

namespace {

/// The `nth` batch of a producer that sends batches of two records, one behind the other.
NumberedBatch batch(std::int32_t nth, std::int16_t epoch = 0, std::int64_t producer = 7) {
  return {.producer_id = producer,
          .epoch = epoch,
          .first_sequence = 2 * nth,
          .last_sequence = 2 * nth + 1,
          .base_offset = 100 * producer + 20 * epoch + 2 * nth,
          .last_offset = 100 * producer + 20 * epoch + 2 * nth + 1};
}

std::vector<NumberedBatch> batches(std::int32_t from, std::int32_t to, std::int16_t epoch = 0) {
  std::vector<NumberedBatch> made;
  for (std::int32_t nth = from; nth <= to; ++nth) made.push_back(batch(nth, epoch));
  return made;
}

std::vector<Finding> check(std::vector<NumberedBatch> logged, std::vector<NumberedBatch> remembered, std::int64_t log_start = 0) {
  return check_producers({.node = "broker-1",
                          .partition = "t-0",
                          .log_start = log_start,
                          .logged = std::move(logged),
                          .remembered = std::move(remembered)});
}

}  // namespace

TEST_CASE("producer invariants: the last five batches of each producer are remembered") {
  CHECK(check({}, {}).empty());
  CHECK(check(batches(0, 2), batches(0, 2)).empty());
  CHECK(check(batches(0, 8), batches(4, 8)).empty());
  CHECK(check({batch(0), batch(0, 0, 9), batch(1)}, {batch(0), batch(1), batch(0, 0, 9)}).empty());
  const std::vector<Finding> forgotten = check(batches(0, 8), batches(5, 8));
  REQUIRE(forgotten.size() == 1);
  CHECK(forgotten.front().anomaly == anomaly::producers_at_odds);
  CHECK(forgotten.front().text ==
        "t-0 on broker-1: producer 7, epoch 0, sequence 8 to 9, at 708 to 709 is one of the producer's last in the log, and is "
        "not remembered");
}

TEST_CASE("producer invariants: a new epoch ends what was remembered of the one before") {
  std::vector<NumberedBatch> logged = batches(0, 3);
  logged.push_back(batch(0, 1));
  CHECK(check(logged, {batch(0, 1)}).empty());
  CHECK(check(logged, batches(0, 3)).size() == 1);
}

TEST_CASE("producer invariants: what is remembered lies in the log, or was deleted from it") {
  CHECK(check(batches(3, 4), batches(0, 4), 706).empty());
  const std::vector<Finding> gone = check(batches(0, 3), batches(0, 4));
  REQUIRE(gone.size() == 1);
  CHECK(gone.front().text.find("is remembered, and is not in the log") != std::string::npos);
  NumberedBatch elsewhere = batch(4);
  ++elsewhere.base_offset;
  CHECK(check(batches(0, 4), {batch(0), batch(1), batch(2), batch(3), elsewhere}).size() == 2);
}

TEST_CASE("producer invariants: a batch that is remembered must not be called out of order") {
  NumberedBatch again = batch(3);
  again.base_offset = again.last_offset = -1;
  const std::optional<Finding> finding = check_refusal("broker-1", "t-0", again, batches(0, 4));
  REQUIRE(finding.has_value());
  CHECK(finding->anomaly == anomaly::known_batch_refused);
  CHECK_FALSE(check_refusal("broker-1", "t-0", again, batches(0, 2)).has_value());
  again.epoch = 1;
  CHECK_FALSE(check_refusal("broker-1", "t-0", again, batches(0, 4)).has_value());
}
