// From a file to a verdict: files written by hand, in the formats of others.
#include <catch2/catch.hpp>
#include <fstream>
#include <sstream>

#include "checkers/formats/to_operations.h"
#include "checkers/formats/to_transactions.h"
#include "checkers/formats/workload.h"
#include "checkers/transactions/check_transactions.h"

using namespace faultline;
using namespace faultline::formats;

namespace {

std::string file(const std::string& name) {
  std::ifstream stream(FAULTLINE_TESTDATA "/checking/" + name);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

template <class Converter>
void feed(std::string_view text, Converter& converter) {
  TextInput input(text, "h");
  const auto reader = make_reader(*detect_format(text), input);
  Event event;
  for (;;) {
    const Result<bool> more = reader->next(event);
    INFO((more ? "" : more.error().detail));
    REQUIRE(more.has_value());
    if (!*more) return;
    const Result<> added = converter.add(event, *reader);
    INFO((added ? "" : added.error().detail));
    REQUIRE(added.has_value());
  }
}

ReadOperations operations_of(std::string_view text, Model model) {
  OperationConverter converter(model);
  feed(text, converter);
  return std::move(converter).take();
}

ReadTransactions transactions_of(std::string_view text, bool lists) {
  TransactionConverter converter(lists);
  feed(text, converter);
  return std::move(converter).take();
}

std::string error_of(std::string_view text, Model model) {
  TextInput input(text, "h");
  const auto reader = make_reader(Format::edn, input);
  OperationConverter converter(model);
  Event event;
  for (Result<bool> more = reader->next(event); more && *more; more = reader->next(event)) {
    const Result<> added = converter.add(event, *reader);
    if (!added) return added.error().detail;
  }
  return "no error";
}

}  // namespace

TEST_CASE("checking: a Jepsen register written by hand is invalid, and the read that is too old is named") {
  const std::string text = file("jepsen-register.edn");
  CHECK(detect_format(text) == Format::edn);
  CHECK(guess_workload(Format::edn, text, true).workload == Workload{WorkloadKind::model, Model::register_});
  const ReadOperations read = operations_of(text, Model::register_);
  CHECK(read.vacuity.operations == 4);
  CHECK(read.vacuity.indefinite == 1);
  CHECK(read.vacuity.faults == 1);
  CHECK(read.vacuity.faults_overlapping == 1);
  const linearizability::Result result = check(read, {});
  CHECK(result.outcome == checkers::Verdict::Outcome::invalid);
  REQUIRE(result.stuck.has_value());
  CHECK(std::get<std::vector<linearizability::RegisterOperation>>(read.operations)[*result.stuck].source == 3);
}

TEST_CASE("checking: Porcupine's operations written by hand are valid") {
  const std::string text = file("porcupine-kv.jsonl");
  CHECK(detect_format(text) == Format::porcupine);
  CHECK(guess_workload(Format::porcupine, text, true).workload == Workload{WorkloadKind::model, Model::kv});
  const ReadOperations read = operations_of(text, Model::kv);
  CHECK(read.vacuity.ok == 5);
  CHECK(check(read, {}).outcome == checkers::Verdict::Outcome::valid);
}

TEST_CASE("checking: Porcupine's kv text written by hand is invalid: two gets disagree on the order of appends") {
  const std::string text = file("porcupine-kv.txt");
  CHECK(detect_format(text) == Format::edn);
  CHECK(guess_workload(Format::edn, text, true).workload == Workload{WorkloadKind::model, Model::kv});
  const linearizability::Result result = check(operations_of(text, Model::kv), {});
  CHECK(result.outcome == checkers::Verdict::Outcome::invalid);
}

TEST_CASE("operations: values that are no numbers come back in the checker's words") {
  const ReadOperations read = operations_of(
      "{:process 0 :type :invoke :f :write :key \"lamp\" :value :red}{:process 0 :type :ok :f :write :key \"lamp\" :value :red}"
      "{:process 0 :type :invoke :f :read :key \"lamp\"}{:process 0 :type :ok :f :read :key \"lamp\" :value [1 :green]}",
      Model::register_);
  const linearizability::Result result = check(read, {});
  REQUIRE(result.outcome == checkers::Verdict::Outcome::invalid);
  REQUIRE(!result.witness.empty());
  CHECK(result.witness.back().text == "read -> [1 :green]");
}

TEST_CASE("operations: a failed operation is left out, an open one is indefinite, and its process may not begin another") {
  const ReadOperations read = operations_of(
      "{:process 0 :type :invoke :f :write :value 1}{:process 0 :type :fail :f :write :value 1}"
      "{:process 1 :type :invoke :f :cas :value [1 2]}{:process 2 :type :invoke :f :read}{:process 2 :type :ok :f :read :value "
      "nil}",
      Model::register_);
  const auto& operations = std::get<std::vector<linearizability::RegisterOperation>>(read.operations);
  REQUIRE(operations.size() == 2);
  CHECK(operations[0].source == 1);
  CHECK(!operations[0].ok());
  CHECK(operations[1].output.value == linearizability::nil);
  CHECK(read.vacuity.indefinite == 1);
  CHECK(error_of("{:process 0 :type :invoke :f :read}{:process 0 :type :invoke :f :read}", Model::register_)
            .starts_with("h:1:46: this process has an operation under way"));
  CHECK(error_of("{:process 0 :type :ok :f :read}", Model::register_)
            .starts_with("h:1:1: this completes an operation that was not invoked"));
  CHECK(error_of("{:process 0 :type :invoke :f :fly}", Model::register_)
            .starts_with("h:1:30: \"fly\" is no operation of a register: it has read, write, cas"));
  CHECK(error_of("{:process 0 :type :invoke :f :cas :value 3}", Model::register_) ==
        "h:1:42: the value of a cas is a pair: [expected new]");
}

TEST_CASE("transactions: what an operation wrote is known without its completion, what it read is not") {
  const ReadTransactions read = transactions_of(
      "{:process 0 :type :invoke :value [[:append :x 1] [:r :x nil]]}{:process 1 :type :invoke :value [[:append :x 2] [:r :y "
      "nil]]}"
      "{:process 0 :type :info :value :timeout}",
      true);
  using transactions::Function;
  REQUIRE(read.history.transactions.size() == 2);
  CHECK(read.history.operations_of(0)[0].function() == Function::append);
  CHECK(read.history.operations_of(0)[1].function() == Function::read_unknown);
  CHECK(read.history.operations_of(1)[0].function() == Function::append);
  CHECK(read.history.transactions[1].completion_index == checkers::no_event);
  CHECK(read.vacuity.indefinite == 2);
}

TEST_CASE("transactions: completions without invocations say nothing about real time") {
  const ReadTransactions read =
      transactions_of("{:type :ok :value [[:append :x 1]]}{:type :ok :value [[:r :x []]]}{:type :ok :value [[:r :x [1]]]}", true);
  CHECK(!read.history.has_realtime);
  CHECK(read.history.transactions.size() == 3);
  CHECK(check_transactions(read.history, {}).verdict.outcome == checkers::Verdict::Outcome::valid);
}

TEST_CASE("transactions: a session's read of 0, which nobody wrote, is of the initial value") {
  using transactions::nil;
  CHECK(transactions_of("r(1,0,0,0)\nw(2,0,0,1)\nr(2,0,0,2)\n", false).history.operations_of(0)[0].value() == nil);
  CHECK(transactions_of("r(1,0,0,0)\nw(2,0,0,1)\nr(2,0,0,2)\n", false).history.operations_of(2)[0].value() ==
        transactions::Value(0));
}

TEST_CASE("workloads: the guess follows what operations do, and says so when it cannot tell") {
  const auto guess = [](std::string_view text) {
    const Guess result = guess_workload(*detect_format(text), text, true);
    return result.workload ? std::string(to_string(*result.workload)) : "? " + result.reason;
  };
  CHECK(guess("{:type :invoke :f :txn :value [[:r 1 nil] [:append 1 2]]}") == "elle-list-append");
  CHECK(guess("{:type :ok :f :txn :value [[:r 1 [2]]]}") == "elle-list-append");
  CHECK(guess("{:type :invoke :f :txn :value [[:r 1 nil] [:w 1 2]]}") == "elle-register");
  CHECK(guess("w(1,2,3,4)\n") == "elle-register");
  CHECK(guess("{:type :invoke :f :poll :value [[:poll]]}") == "log");
  CHECK(guess("{:type :invoke :f :acquire}") == "mutex");
  CHECK(guess("{:type :invoke :f :enqueue :value 1}") == "queue");
  CHECK(guess("{:type :invoke :f :read}") == "? operations read");
  CHECK(guess("{\"format\":\"faultline-history\",\"version\":1,\"model\":\"stack\"}\n") == "stack");
}
