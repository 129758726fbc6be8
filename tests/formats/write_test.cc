// What is written in any format and read again is the same history, or is refused.
//
// "The same" is what a checker sees: the operations, transactions or records that the converters make of the events. Times are not
// compared, since verdicts hang on the order of events only and one format has none.
#include <fmt/format.h>
#include <rapidcheck.h>

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include "checkers/formats/convert.h"
#include "checkers/formats/history_jsonl.h"
#include "checkers/formats/to_log.h"
#include "checkers/formats/to_operations.h"
#include "checkers/formats/to_transactions.h"

using namespace faultline;
using namespace faultline::formats;

namespace {

struct Converted {
  std::string text;
  std::string error;
  LeftOut left_out;
};

Converted converted(std::string_view text, Format from, Format to, const Workload& workload, bool lossy = false) {
  Converted result;
  TextInput input(text, "h");
  const auto reader = make_reader(from, input);
  const Result<LeftOut> done =
      convert(*reader, from, to, {.workload = workload, .lossy = lossy}, [&](std::string_view piece) { result.text += piece; });
  if (done) result.left_out = *done;
  if (!done) result.error = done.error().detail;
  return result;
}

template <class Converter>
std::string feed(EventReader& reader, Converter& converter) {
  Event event;
  for (;;) {
    const Result<bool> more = reader.next(event);
    if (!more) return more.error().detail;
    if (!*more) return "";
    const Result<> added = converter.add(event, reader);
    if (!added) return added.error().detail;
  }
}

template <class M, class Operation>
std::string operations_text(const M& model, const ReadOperations& read, const std::vector<Operation>& operations) {
  // Events are ranked: a format without failed operations has fewer of them.
  std::map<std::uint32_t, std::size_t> rank;
  for (const Operation& operation : operations) {
    rank[operation.invoke_index] = 0;
    if (operation.ok()) rank[operation.completion_index] = 0;
  }
  std::size_t next = 0;
  for (auto& [index, place] : rank) place = next++;
  std::string text;
  for (const Operation& operation : operations) {
    std::string key;
    if constexpr (requires { operation.input.key; }) key = read.keys[operation.input.key];
    text += fmt::format("{} {}..{} {} {}\n", operation.process, rank[operation.invoke_index],
                        operation.ok() ? std::to_string(rank[operation.completion_index]) : "", key,
                        read.values.restore(model.describe(operation.input, operation.ok() ? &operation.output : nullptr)));
  }
  return text;
}

std::string model_text(EventReader& reader, Model model) {
  namespace lin = linearizability;
  OperationConverter converter(model);
  const std::string problem = feed(reader, converter);
  if (!problem.empty()) return "error: " + problem;
  const ReadOperations read = std::move(converter).take();
  return std::visit(
      [&]<class Operation>(const std::vector<Operation>& operations) -> std::string {
        if constexpr (std::is_same_v<Operation, lin::RegisterOperation>)
          return operations_text(lin::Register(), read, operations);
        else if constexpr (std::is_same_v<Operation, lin::MultiRegisterOperation>)
          return operations_text(lin::MultiRegister(), read, operations);
        else if constexpr (std::is_same_v<Operation, lin::KvOperation>)
          return operations_text(lin::Kv(), read, operations);
        else if constexpr (std::is_same_v<Operation, lin::MutexOperation>)
          return operations_text(lin::Mutex(), read, operations);
        else if constexpr (std::is_same_v<Operation, lin::SetOperation>)
          return operations_text(lin::Set(), read, operations);
        else if constexpr (std::is_same_v<Operation, lin::QueueOperation>)
          return operations_text(lin::Queue(), read, operations);
        else if constexpr (std::is_same_v<Operation, lin::LogOperation>)
          return operations_text(lin::Log(), read, operations);
        else
          return operations_text(lin::Znodes(), read, operations);
      },
      read.operations);
}

std::string log_text(EventReader& reader) {
  Result<checkers::LogHistory> history = read_log(reader);
  if (!history) return "error: " + history.error().detail;
  for (checkers::LogOperation& operation : history->operations) operation.invoked = operation.completed = Time{};
  history->faults.clear();
  return write_history(*history);
}

std::string mop_text(const transactions::TransactionHistory& history, const transactions::MicroOperation& mop) {
  using transactions::Function;
  std::string text = fmt::format(" {}", history.key_name(mop.key()));
  switch (mop.function()) {
    case Function::append: return text + " append " + history.value_text(mop.value());
    case Function::write: return text + " write " + history.value_text(mop.value());
    case Function::read_register: return text + " read " + history.value_text(mop.value());
    case Function::read_unknown: return text + " read something";
    case Function::read_list: break;
  }
  text += " read [";
  for (const std::uint32_t code : history.list_of(mop)) text += history.value_text(transactions::Value(code)) + " ";
  return text + "]";
}

// By session. Without time (`timed`) what did not commit is only its writes, one by one.
std::string transactions_text(EventReader& reader, bool lists, bool timed) {
  TransactionConverter converter(lists);
  const std::string problem = feed(reader, converter);
  if (!problem.empty()) return "error: " + problem;
  const transactions::TransactionHistory history = std::move(converter).take().history;
  std::map<std::int32_t, std::string> sessions;
  for (std::uint32_t i = 0; i < history.transactions.size(); ++i) {
    const transactions::Transaction& transaction = history.transactions[i];
    std::string& text = sessions[transaction.process];
    const bool ok = transaction.outcome == checkers::Outcome::ok;
    const std::string outcome(to_string(transaction.outcome));
    if (timed) text += fmt::format("{} to {}", transaction.invoke_index, transaction.completion_index);
    if (timed || (ok && transaction.count > 0)) text += outcome;
    for (const transactions::MicroOperation& mop : history.operations_of(i)) {
      if (timed || ok) text += mop_text(history, mop);
      if (!timed && !ok && mop.is_write()) text += outcome + mop_text(history, mop) + "\n";
    }
    text += timed || ok ? "\n" : "";
  }
  std::string text;
  for (const auto& [process, lines] : sessions) {
    if (!lines.empty()) text += fmt::format("{}:\n{}", process, lines);
  }
  return text;
}

std::string meaning(std::string_view text, Format format, const Workload& workload, bool timed = true) {
  TextInput input(text, "h");
  const auto reader = make_reader(format, input);
  switch (workload.kind) {
    case WorkloadKind::log: return log_text(*reader);
    case WorkloadKind::model: return model_text(*reader, workload.model);
    case WorkloadKind::list_append: return transactions_text(*reader, true, timed);
    case WorkloadKind::rw_register: return transactions_text(*reader, false, timed);
  }
  return "";
}

// A random history, as EDN. Each step is of a process, which begins an operation if it has none under way, and else ends it.
struct Step {
  std::uint8_t process = 0;
  std::uint8_t choice = 0;  // of a function, or of an outcome
  std::uint8_t detail = 0;  // of what a value looks like
  std::int8_t number = 0;
};

using Steps = std::vector<std::tuple<std::uint8_t, std::uint8_t, std::uint8_t, std::int8_t>>;

// What values may be: numbers, texts with all that needs an escape, keywords, and nothing.
std::string value_text(const Step& step) {
  switch (step.detail % 6) {
    case 0: return R"("a \"quoted\" \\ line\n")";
    case 1: return "\"\xc3\xa9\"";
    case 2: return ":word";
    case 3: return "9223372036854775807";
    default: return std::to_string(step.number);
  }
}

