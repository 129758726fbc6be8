#include "checkers/formats/history_jsonl.h"

#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "checkers/log_checker.h"
#include "script.h"

using namespace faultline;
using namespace faultline::checkers;
using namespace faultline::formats;

namespace {

const std::string header = "{\"format\":\"faultline-history\",\"version\":1}\n";

std::string error_of(const std::string& text) {
  const auto history = read_history(text, "h.jsonl");
  return history ? "no error" : history.error().detail;
}

std::string error_in_event(const std::string& line) { return error_of(header + line + "\n"); }

}  // namespace

TEST_CASE("history: the documented example is read, judged, and written back byte for byte") {
  std::ifstream file(FAULTLINE_TESTDATA "/history/plain.jsonl");
  std::stringstream text;
  text << file.rdbuf();
  const auto history = read_history(text.str(), "plain.jsonl");
  REQUIRE(history.has_value());
  CHECK(write_history(*history) == text.str());
  CHECK(history->operations.size() == 4);
  CHECK(history->event_count == 8);
  CHECK(history->operations[1].outcome == Outcome::indefinite);
  CHECK(history->errors[history->operations[1].error] == "timed_out");
  CHECK(history->operations[3].final_read);
  CHECK(history->operations[3].end_offset == 2);
  const Verdict verdict = check_log(*history, LogRules::idempotent());
  CHECK(verdict.outcome == Verdict::Outcome::valid);
  CHECK(verdict.vacuity.faults_overlapping == 1);
  CHECK(describe(*history, 1) == "op 1, process 1: send t-0=18: info (timed_out), 0.003000 s to 0.005000 s");
  CHECK(describe(*history, 3) == "op 3, process 2: final poll t-0@0=17 t-0@1=18, end of t-0 at 2: ok, 0.009000 s to 0.009500 s");
}

TEST_CASE("history: what a recorder recorded survives the round trip, odd names and open operations included") {
  Script script;
  script.partition(1);
  script.begin_send(-7, {{no_offset, std::numeric_limits<std::int64_t>::min()}, {no_offset, 1}});
  script.send_all(3, {{4, 5}, {no_offset, 6}}, Outcome::indefinite);
  script.position(OperationKind::seek, 3, 1);
  script.recorder().set_rebalanced(script.poll(3, {{0, 5}}, Outcome::fail, 1));
  script.begin_poll(3);
  const PartitionId odd = script.recorder().partition("a \"quoted\" name\n");
  const LogRecord record{odd, no_offset, 7};
  const OperationId odd_send = script.recorder().invoke_send(4, script.tick(), std::span(&record, 1));
  script.recorder().complete_send(odd_send, script.tick(), Outcome::fail, {}, "why: \xff");
  script.recorder().add_fault({"pause", "node \"1\"", Time(1ms), Time(2ms)});
  const std::string text = write_history(script.history());
  const auto again = read_history(text, "again");
  INFO((again.has_value() ? text : again.error().detail));
  REQUIRE(again.has_value());
  CHECK(write_history(*again) == text);
  CHECK(again->partitions == script.history().partitions);
  CHECK(again->records == script.history().records);
  CHECK(again->operations[0].completion_index == no_event);
  CHECK(again->operations[3].rebalanced);
}

TEST_CASE("history: events without index and op are paired by process") {
  const auto history =
      read_history(header +
                       "{\"time\":1,\"process\":1,\"type\":\"invoke\",\"f\":\"send\",\"value\":[[\"a\",null,1]]}\r\n\n"
                       "{\"time\":1,\"process\":2,\"type\":\"invoke\",\"f\":\"poll\"}\n"
                       "{\"time\":2,\"process\":1,\"type\":\"ok\",\"f\":\"send\"}\n"
                       "{\"time\":3,\"process\":2,\"type\":\"ok\",\"f\":\"poll\",\"value\":[[\"a\",0,1]]}",
                   "f");
  REQUIRE(history.has_value());
  CHECK(history->operations[0].completion_index == 2);
  CHECK(history->operations[1].completion_index == 3);
  CHECK(history->records_of(history->operations[0])[0].offset == no_offset);
}

