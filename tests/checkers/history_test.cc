// The recorder: what it promises of the arrays of a history.
#include "checkers/history.h"

#include <catch2/catch.hpp>

#include "script.h"

using namespace faultline;
using namespace faultline::checkers;

TEST_CASE("history: what a transaction sent and polled are neighbours, whatever was recorded meanwhile") {
  HistoryRecorder recorder;
  const PartitionId t0 = recorder.partition("t-0");
  const std::vector<LogRecord> sent{{t0, no_offset, 7}, {t0, no_offset, 8}};
  const std::vector<RecordAttributes> keys{{.key = 1}, {.key = 2}};
  const OperationId txn = recorder.invoke_txn(1, Time(1ms), sent, keys);
  recorder.invoke_send(2, Time(2ms), std::vector<LogRecord>{{t0, no_offset, 9}});
  recorder.set_decided(txn);
  recorder.set_group(txn, "g", 4);
  const std::vector<LogRecord> polled{{t0, 3, 5}};
  recorder.complete_txn(txn, Time(3ms), Outcome::ok, std::vector<std::int64_t>{10, 11}, polled);
  const LogHistory history = std::move(recorder).take();
  const LogOperation& operation = history.operations[0];
  REQUIRE(history.sent_by(operation).size() == 2);
  CHECK(history.sent_by(operation)[0] == LogRecord{t0, 10, 7});
  CHECK(history.sent_by(operation)[1] == LogRecord{t0, 11, 8});
  REQUIRE(history.polled_by(operation).size() == 1);
  CHECK(history.polled_by(operation)[0] == LogRecord{t0, 3, 5});
  CHECK(history.attributes_of(operation.first_record + 1).key == 2);
  CHECK(history.attributes_of(operation.first_record + 2).key == RecordAttributes::no_key);
  CHECK(history.details_of(operation).decided_at == 2);
  CHECK(describe(history, 0) ==
        "op 0, process 1: txn send t-0@10=7 send t-0@11=8 poll t-0@3=5, group g generation 4: ok, 0.001000 s to 0.003000 s");
}

TEST_CASE("history: a rebalance lists at its end what it brought, a commit at its beginning what it asks for") {
  HistoryRecorder recorder;
  const PartitionId t0 = recorder.partition("t-0");
  const std::vector<LogRecord> place{{t0, 5}};
  const OperationId rebalance = recorder.invoke_listing(OperationKind::rebalance, 1, Time(1ms));
  const OperationId commit = recorder.invoke_positioning(OperationKind::commit, 1, Time(2ms), place);
  recorder.complete_listing(rebalance, Time(3ms), Outcome::ok, place);
  recorder.complete(commit, Time(4ms), Outcome::fail, "ILLEGAL_GENERATION");
  const LogHistory history = std::move(recorder).take();
  CHECK(history.records_of(history.operations[0]).size() == 1);
  CHECK(history.records_of(history.operations[1])[0].offset == 5);
  CHECK(history.sent_by(history.operations[1]).empty());
  CHECK(history.polled_by(history.operations[0]).empty());
}
