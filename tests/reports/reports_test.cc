#include <array>
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "checkers/log_checker.h"
#include "reports/json.h"
#include "reports/spacetime.h"
#include "reports/text.h"
#include "reports/timeline.h"

using namespace faultline;
using namespace faultline::reports;
using checkers::HistoryRecorder;
using checkers::LogHistory;
using checkers::LogRecord;
using checkers::no_offset;
using checkers::OperationId;
using checkers::Outcome;
using checkers::PartitionId;

namespace {

// Two acknowledged sends, a crash, a poll that sees only the second: a lost write.
LogHistory lost_write() {
  HistoryRecorder recorder;
  const PartitionId partition = recorder.partition("t-0");
  for (std::int64_t i = 0; i < 2; ++i) {
    const LogRecord record{partition, no_offset, 10 + i};
    const OperationId id = recorder.invoke_send(1, Time(i * 10ms + 1ms), std::span(&record, 1));
    recorder.complete_send(id, Time(i * 10ms + 2ms), Outcome::ok, std::span(&i, 1));
  }
  recorder.add_fault({"crash", "node \"0\"", Time(5ms), Time(8ms)});
  recorder.add_fault({"crash", "node \"0\"", Time(90ms), Time(90ms)});
  const OperationId poll = recorder.invoke_poll(2, Time(20ms));
  const LogRecord seen{partition, 1, 11};
  recorder.complete_poll(poll, Time(21ms), Outcome::ok, std::span(&seen, 1));
  const OperationId other = recorder.invoke_poll(3, Time(20ms));
  recorder.complete_poll(other, Time(30ms), Outcome::ok, {});
  recorder.invoke_poll(4, Time(40ms));
  return std::move(recorder).take();
}

}  // namespace

TEST_CASE("reports: the text says the verdict, each finding with its witness, and what was tested") {
  const LogHistory history = lost_write();
  const std::array verdicts{NamedVerdict{"log", check_log(history)}, NamedVerdict{"linearizability", {}}};
  const std::array<std::string, 1> unmet{"1 records were read, 5 are required"};
  CHECK(report_text(verdicts, &history, unmet) ==
        "verdicts\n"
        "  log              invalid  lost-write 1\n"
        "  linearizability  valid    nothing found\n"
        "findings\n"
        "  lost-write: value 10 of t-0, acknowledged at offset 0 by op 0 at 0.002000 s, was never returned by\n"
        "    any read, although op 2 read on to offset 1 of that partition\n"
        "      op 0, process 1: send t-0@0=10: ok, 0.001000 s to 0.002000 s\n"
        "      op 2, process 2: poll t-0@1=11: ok, 0.020000 s to 0.021000 s\n"
        "tested\n"
        "  operations    5 (2 sends, 3 polls): 4 ok, 0 failed, 1 indefinite (20.0 %)\n"
        "  acknowledged  2 records, 1 of them read (50.0 %)\n"
        "  read          1 records in 2 polls\n"
        "  faults        2, 0 of them during an operation\n"
        "  end not read  t-0\n"
        "not enough was tested\n"
        "  1 records were read, 5 are required\n");
}

TEST_CASE("reports: allowed anomalies, anomalies beyond the limit and unknown verdicts are told apart") {
  checkers::Verdict verdict;
  verdict.counts = {{"lost-write", true, 5}, {"duplicate", false, 1}};
  verdict.findings = {{"lost-write", true, "t-0", {}, "gone"}, {"duplicate", false, "t-0", {}, "twice"}};
  verdict.outcome = checkers::Verdict::Outcome::invalid;
  checkers::Verdict unknown;
  unknown.outcome = checkers::Verdict::Outcome::unknown;
  unknown.reason = "nobody looked";
  const std::array verdicts{NamedVerdict{"a", verdict}, NamedVerdict{"b", unknown}};
  CHECK(verdict_table(verdicts) ==
        "  a  invalid  lost-write 5, duplicate 1 (allowed)\n"
        "  b  unknown  nobody looked\n");
  CHECK(findings_text(verdict, nullptr) ==
        "  lost-write: gone\n"
        "  duplicate (allowed): twice\n"
        "  lost-write: 4 more like it\n");
}