TEST_CASE("history: an error names file, line and column, and what was expected") {
  CHECK(error_of("") ==
        "h.jsonl:1:1: the file is empty; the first line must be {\"format\":\"faultline-history\",\"version\":1,...}");
  CHECK(error_of("{}") == "h.jsonl:1:1: expected \"format\":\"faultline-history\"");
  CHECK(error_of("{\"format\":\"faultline-history\",\"version\":2}") == "h.jsonl:1:41: expected \"version\":1");
  CHECK(error_in_event("{\"time\":1,}") == "h.jsonl:2:11: expected a name in quotes");
  CHECK(error_in_event("{\"time\":1e999}") == "h.jsonl:2:9: \"time\" must be an integer (nanoseconds)");
  CHECK(error_in_event("[1]") ==
        R"(h.jsonl:2:1: expected an event, an object like {"process":0,"type":"invoke","f":"read","value":null})");
  CHECK(error_in_event("{\"time\":1,\"tyme\":2,\"type\":\"ok\"}")
            .starts_with("h.jsonl:2:11: unknown key \"tyme\"; an event has index, time"));
  CHECK(error_in_event("{\"time\":-1,\"type\":\"ok\"}") ==
        "h.jsonl:2:2: \"time\" must be an integer from 0 to 9223372036854775807");
  CHECK(error_in_event("{\"time\":1,\"type\":\"ok\"}") == "h.jsonl:2:1: \"process\" is missing");
  CHECK(error_in_event("{\"time\":1,\"process\":1,\"f\":\"fly\",\"type\":\"ok\"}") ==
        "h.jsonl:2:23: \"f\" must be one of \"send\", \"poll\", \"assign\", \"seek\", \"txn\", \"subscribe\", "
        "\"rebalance\", \"commit\", \"offset-fetch\"");
  CHECK(error_in_event("{\"time\":1,\"process\":1,\"f\":\"poll\",\"type\":\"done\"}") ==
        "h.jsonl:2:41: \"type\" must be \"invoke\", \"ok\", \"fail\" or \"info\"");
  CHECK(error_in_event("{\"time\":1,\"process\":1,\"f\":\"poll\",\"type\":\"ok\"}") ==
        "h.jsonl:2:11: this completes an operation that is not under way");
  CHECK(error_in_event("{\"index\":3,\"time\":1,\"process\":1,\"f\":\"poll\",\"type\":\"invoke\"}") ==
        "h.jsonl:2:2: expected index 0, since every event has the next one");
  CHECK(error_in_event("{\"time\":1,\"process\":1,\"f\":\"send\",\"type\":\"invoke\",\"value\":[[\"a\",null,1.5]]}") ==
        "h.jsonl:2:50: \"value\" must be an array of [partition, offset or null, integer]");
}

TEST_CASE("history: a text that is not UTF-8 is refused, so that two names never become one") {
  CHECK(error_in_event("{\"time\":1,\"process\":1,\"f\":\"assign\",\"type\":\"invoke\",\"value\":[[\"t-\xff\",0]]}") ==
        "h.jsonl:2:65: byte 0xff is not UTF-8, as a JSON text has to be");
  CHECK(error_in_event("{\"time\":1,\"process\":1,\"f\":\"assign\",\"type\":\"invoke\",\"value\":[[\"\\t-\xe2\x82\",0]]}") ==
        "h.jsonl:2:66: byte 0xe2 is not UTF-8, as a JSON text has to be");
  const auto euro = read_history(
      header + "{\"time\":1,\"process\":1,\"f\":\"assign\",\"type\":\"invoke\",\"value\":[[\"t-\xe2\x82\xac\",0]]}\n", "f");
  REQUIRE(euro.has_value());
  CHECK(euro->partitions.back() == "t-\xe2\x82\xac");
}