struct Grammar {
  std::string f;
  std::string asked;
  std::string answered;  // empty: as asked
};

// What an operation of `workload` asks, and may be answered.
Grammar grammar_of(const Workload& workload, const Step& step) {
  const std::string value = value_text(step);
  const std::string number = std::to_string(step.number);
  const std::string key = step.choice % 8 < 4 ? "x" : "\"another key\"";
  const auto pick = [&](std::vector<Grammar> of) { return of[step.choice % of.size()]; };
  if (workload.kind == WorkloadKind::list_append) {
    const std::string list = "[" + number + " " + value + "]";
    return pick({{"txn", "[[:append x " + number + "] [:r :y nil]]", "[[:append x " + number + "] [:r :y " + list + "]]"},
                 {"txn", "[[:r 3 nil]]", "[[:r 3 nil]]"},
                 {"txn", "[[:r 3 nil] [:append 3 " + value + "]]", "[[:r 3 []] [:append 3 " + value + "]]"}});
  }
  if (workload.kind == WorkloadKind::rw_register) {
    // The session notation knows no texts, and 0 is special to it: both are to be rare.
    const std::string odd = step.detail % 16 == 0 ? value : std::to_string(step.number | 1);
    return pick({{"txn", "[[:w 1 " + odd + "] [:r 2 nil]]", "[[:w 1 " + odd + "] [:r 2 " + odd + "]]"},
                 {"txn", "[[:r 3 nil]]", "[[:r 3 nil]]"},
                 {"txn", "[[:r 1 nil] [:w 2 " + odd + "]]", "[[:r 1 nil] [:w 2 " + odd + "]]"}});
  }
  if (workload.kind == WorkloadKind::log) {
    return pick({{"send", "[[:send k " + number + "] [:send 3 7]]",
                  "[[:send k [" + std::to_string(step.detail) + " " + number + "]] [:send 3 7]]"},
                 {"poll", "[[:poll]]", "[[:poll {k [[0 " + number + "] [1 5]] 3 [[2 2]]}] [:poll {k [[2 6]]}]]"},
                 {"poll", "[[:poll]]", "[[:poll {}]]"},
                 {"txn", "[[:send k " + number + "] [:poll]]", "[[:send k [4 " + number + "]] [:poll {k [[4 " + number + "]]}]]"},
                 {"assign", "[k 3]", ""},
                 {"subscribe", "[k]", ""}});
  }
  switch (workload.model) {
    case Model::register_:
      return pick({{"read", "[" + key + " nil]", "[" + key + " " + value + "]"},
                   {"write", "[" + key + " " + value + "]", ""},
                   {"cas", "[" + key + " [" + value + " 2]]", "[" + key + " false]"},
                   {"cas", "[" + key + " [" + value + " 2]]", ""}});
    case Model::kv:
      return pick({{"get", "[" + key + " nil]", "[" + key + " " + value + "]"},
                   {"put", "[" + key + " " + value + "]", ""},
                   {"append", "[" + key + " " + value + "]", ""}});
    case Model::multi_register:
      return {"txn", "[[:write x " + value + "] [:read y nil]]", "[[:write x " + value + "] [:read y " + number + "]]"};
    case Model::mutex:
    case Model::owned_mutex: return pick({{"acquire", "nil", ""}, {"release", "nil", ""}});
    case Model::set:
      return pick(
          {{"add", value, ""}, {"remove", value, ""}, {"contains", value, "true"}, {"read", "nil", "#{1 " + number + "0}"}});
    case Model::queue: return pick({{"enqueue", value, ""}, {"dequeue", "nil", value}, {"dequeue", "nil", "nil"}});
    case Model::stack: return pick({{"push", value, ""}, {"pop", "nil", value}});
    case Model::log:
      return pick({{"append", value, "[3 " + value + "]"},
                   {"append", value, ""},
                   {"read", "nil", "[1 " + value + "]"},
                   {"read", "2", "[1]"}});
    case Model::znodes:
      return pick({{"create", "{:path \"/a\", :data " + value + "}", "{:path \"/a\"}"},
                   {"get", "{:path \"/a\"}", "{:data 1, :version 3}"},
                   {"children", "{:path \"/\"}", "[\"a\" \"b\"]"},
                   {"delete", "{:path \"/a\", :version 2}", ""}});
  }
  return {};
}

