// Several files of one run, read as one history.
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "checkers/formats/history_jsonl.h"
#include "checkers/formats/merged_reader.h"
#include "checkers/formats/to_log.h"
#include "checkers/formats/write_value.h"

using namespace faultline;
using namespace faultline::formats;

namespace {

struct Merge {
  explicit Merge(Format format, const std::vector<std::string_view>& texts) {
    std::vector<NamedReader> readers;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      const std::string name(1, static_cast<char>('a' + i));
      inputs.push_back(std::make_unique<TextInput>(texts[i], name));
      readers.push_back({name, make_reader(format, *inputs.back())});
    }
    reader = make_merged_reader(std::move(readers));
  }

  std::vector<std::unique_ptr<TextInput>> inputs;
  std::unique_ptr<EventReader> reader;
};

std::vector<std::string> merged(Format format, const std::vector<std::string_view>& texts) {
  const Merge merge(format, texts);
  std::vector<std::string> lines;
  Event event;
  for (;;) {
    const Result<bool> more = merge.reader->next(event);
    if (!more) lines.push_back(more.error().detail);
    if (!more || !*more) return lines;
    lines.push_back(std::to_string(*event.time) + " " + std::to_string(event.process.value_or(-1)) + " " +
                    std::string(to_string(event.type)));
    if (event.fields.contains("op")) lines.back() += " op " + to_edn(event.fields.find("op"));
  }
}

using Lines = std::vector<std::string>;

}  // namespace

TEST_CASE("merging: events come by time, and a call before a return of the same time") {
  CHECK(merged(Format::json,
               {R"({"process":0,"type":"invoke","f":"read","time":5}{"process":0,"type":"ok","f":"read","time":9})",
                R"({"process":1,"type":"invoke","f":"read","time":9}{"process":1,"type":"ok","f":"read","time":20})",
                R"({"process":2,"type":"invoke","f":"read","time":1}{"process":"nemesis","type":"info","f":"kill","time":6})"}) ==
        Lines{"1 2 invoke", "5 0 invoke", "6 -1 info", "9 1 invoke", "9 0 ok", "20 1 ok"});
}

TEST_CASE("merging: an order that the clock does not tell is not guessed") {
  const Lines lines = merged(
      Format::json,
      {R"({"process":0,"type":"invoke","time":1}{"process":0,"type":"ok","time":5})",
       R"({"process":1,"type":"invoke","time":2}{"process":1,"type":"ok","time":5}{"process":1,"type":"invoke","time":5})"});
  CHECK(
      lines.back() ==
      "b:1:109: at this time an operation of a ended, and one of this file began after another event: which was first cannot be "
      "told; record times by a finer clock");
  // Within one file the order is known.
  CHECK(merged(Format::json, {R"({"process":1,"type":"ok","time":5}{"process":1,"type":"invoke","time":5})"}) ==
        Lines{"5 1 ok", "5 1 invoke"});
}

TEST_CASE("merging: what does not belong together is refused, with the place") {
  CHECK(merged(Format::json, {R"({"process":7,"type":"invoke","time":1})", R"({"process":7,"type":"invoke","time":2})"}).back() ==
        "b:1:12: process 7 is in a as well; give the clients of all files different numbers");
  CHECK(merged(Format::json, {R"({"process":7,"type":"invoke"})"}).back() ==
        "a:1:1: to be merged, each event needs its \"time\", by a clock common to all files");
  CHECK(merged(Format::json, {R"({"type":"invoke","time":2})"}).back() ==
        "a:1:1: to be merged, each event needs its \"process\"");
  CHECK(merged(Format::json, {R"({"process":7,"type":"invoke","time":3}{"process":7,"type":"ok","time":2})"}).back() ==
        "a:1:71: this event is earlier than the one before it");
  CHECK(merged(Format::sessions, {"r(1,2,3,4)\n"}).back() ==
        "a:1:1: to be merged, each event needs its \"time\", by a clock common to all files");
  CHECK(merged(Format::jsonl, {R"({"format":"faultline-history","version":1,"model":"kv"})",
                               R"({"format":"faultline-history","version":1,"model":"set"})"})
            .back() == "b:1:57: its header states another model than that of a");
}

TEST_CASE("merging: the operations of files that count for themselves are told apart") {
  CHECK(merged(Format::json, {R"({"process":0,"op":0,"type":"invoke","time":5}{"process":0,"op":0,"type":"ok","time":9})",
                              R"({"process":1,"op":0,"type":"invoke","time":6}{"process":1,"op":0,"type":"ok","time":7})"}) ==
        Lines{"5 0 invoke op 0", "6 1 invoke op 1", "7 1 ok op 1", "9 0 ok op 0"});
}

TEST_CASE("merging: logs of our own format become one log, whose partitions are those of all") {
  const Merge merge(
      Format::jsonl,
      {"{\"format\":\"faultline-history\",\"version\":1,\"partitions\":[\"t\"]}\n"
       "{\"time\":90,\"process\":\"nemesis\",\"type\":\"info\",\"f\":\"crash\",\"value\":{\"target\":\"node 0\",\"end\":95}}\n"
       "{\"index\":0,\"time\":10,\"op\":0,\"process\":0,\"type\":\"invoke\",\"f\":\"txn\",\"value\":[[\"t\",null,1]]}\n"
       "{\"index\":1,\"time\":40,\"op\":0,\"process\":0,\"type\":\"ok\",\"f\":\"txn\",\"value\":[[\"t\",0,1]],\"decided\":1}\n",
       "{\"format\":\"faultline-history\",\"version\":1,\"partitions\":[\"u\"]}\n"
       "{\"index\":0,\"time\":5,\"op\":0,\"process\":1,\"type\":\"invoke\",\"f\":\"poll\"}\n"
       "{\"index\":1,\"time\":20,\"op\":0,\"process\":1,\"type\":\"ok\",\"f\":\"poll\",\"value\":[[\"t\",0,1]]}\n"});
  const Result<checkers::LogHistory> history = read_log(*merge.reader);
  INFO((history ? "" : history.error().detail));
  REQUIRE(history.has_value());
  CHECK(history->partitions == std::vector<std::string>{"t", "u"});
  REQUIRE(history->operations.size() == 2);
  CHECK(history->operations[0].process == 1);
  CHECK(history->operations[1].invoke_index == 1);
  CHECK(history->operations[1].completion_index == 3);
  // One event of its own file had happened: the second of all.
  CHECK(history->details_of(history->operations[1]).decided_at == 2);
  CHECK(history->faults.size() == 1);
}
