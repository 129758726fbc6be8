#include <catch2/catch.hpp>

#include "checkers/log_checker.h"
#include "script.h"

using namespace faultline;
using namespace faultline::checkers;

TEST_CASE("vacuity: counts what was done, and names what was never looked at") {
  Script script;
  script.partition(2);
  script.send_all(1, {{0, 10}, {1, 11}});
  script.send(1, {no_offset, 12}, Outcome::indefinite);
  script.send(1, {0, 13}, Outcome::ok, 1);
  script.send(1, {no_offset, 14}, Outcome::fail);
  script.poll(2, {{0, 10}});
  script.poll(2, {{0, 10}}, Outcome::indefinite);
  script.final_poll(2, {{0, 10}}, 2);
  const Vacuity did = measure_vacuity(script.history());
  CHECK(did.operations == 7);
  CHECK(did.sends == 4);
  CHECK(did.polls == 3);
  CHECK(did.ok == 4);
  CHECK(did.ok_polls == 2);
  CHECK(did.failed == 1);
  CHECK(did.indefinite == 2);
  CHECK(did.acknowledged == 3);
  CHECK(did.acknowledged_read == 1);
  CHECK(did.records_read == 2);
  CHECK(did.partitions == 3);
  CHECK(did.never_polled == std::vector<std::string>{"t-1", "t-2"});
  CHECK(did.never_read_to_end == std::vector<std::string>{"t-1", "t-2"});
}

TEST_CASE("vacuity: a fault counts if an operation was under way in it; one that never ended counts at its beginning only") {
  Script script;
  script.begin_send(1, {{no_offset, 9}});                    // 1 ms, never ends
  const OperationId slow = script.begin_send(2, {{0, 10}});  // 2 ms
  script.send(1, {1, 11});                                   // 3 ms to 4 ms
  script.end_send(slow, {{0, 10}});                          // 5 ms
  const auto fault = [&](Duration begin, Duration end) {
    script.recorder().add_fault({"crash", "node 0", Time(begin), Time(end)});
  };
  fault(0ms, 500us);
  CHECK(measure_vacuity(script.history()).faults_overlapping == 0);
  fault(1ms, 1ms);
  fault(4500us, 4600us);
  CHECK(measure_vacuity(script.history()).faults_overlapping == 2);
  fault(6ms, 9ms);
  const Vacuity did = measure_vacuity(script.history());
  CHECK(did.faults == 4);
  CHECK(did.faults_overlapping == 2);
}

TEST_CASE("vacuity: requirements that are not met are said in words, and bounds are exact") {
  Vacuity did;
  did.operations = 100;
  did.indefinite = 26;
  did.acknowledged = 10;
  did.acknowledged_read = 9;
  did.records_read = 30;
  did.never_polled = {"t-1"};
  did.never_read_to_end = {"t-0", "t-1"};
  CHECK(unmet({}, did).empty());
  Requirements just_met;
  just_met.min_acknowledged = 10;
  just_met.min_records_read = 30;
  just_met.min_read_share = {9, 10};
  just_met.max_indefinite_share = {26, 100};
  CHECK(unmet(just_met, did).empty());
  Requirements required;
  required.min_acknowledged = 11;
  required.min_records_read = 31;
  required.min_read_share = {91, 100};
  required.max_indefinite_share = {1, 4};
  required.min_faults_overlapping = 1;
  required.every_partition_polled = true;
  required.every_partition_read_to_end = true;
  CHECK(unmet(required, did) == std::vector<std::string>{
                                    "10 records were acknowledged, 11 are required",
                                    "30 records were read, 31 are required",
                                    "9 of 10 acknowledged records were ever read, a share of 91/100 is required",
                                    "26 of 100 operations are indefinite, at most a share of 1/4 is allowed",
                                    "0 faults overlapped an operation, 1 are required",
                                    "no record was ever read from t-1",
                                    "no final read reached the end of t-0, t-1",
                                });
  CHECK(unmet(required, {}).size() == 3);
}