std::string history_text(const Workload& workload, const Steps& steps) {
  std::map<int, Grammar> busy;
  std::string text;
  std::int64_t time = 0;
  for (const auto& [process, choice, detail, number] : steps) {
    const Step step{process, choice, detail, number};
    const int who = step.process % 3;
    const auto [open, begins] = busy.emplace(who, Grammar());
    if (begins) open->second = grammar_of(workload, step);
    const Grammar& is = open->second;
    const std::string_view type = begins ? "invoke" : step.choice % 8 == 0 ? "fail" : step.choice % 16 == 1 ? "info" : "ok";
    const std::string& value = type == "ok" && !is.answered.empty() ? is.answered : is.asked;
    time += step.detail;
    text += fmt::format("{{:process {}, :type :{}, :f :{}, :value {}, :time {}{}}}\n", who, type, is.f, value, time,
                        type == "info" ? ", :error \"timed out\"" : "");
    if (!begins) busy.erase(open);
  }
  return text;
}

// JSON has no keywords: a text is what comes nearest.
std::string without_keywords(std::string text) {
  for (std::size_t at = text.find(":word"); at != std::string::npos; at = text.find(":word", at)) text.replace(at, 5, "\"word\"");
  return text;
}

const std::vector<Workload>& workloads() {
  static const std::vector<Workload> all = [] {
    std::vector<Workload> list{{WorkloadKind::log}, {WorkloadKind::list_append}, {WorkloadKind::rw_register}};
    for (const Model model : all_models()) list.push_back({WorkloadKind::model, model});
    return list;
  }();
  return all;
}

}  // namespace