TEST_CASE("history: a completion must fit its invocation") {
  const std::string poll = header + "{\"time\":5,\"op\":1,\"process\":1,\"f\":\"poll\",\"type\":\"invoke\"}\n";
  CHECK(error_of(poll + "{\"time\":4,\"op\":1,\"process\":1,\"f\":\"poll\",\"type\":\"ok\"}") ==
        "h.jsonl:3:2: this event is earlier than the one before it");
  CHECK(error_of(poll + "{\"time\":6,\"op\":1,\"process\":2,\"f\":\"poll\",\"type\":\"ok\"}") ==
        "h.jsonl:3:18: the operation was invoked by process 1");
  CHECK(error_of(poll + "{\"time\":6,\"op\":1,\"process\":1,\"f\":\"send\",\"type\":\"ok\"}") ==
        "h.jsonl:3:30: the operation was invoked as \"poll\"");
  CHECK(error_of(poll + "{\"time\":6,\"op\":1,\"process\":1,\"f\":\"poll\",\"type\":\"invoke\"}") ==
        "h.jsonl:3:16: an operation with this number is still under way");
  CHECK(error_of(poll + "{\"time\":6,\"op\":1,\"process\":1,\"f\":\"poll\",\"type\":\"ok\",\"end\":[\"t-0\",-1]}") ==
        "h.jsonl:3:53: \"end\" must be [partition, offset]");
  const std::string send =
      header + "{\"time\":5,\"op\":1,\"process\":1,\"f\":\"send\",\"type\":\"invoke\",\"value\":[[\"a\",null,1]]}\n";
  CHECK(error_of(send + "{\"time\":6,\"op\":1,\"process\":1,\"f\":\"send\",\"type\":\"ok\",\"value\":[[\"a\",0,2]]}") ==
        "h.jsonl:3:53: the completion of a send must repeat its records");
}

TEST_CASE("history: transactions, groups and what is known of records survive the round trip") {
  HistoryRecorder recorder;
  const PartitionId p = recorder.partition("t-0");
  Time now{};
  const LogRecord sent[] = {{p, no_offset, 17}, {p, no_offset, 18}};
  const RecordAttributes attributes[] = {
      {.key = 3, .producer = 9, .sequence = 4, .epoch = 1, .tombstone = true, .bytes = 120, .timestamp = Time(5us)}, {}};
  const OperationId txn = recorder.invoke_txn(1, now += 1ms, sent, attributes);
  recorder.set_read_committed(txn);
  recorder.set_group(txn, "readers", 2);
  recorder.set_decided(txn);
  const LogRecord polled[] = {{p, 4, 7}};
  const std::int64_t offsets[] = {5, no_offset};
  recorder.complete_txn(txn, now += 1ms, Outcome::indefinite, offsets, polled, "fenced", std::span(attributes, 1));
  const LogRecord position[] = {{p, 6, 0}};
  for (const OperationKind kind : {OperationKind::subscribe, OperationKind::commit}) {
    const OperationId id = recorder.invoke_positioning(kind, 1, now += 1ms, position);
    recorder.set_group(id, "readers", 3);
    recorder.complete(id, now += 1ms, Outcome::ok);
  }
  for (const OperationKind kind : {OperationKind::rebalance, OperationKind::offset_fetch}) {
    const OperationId id = recorder.invoke_listing(kind, 1, now += 1ms);
    recorder.set_group(id, "readers", 4);
    recorder.complete_listing(id, now += 1ms, Outcome::ok, position);
  }
  recorder.set_group(recorder.invoke_listing(OperationKind::rebalance, 2, now += 1ms), "readers", 5);
  const std::string text = write_history(recorder.history());
  const auto again = read_history(text, "again");
  INFO((again.has_value() ? text : again.error().detail));
  REQUIRE(again.has_value());
  CHECK(write_history(*again) == text);
  CHECK(again->records == recorder.history().records);
  CHECK(again->details == recorder.history().details);
  CHECK(again->attributes_of(0) == attributes[0]);
}