TEST_CASE("reports: the JSON parses and holds what the text says") {
  const LogHistory history = lost_write();
  const auto json = nlohmann::json::parse(verdict_json(check_log(history), &history));
  CHECK(json["verdict"] == "invalid");
  CHECK(json["anomalies"][0]["anomaly"] == "lost-write");
  CHECK(json["anomalies"][0]["count"] == 1);
  CHECK(json["findings"][0]["partition"] == "t-0");
  CHECK(json["findings"][0]["witness"][1]["op"] == 2);
  CHECK(json["findings"][0]["witness"][1]["text"] == "op 2, process 2: poll t-0@1=11: ok, 0.020000 s to 0.021000 s");
  CHECK(json["tested"]["acknowledged"] == 2);
  const auto bare = nlohmann::json::parse(verdict_json(check_log(history), nullptr));
  CHECK(bare["findings"][0]["witness"] == nlohmann::json::array({0, 2}));
}

TEST_CASE("reports: the timeline marks the witness and shows the faults and operations around it, and only these") {
  const LogHistory history = lost_write();
  const checkers::Verdict verdict = check_log(history);
  CHECK(timeline_text(history, verdict.findings[0]) ==
        "    0.001000 s  > op 0, process 1: send t-0@0=10: ok, 0.001000 s to 0.002000 s\n"
        "    0.005000 s  ! crash of node \"0\", until 0.008000 s\n"
        "    0.011000 s    op 1, process 1: send t-0@1=11: ok, 0.011000 s to 0.012000 s\n"
        "    0.020000 s  > op 2, process 2: poll t-0@1=11: ok, 0.020000 s to 0.021000 s\n"
        "    0.020000 s    op 3, process 3: poll nothing: ok, 0.020000 s to 0.030000 s\n");
  CHECK(timeline_text(history, verdict.findings[0], {}, {.max_operations = 1, .max_faults = 0}) ==
        "    0.001000 s  > op 0, process 1: send t-0@0=10: ok, 0.001000 s to 0.002000 s\n"
        "    0.020000 s  > op 2, process 2: poll t-0@1=11: ok, 0.020000 s to 0.021000 s\n"
        "           ...  1 more faults in between\n");
}

TEST_CASE("reports: the timeline of what no operation shows has what the system did until it was seen") {
  const LogHistory history = lost_write();
  const std::vector<checkers::Happening> happenings{
      {Time(1ms), "broker-1", "starts"},
      {Time(3ms), "broker-1", "partition.leads partition=t-0", "t-0"},
      {Time(4ms), "broker-1", "partition.leads partition=u-0", "u-0"},
      {Time(5ms), "node 0", "crash", "", true},
      {Time(6ms), "", "the trial is over"},
      {Time(7ms), "broker-2", "fails"},
      {Time(8ms), "broker-2", "fails"},
      {Time(10ms), "broker-2", "starts"},
  };
  const checkers::Finding finding{.anomaly = "watermark-went-back", .partition = "t-0", .witness = {}, .text = "from 5 to 3"};
  Context context{.happenings = happenings, .seen = checkers::Sighting{Time(2ms), Time(9ms)}};
  CHECK(timeline_text(history, finding, context) ==
        "    0.003000 s    broker-1: partition.leads partition=t-0\n"
        "    0.005000 s  ! crash of node \"0\", until 0.008000 s\n"
        "    0.006000 s    --- the trial is over ---\n"
        "    0.007000 s    broker-2: fails (2 times)\n"
        "    0.009000 s  > watermark-went-back: from 5 to 3\n");
  const std::string picture = spacetime_dot(history, finding, context);
  CHECK(picture.find("\"event2\" [label=\"fails\"") != std::string::npos);
  CHECK(picture.find("\"finding\" [label=\"watermark-went-back\"") != std::string::npos);
  // Nothing is known of the moment: all of it is shown, but for the middle of what is too much.
  context.seen.reset();
  CHECK(timeline_text(history, finding, context, {.max_faults = 0, .max_happenings = 2}) ==
        "    0.001000 s    broker-1: starts\n"
        "    0.010000 s    broker-2: starts\n"
        "           ...  2 more faults in between\n"
        "           ...  3 more events in between\n");
}

TEST_CASE("reports: the picture has a lane per process and per fault's target, and escapes names") {
  const LogHistory history = lost_write();
  const std::string dot = spacetime_dot(history, check_log(history).findings[0]);
  CHECK(dot.starts_with("digraph spacetime {\n"));
  CHECK(dot.ends_with("}\n"));
  for (const char* part : {"label=\"process 1\"", "label=\"process 2\"", "label=\"node \\\"0\\\"\"",
                           "\"op0\" [label=\"op 0: send t-0@0=10: ok\"", "\"fault0\" [label=\"crash\"", "label=\"0.005000 s\""}) {
    INFO(part);
    CHECK(dot.find(part) != std::string::npos);
  }
  CHECK(dot.find("fault1") == std::string::npos);
  CHECK(dot.find("op4") == std::string::npos);
}