TEST_CASE("writing: a random history of any kind, written in any format and read again, is the same or was refused") {
  std::map<std::string, int> written;
  for (const Workload& workload : workloads()) {
    for (const Format to : all_formats()) {
      const std::string name = fmt::format("{} as {}", to_string(workload), to_string(to));
      INFO(name);
      const bool timed = to != Format::sessions;
      REQUIRE(rc::check(name, [&](const Steps& steps) {
        const std::string text = history_text(workload, steps);
        const Converted result = converted(text, Format::edn, to, workload);
        if (!result.error.empty()) return;
        ++written[name];
        const std::string wanted = meaning(text, Format::edn, workload, timed);
        const bool has_keywords = to == Format::edn || to == Format::jepsen_log;
        RC_ASSERT(meaning(result.text, to, workload, timed) == (has_keywords ? wanted : without_keywords(wanted)));
        // And back: what came out is as good a source as any.
        const Converted back = converted(result.text, to, Format::jsonl, workload);
        RC_ASSERT(back.error == "");
        RC_ASSERT(meaning(back.text, Format::jsonl, workload, timed) == without_keywords(wanted));
      }));
    }
  }
  // What a format can express at all, it did.
  for (const Workload& workload : workloads()) {
    for (const Format to : {Format::jsonl, Format::json, Format::edn, Format::jepsen_log})
      CHECK(written[fmt::format("{} as {}", to_string(workload), to_string(to))] > 90);
  }
  for (const char* name : {"register as porcupine", "kv as porcupine", "set as porcupine", "queue as porcupine",
                           "mutex as porcupine", "multi-register as porcupine"})
    CHECK(written[name] > 90);
  CHECK(written["elle-register as sessions"] > 0);  // few histories are what sessions can say
}

