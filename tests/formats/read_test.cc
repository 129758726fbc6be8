// What each format's reader makes of what it is given.
#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "checkers/formats/event_reader.h"
#include "checkers/formats/to_log.h"

using namespace faultline;
using namespace faultline::formats;

namespace {

// An event as one line: "0 ok write [1 2]".
std::string shown(const Event& event) {
  std::string text = event.process ? std::to_string(*event.process) : event.client ? "?" : "nemesis";
  text += " " + std::string(to_string(event.type)) + " " + std::string(event.f);
  if (!event.key.is_nil()) text += " " + to_edn(event.key);
  text += " " + to_edn(event.value);
  if (!event.error.is_nil()) text += " ! " + to_edn(event.error);
  return text;
}

std::vector<std::string> events_of(TextInput& input, Format format) {
  std::vector<std::string> lines;
  const auto reader = make_reader(format, input);
  Event event;
  for (;;) {
    const Result<bool> more = reader->next(event);
    if (!more) lines.push_back("error: " + more.error().detail);
    if (!more || !*more) return lines;
    lines.push_back(shown(event));
  }
}

std::vector<std::string> events_of(std::string_view text) {
  const std::optional<Format> format = detect_format(text);
  if (!format) return {"unknown format"};
  TextInput input(text, "h");
  return events_of(input, *format);
}

// The same text a few bytes at a time: nothing may depend on where a chunk ends.
std::vector<std::string> events_in_pieces(std::string_view text, Format format, std::size_t piece) {
  TextInput input(
      [text, piece](std::span<char> span) mutable -> Result<std::size_t> {
        const std::size_t count = std::min({piece, span.size(), text.size()});
        text.copy(span.data(), count);
        text.remove_prefix(count);
        return count;
      },
      "h");
  return events_of(input, format);
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("edn: a vector, a list and one operation a line are the same history") {
  const std::string a = "{:process 0, :type :invoke, :f :read, :value nil, :index 0, :time 5}";
  const std::string b = "#jepsen.history.Op{:process 0 :type :ok :f :read :value 3 :index 1}";
  const Lines expected{"0 invoke read nil", "0 ok read 3"};
  CHECK(events_of(a + "\n" + b + "\n") == expected);
  CHECK(events_of("[" + a + "\n " + b + "]") == expected);
  CHECK(events_of("; made by hand\n( " + a + " " + b + " )\n; end") == expected);
}

TEST_CASE("edn: comments, discarded forms, sets, tagged literals, characters, ratios and metadata are understood") {
  CHECK(events_of("#_ {:no event} ; one\n{:type :ok #_ #_ :process 1 :f :read ^{:line 3} :value [#{1 2} #inst \"2024-01-01\" "
                  "\\a \\newline 2/3 1.5M "
                  "12N ##Inf \"a\\\"\\u00e9\\n\" (x/y) -7 +8]}") ==
        Lines{"? ok read [#{1 2} #inst \"2024-01-01\" \\a \\newline 2/3 1.5M 12 ##Inf \"a\\\"\xc3\xa9\\n\" (x/y) -7 8]"});
}

TEST_CASE("edn: those who are no clients are told apart, and what is missing is missing") {
  CHECK(
      events_of(
          "{:type :info :process :nemesis :f :start-partition :value {\"n1\" #{\"n2\"}}}\n{:type :invoke :value [[:r 1 nil]]}") ==
      Lines{"nemesis info start-partition {\"n1\" #{\"n2\"}}", "? invoke  [[:r 1 nil]]"});
}

TEST_CASE("edn: an error names line and column, and what to do") {
  const auto error = [](const std::string& text) { return events_of(text).back(); };
  CHECK(error("{:type :ok}\n{:type :done}") == "error: h:2:8: \"type\" must be \"invoke\", \"ok\", \"fail\" or \"info\"");
  CHECK(error("{:type :ok :index 4}\n{:type :ok :index 4}") ==
        "error: h:2:19: index 4 comes after index 4; sort the events by index");
  CHECK(error("[{:type :ok}\n") == "error: h:2:1: the file ends before the ']' of the history; is it cut off?");
  CHECK(error("[{:type :ok}] {:type :ok}") == "error: h:1:15: something follows the end of the history");
  CHECK(error("{:type :ok}\n{:type :ok :value \"abc}") == "error: h:2:19: this text has no closing quote");
  CHECK(error("{:type :ok}\n{:type :ok :value}") == "error: h:2:1: a map has a key without a value");
  CHECK(error("{:type :ok}\n{:f :read}") == "error: h:2:1: \"type\" is missing: an event has one of invoke, ok, fail, info");
  CHECK(error("{:type :ok}\n{:type :ok :process 99999999999}") == "error: h:2:21: \"process\" must be an integer of 32 bits");
  CHECK(error("{:type :ok}\n{:type :ok :value ]}") == "error: h:2:19: ']' closes nothing");
  CHECK(error("{:type :ok}\n{:type :ok :value " + std::string(300, '[')) ==
        "error: h:2:218: data nested more than 200 levels deep");
}

TEST_CASE("json: events without a header, in lines and in an array") {
  const Lines expected{"0 invoke txn [[\"r\" 1 nil]]", "0 ok txn [[\"r\" 1 [2]]]"};
  const std::string a = R"({"process":0,"type":"invoke","f":"txn","value":[["r",1,null]]})";
  const std::string b = R"({"process":0,"type":"ok","f":"txn","value":[["r",1,[2]]]})";
  CHECK(events_of(a + "\n" + b) == expected);
  CHECK(events_of("[" + a + "," + b + "]") == expected);
}

TEST_CASE("jepsen logs: events are found at the end of lines of any make, and the rest is passed over") {
  CHECK(events_of("INFO  jepsen.core - running\n"
                  "INFO  jepsen.util - 4\t:invoke\t:cas\t[1 2]\n"
                  "2024-05-01 10:00:00,123{GMT}\tINFO\t[jepsen worker 0] jepsen.util: 0\t:ok\t:read\t3\n"
                  "java.net.SocketTimeoutException: at :invoke\n"
                  "4   :info   :cas    :timed-out\n"
                  ":nemesis\t:info\t:start\tCut off [n1] -> {n2\n") ==
        Lines{"4 invoke cas [1 2]", "0 ok read 3", "4 info cas :timed-out", "nemesis info start nil"});
  CHECK(events_of("5\t:invoke\t:write\t[1").back() == "error: h:1:20: the file ends in the middle of a value");
}

TEST_CASE("porcupine: operations become events in the order of their times, calls before returns") {
  CHECK(
      events_of(
          R"({"ClientId":1,"Input":{"op":1,"key":"x","value":"b"},"Call":5,"Output":{},"Return":9})"
          "\n"
          R"({"ClientId":0,"Input":{"op":0,"key":"x"},"Call":1,"Output":{"value":"a"},"Return":5})"
          "\n"
          R"({"ClientId":2,"Input":{"op":"append","key":"x","value":"c"},"Call":6,"Output":null,"Return":9223372036854775807})") ==
      Lines{"0 invoke get \"x\" nil", "1 invoke put \"x\" \"b\"", "0 ok get \"x\" \"a\"", "2 invoke append \"x\" \"c\"",
            "1 ok put \"x\" nil"});
}

TEST_CASE("porcupine: the inputs and outputs of its register and its etcd model") {
  CHECK(events_of(R"([{"ClientId":0,"Input":{"Op":false,"Value":3},"Call":1,"Output":0,"Return":2},)"
                  R"({"ClientId":0,"Input":{"Op":true,"Value":0},"Call":3,"Output":3,"Return":4}])") ==
        Lines{"0 invoke write 3", "0 ok write 0", "0 invoke read nil", "0 ok read 3"});
  CHECK(events_of(R"({"ClientId":0,"Input":{"op":2,"arg1":1,"arg2":2},"Call":1,"Output":{"ok":false},"Return":2})"
                  R"({"ClientId":0,"Input":{"op":0,"arg1":0},"Call":3,"Output":{"exists":false,"value":0},"Return":4})"
                  R"({"ClientId":0,"Input":{"op":0,"arg1":0},"Call":5,"Output":{"unknown":true},"Return":6})") ==
        Lines{"0 invoke cas [1 2]", "0 ok cas false", "0 invoke read nil", "0 ok read nil", "0 invoke read nil",
              "0 info read nil"});
}

TEST_CASE("porcupine: an error names the operation") {
  CHECK(events_of("{\"ClientId\":0,\"Input\":{\"op\":7},\"Call\":1,\"Output\":0,\"Return\":2}").back() ==
        "error: h:1:1: the \"op\" of an \"Input\" must be a name (\"get\", \"put\", ...), a boolean, or 0 to 2 beside a \"key\" "
        "or an \"arg1\"");
  CHECK(events_of("{\"Input\":{\"op\":\"get\"},\"Call\":3,\"Return\":2}").back() ==
        "error: h:1:1: an operation returns before it is called");
}

TEST_CASE("sessions: lines of a transaction become one event, aborted writes one each") {
  CHECK(events_of("w(1,2,0,0)\nr(3, 0, 0, 0)\n\nr(1,2,1,1)\r\nw(4,5,1,-1)\nw(4,6,1,-1)\n") ==
        Lines{"0 ok txn [[:w 1 2] [:r 3 0]]", "1 ok txn [[:r 1 2]]", "1 fail txn [[:w 4 5]]", "1 fail txn [[:w 4 6]]"});
  CHECK(events_of("w(1,2,0,0)\nw(1,3,0,1)\nw(1,4,0,0)\n").back() ==
        "error: h:3:1: transaction 0 goes on after another one began; put its lines together (sort -s -t, -k4,4)");
  CHECK(events_of("w(1,2,0,0)\nw(1,3,1,0)\n").back() == "error: h:2:1: transaction 0 is in two sessions, 0 and 1");
  CHECK(events_of("w(1,2,0,0)\nx(1,3,1,0)\n").back() ==
        "error: h:2:1: expected r(key,value,session,txn) or w(key,value,session,txn), all integers");
}

TEST_CASE("reading: what comes in pieces is read as if it came at once") {
  const std::string edn =
      "; c\n[{:process 0 :type :invoke :f :cas #_ skip :value [1 2]}\n#jepsen.history.Op{:process 0, :type :ok, :f :cas, :value "
      "\"a\\\"b\"} ;\n]\n";
  const std::string json =
      "{\"process\":0,\"type\":\"invoke\",\"f\":\"txn\",\"value\":[[\"r\",12,null]]}\n{\"process\":0,\"type\":\"ok\",\"value\":-"
      "3.5}\n";
  const std::string log = "INFO x - 4 :invoke :cas [1 2]\nnoise\n4 :ok :cas [1 2]";
  const std::string porcupine = R"({"ClientId":1,"Input":{"op":1,"key":"x","value":"b"},"Call":5,"Output":{},"Return":9})";
  const std::string sessions = "w(1,2,0,0)\nr(3,0,0,0)\nr(1,2,1,1)\n";
  const std::vector<std::pair<Format, std::string>> cases{{Format::edn, edn},
                                                          {Format::json, json},
                                                          {Format::jepsen_log, log},
                                                          {Format::porcupine, porcupine},
                                                          {Format::sessions, sessions}};
  for (const auto& [format, text] : cases) {
    CHECK(detect_format(text) == format);
    const Lines whole = events_of(text);
    REQUIRE(whole.size() >= 2);
    for (std::size_t piece = 1; piece < text.size(); ++piece) {
      INFO(to_string(format) << " in pieces of " << piece);
      CHECK(events_in_pieces(text, format, piece) == whole);
    }
  }
}

TEST_CASE("reading: the place of an error is right however far into the file it is") {
  std::string text;
  constexpr int lines = 20'000;
  for (int i = 0; i < lines; ++i) text += "{:process 0 :type :ok :f :read :value " + std::to_string(i) + "}\n";
  text += "  {:process 0 :type :odd}\n";
  const Lines read = events_in_pieces(text, Format::edn, 1 << 16);
  CHECK(read.size() == lines + 1);
  CHECK(read.back() == "error: h:20001:21: \"type\" must be \"invoke\", \"ok\", \"fail\" or \"info\"");
}

TEST_CASE("reading: a form beyond the limit is refused, and what was read before it was delivered") {
  std::size_t sent = 0;
  TextInput input(
      [&](std::span<char> span) -> Result<std::size_t> {
        const std::string_view opening = "{:type :ok} {:type :ok :value \"";
        std::fill(span.begin(), span.end(), 'x');
        if (sent == 0) opening.copy(span.data(), span.size());
        sent += span.size();
        return span.size();
      },
      "endless");
  const auto reader = make_reader(Format::edn, input);
  Event event;
  CHECK(*reader->next(event));
  const Result<bool> more = reader->next(event);
  REQUIRE(!more);
  CHECK(more.error().detail == "endless:1:12: nothing ends within 64 MiB from here; an event may not be longer");
}

TEST_CASE("detection: a format is told by its first event") {
  CHECK(detect_format("{\"format\":\"faultline-history\",\"version\":1}\n") == Format::jsonl);
  CHECK(detect_format("[{:type :ok}") == Format::edn);
  CHECK(detect_format("[{\"type\":\"ok\"}") == Format::json);
  CHECK(detect_format("") == std::nullopt);
  CHECK(detect_format("<html>") == std::nullopt);
  CHECK(detect_format("{\"Call\":1}") == std::nullopt);
}

TEST_CASE("kafka: the operations of Jepsen's workload become a log history") {
  const std::string text =
      "{:process 0 :type :invoke :f :send :time 1 :value [[:send 5 10]]}\n"
      "{:process 1 :type :invoke :f :subscribe :time 2 :value [5 6]}\n"
      "{:process 0 :type :ok :f :send :time 3 :value [[:send 5 [0 10]]]}\n"
      "{:process 1 :type :ok :f :subscribe :time 4 :value [5 6]}\n"
      "{:process :nemesis :type :info :f :kill :time 5 :value [\"n1\"]}\n"
      "{:process 2 :type :invoke :f :txn :time 6 :value [[:send 6 11] [:poll]]}\n"
      "{:process :nemesis :type :info :f :kill :time 7 :value {\"n1\" :killed}}\n"
      "{:process 2 :type :info :f :txn :time 8 :value [[:send 6 11] [:poll]] :error :timeout}\n"
      "{:process :nemesis :type :info :f :start :time 9}\n"
      "{:process :nemesis :type :info :f :start :time 10}\n"
      "{:process 3 :type :invoke :f :crash :time 11}\n"
      "{:process 3 :type :info :f :crash :time 11}\n"
      "{:process 1 :type :invoke :f :poll :time 12 :value [[:poll]]}\n"
      "{:process 1 :type :ok :f :poll :time 13 :rebalance-log [{:keys [5]}] :value [[:poll {5 [[0 10]] 6 [[2 11]]}]]}\n"
      "{:process 1 :type :invoke :f :assign :seek-to-beginning? true :time 14 :value [5]}\n";
  TextInput input(text, "h");
  const auto reader = make_reader(Format::edn, input);
  const auto history = read_log(*reader);
  REQUIRE(history.has_value());
  using checkers::OperationKind;
  REQUIRE(history->operations.size() == 5);
  CHECK(describe(*history, 0) == "op 0, process 0: send 5@0=10: ok, 0.000000 s to 0.000000 s");
  CHECK(history->operations[1].kind == OperationKind::subscribe);
  CHECK(history->operations[2].kind == OperationKind::txn);
  CHECK(history->operations[2].outcome == checkers::Outcome::indefinite);
  CHECK(history->errors[history->operations[2].error] == "timeout");
  CHECK(history->operations[3].rebalanced);
  CHECK(history->operations[3].final_read);
  CHECK(history->polled_by(history->operations[3]).size() == 2);
  CHECK(history->operations[4].kind == OperationKind::assign);
  REQUIRE(history->faults.size() == 1);
  CHECK(history->faults[0].name == "kill");
  CHECK(history->faults[0].begin.time_since_epoch().count() == 5);
  CHECK(history->faults[0].end.time_since_epoch().count() == 10);
}

TEST_CASE("formats: the reports of etcd's robustness tests are told apart from what they look like") {
  const Lines lines = events_of(
      R"({"ClientId":1,"Input":{"Type":"range","Range":{"Start":"a"},"Txn":null},"Call":1,"Output":{"Revision":2},"Return":5})");
  REQUIRE(lines.size() == 1);
  CHECK(lines[0].find("this is a request of etcd's robustness tests") != std::string::npos);
}