TEST_CASE("writing: every history of the corpus, in every format that can express it, is the same history") {
  const std::filesystem::path corpus = std::filesystem::path(FAULTLINE_TESTDATA) / "../../checkers/corpus";
  std::map<Format, int> written;
  for (const auto& entry : std::filesystem::directory_iterator(corpus)) {
    if (entry.path().filename() == "manifest.json") continue;
    std::ifstream stream(entry.path());
    std::stringstream buffer;
    buffer << stream.rdbuf();
    const std::string text = buffer.str();
    const std::optional<Format> from = detect_format(text);
    REQUIRE(from.has_value());
    const Guess guess = guess_workload(*from, text, true);
    if (!guess.workload) continue;  // the manifest says what it is about
    for (const Format to : all_formats()) {
      const Converted result = converted(text, *from, to, *guess.workload);
      if (!result.error.empty()) continue;
      INFO(entry.path().filename().string() << " as " << to_string(to) << ":\n" << result.text);
      ++written[to];
      CHECK(detect_format(result.text) == to);
      const bool timed = to != Format::sessions && from != Format::sessions;
      // Names of values may lose their colons; the corpus has none in values.
      CHECK(meaning(result.text, to, *guess.workload, timed) == meaning(text, *from, *guess.workload, timed));
    }
  }
  CHECK(written[Format::jsonl] > 130);
  CHECK(written[Format::json] > 90);
  CHECK(written[Format::edn] > 90);
  CHECK(written[Format::jepsen_log] > 90);
  CHECK(written[Format::porcupine] > 25);
  CHECK(written[Format::sessions] >= 10);
}

namespace {

const Workload registers{WorkloadKind::model, Model::register_};
const Workload transactions_of_registers{WorkloadKind::rw_register};

const std::string small_register =
    "{:process 0, :type :invoke, :f :cas, :value [x [1 2]], :time 5}\n"
    "{:process :nemesis, :type :info, :f :kill, :value \"n1\", :time 6}\n"
    "{:process 1, :type :invoke, :f :read, :value [x nil], :time 6}\n"
    "{:process 1, :type :ok, :f :read, :value [x 1], :time 6}\n"
    "{:process 0, :type :info, :f :cas, :value [x [1 2]], :error :timeout, :time 9}\n";

}  // namespace

TEST_CASE("writing: each format looks as those who use it expect") {
  CHECK(converted(small_register, Format::edn, Format::json, registers).text ==
        "{\"time\":5,\"process\":0,\"type\":\"invoke\",\"f\":\"cas\",\"value\":[\"x\",[1,2]]}\n"
        "{\"time\":6,\"process\":\"nemesis\",\"type\":\"info\",\"f\":\"kill\",\"value\":\"n1\"}\n"
        "{\"time\":6,\"process\":1,\"type\":\"invoke\",\"f\":\"read\",\"value\":[\"x\",null]}\n"
        "{\"time\":6,\"process\":1,\"type\":\"ok\",\"f\":\"read\",\"value\":[\"x\",1]}\n"
        "{\"time\":9,\"process\":0,\"type\":\"info\",\"f\":\"cas\",\"value\":[\"x\",[1,2]],\"error\":\"timeout\"}\n");
  CHECK(converted(small_register, Format::edn, Format::jepsen_log, registers).text ==
        "0\t:invoke\t:cas\t[x [1 2]]\n"
        ":nemesis\t:info\t:kill\t\"n1\"\n"
        "1\t:invoke\t:read\t[x nil]\n"
        "1\t:ok\t:read\t[x 1]\n"
        "0\t:info\t:cas\t[x [1 2]]\t:timeout\n");
  const Converted porcupine = converted(small_register, Format::edn, Format::porcupine, registers);
  CHECK(porcupine.text ==
        "{\"ClientId\":1,\"Input\":{\"op\":\"read\",\"key\":\"x\"},\"Call\":6,\"Output\":{\"value\":1},\"Return\":7}\n"
        "{\"ClientId\":0,\"Input\":{\"op\":\"cas\",\"key\":\"x\",\"from\":1,\"to\":2},\"Call\":5,\"Output\":null,\"Return\":null}"
        "\n");
  CHECK(porcupine.left_out == LeftOut{{"events of faults", 1}});
  CHECK(converted(porcupine.text, Format::porcupine, Format::edn, registers).text ==
        "{:time 5 :process 0 :type :invoke :f :cas :value [\"x\" [1 2]] :op 1}\n"
        "{:time 6 :process 1 :type :invoke :f :read :value [\"x\" nil] :op 0}\n"
        "{:time 7 :process 1 :type :ok :f :read :value [\"x\" 1] :op 0}\n");
  CHECK(converted("{:process 4, :type :ok, :f :txn, :value [[:w 1 5] [:r 2 nil]]}\n{:process 4, :type :fail, :f :txn, :value "
                  "[[:w 2 7]]}\n",
                  Format::edn, Format::sessions, transactions_of_registers)
            .text == "w(1,5,4,0)\nr(2,0,4,0)\nw(2,7,4,-1)\n");
  CHECK(converted("r(1,0,0,0)\nr(2,0,0,0)\nw(2,0,1,1)\n", Format::sessions, Format::json, transactions_of_registers).text ==
        "{\"process\":0,\"type\":\"ok\",\"f\":\"txn\",\"value\":[[\"r\",1,null],[\"r\",2,0]]}\n"
        "{\"process\":1,\"type\":\"ok\",\"f\":\"txn\",\"value\":[[\"w\",2,0]]}\n");
}

TEST_CASE("writing: what a format cannot say is refused where it stands, or left out on demand") {
  const auto error = [](std::string_view text, Format from, Format to, const Workload& workload) {
    return converted(text, from, to, workload).error;
  };
  const Workload log{WorkloadKind::log};
  const std::string group =
      "{\"format\":\"faultline-history\",\"version\":1}\n"
      "{\"time\":1,\"process\":0,\"type\":\"invoke\",\"f\":\"poll\",\"group\":\"g\"}\n"
      "{\"time\":2,\"process\":0,\"type\":\"ok\",\"f\":\"poll\",\"value\":[[\"t\",0,5]],\"end\":[\"t\",1]}\n"
      "{\"time\":3,\"process\":0,\"type\":\"invoke\",\"f\":\"commit\",\"value\":[[\"t\",1]],\"group\":\"g\"}\n";
  CHECK_THAT(error(group, Format::jsonl, Format::edn, log),
             Catch::Contains("op 0, process 0") && Catch::Contains("no word for exact ends of polls; --lossy leaves this out"));
  const Converted lossy = converted(group, Format::jsonl, Format::edn, log, true);
  CHECK(lossy.error == "");
  CHECK(lossy.left_out == LeftOut{{"exact ends of polls", 1}, {"groups and their generations", 1}, {"operations commit", 1}});
  CHECK(lossy.text ==
        "{:time 1 :process 0 :type :invoke :f :poll :value [[:poll]]}\n"
        "{:time 2 :process 0 :type :ok :f :poll :value [[:poll {\"t\" [[0 5]]}]]}\n");
  CHECK(error(small_register, Format::edn, Format::sessions, registers) ==
        "a history of register cannot be written as sessions, which has transactions that read and write registers");
  CHECK(error("{:process 0, :type :invoke, :f :txn, :value [[:w 1 \"a\"]]}", Format::edn, Format::sessions,
              transactions_of_registers) == "h:1:46: the format sessions has integers as keys and values");
  CHECK(error("{:process 0, :type :invoke, :f :txn, :value [[:w 1 1]]}", Format::edn, Format::sessions,
              transactions_of_registers) == "the format sessions has no word for a transaction that never ended and writes");
  CHECK(error("{:process 0, :type :ok, :f :txn, :value [[:w 1 0]]}\n{:process 1, :type :ok, :f :txn, :value [[:r 1 nil]]}",
              Format::edn, Format::sessions, transactions_of_registers) ==
        "the format sessions takes 0 for the initial value, but key 1 is written as 0 and was read before it had a value");
  CHECK(error("{:type :invoke, :f :read}", Format::edn, Format::jepsen_log, registers) ==
        "h:1:1: the format jepsen-log needs the process of each event");
  CHECK(error("{:process 1 :op 1 :type :invoke, :f :read}\n{:process 1 :op 2 :type :invoke, :f :read}", Format::edn,
              Format::jepsen_log,
              registers) == "h:2:11: the format jepsen-log can only have one operation of a process under way");
  CHECK(error("{:process 1 :type :ok, :f :read, :value 1}", Format::edn, Format::porcupine, registers) ==
        "h:1:1: the format porcupine needs the invocation of each operation");
}
