// The checker's answers one by one: what indefinite operations may do, what a witness is, when the answer is unknown.
#include "checkers/linearizability/check.h"

#include <catch2/catch.hpp>
#include <string>

#include "checkers/linearizability/models.h"
#include "reports/lanes_dot.h"

namespace faultline::linearizability {
namespace {

using Verdict = checkers::Verdict;
using Kind = RegisterInput::Kind;

RegisterOperation write(std::uint32_t begin, std::uint32_t end, Value value) {
  return {.process = static_cast<std::int32_t>(begin),
          .invoke_index = begin,
          .completion_index = end,
          .outcome = end == no_event ? Outcome::indefinite : Outcome::ok,
          .input = {.kind = Kind::write, .value = value},
          .source = begin};
}
RegisterOperation read(std::uint32_t begin, std::uint32_t end, Value value) {
  RegisterOperation operation = write(begin, end, nil);
  operation.input.kind = Kind::read;
  operation.output.value = value;
  return operation;
}
RegisterOperation cas(std::uint32_t begin, std::uint32_t end, Value expected, Value value, bool succeeded = true) {
  RegisterOperation operation = write(begin, end, value);
  operation.input = {.kind = Kind::cas, .value = value, .expected = expected};
  operation.output.succeeded = succeeded;
  return operation;
}

Verdict::Outcome outcome_of(const std::vector<RegisterOperation>& operations) { return check(Register{}, operations).outcome; }

TEST_CASE("linearizability: an empty history is valid") { CHECK(outcome_of({}) == Verdict::Outcome::valid); }

TEST_CASE("linearizability: an indefinite operation may take effect late, or never, but not before it began") {
  CHECK(outcome_of({write(0, no_event, 1), write(1, 2, 2), read(3, 4, 2), read(5, 6, 1)}) == Verdict::Outcome::valid);
  CHECK(outcome_of({write(0, no_event, 1), write(1, 2, 2), read(3, 4, 2), read(5, 6, 2)}) == Verdict::Outcome::valid);
  CHECK(outcome_of({read(0, 1, 1), write(2, no_event, 1)}) == Verdict::Outcome::invalid);
  CHECK(outcome_of({write(0, no_event, 1), read(1, 2, 1), read(3, 4, nil)}) == Verdict::Outcome::invalid);
}

TEST_CASE("linearizability: a compare-and-set that crashed is not forced to happen at the end") {
  // If it had to happen, its expected value, which nobody ever wrote, would make this invalid.
  CHECK(outcome_of({write(0, 1, 1), cas(2, no_event, 9, 3), read(3, 4, 1)}) == Verdict::Outcome::valid);
  CHECK(outcome_of({write(0, 1, 1), cas(2, no_event, 1, 3), read(4, 5, 3)}) == Verdict::Outcome::valid);
}

TEST_CASE("linearizability: a completion that is indefinite bounds nothing") {
  RegisterOperation late = write(0, 1, 5);
  late.outcome = Outcome::indefinite;
  CHECK(outcome_of({late, read(2, 3, nil), read(4, 5, 5)}) == Verdict::Outcome::valid);
}

TEST_CASE("linearizability: a stale read is found, with the writes that make it stale, and said in words") {
  const std::vector<RegisterOperation> history{write(0, 1, 1), read(2, 3, 1), write(4, 5, 2),
                                               read(6, 7, 2),  read(8, 9, 1), write(10, 11, 3)};
  for (const bool fast : {true, false}) {
    const Result result = check(Register{}, history, {.fast_paths = fast});
    REQUIRE(result.outcome == Verdict::Outcome::invalid);
    CHECK(result.minimal);
    REQUIRE(result.witness.size() == 3);
    CHECK(result.witness[0].text == "write 1");
    CHECK(result.witness[1].source == 4);
    CHECK(result.witness[2].stuck);
    CHECK(result.text.find("op 8 (process 8: read -> 1), events 8 to 9, fits nowhere") == 0);
    const Verdict verdict = to_verdict(result);
    CHECK(verdict.count(checkers::anomaly::not_linearizable) == 1);
    CHECK(verdict.findings.front().witness == std::vector<std::uint32_t>{0, 4, 8});
    CHECK(witness_text(result).find("> event      8 to event 9      op 8 (process 8: read -> 1)") != std::string::npos);
  }
}

TEST_CASE("linearizability: a read of what nobody wrote needs nothing else to be a witness") {
  const Result result = check(Register{}, std::vector{write(0, 1, 1), read(2, 3, 7), write(4, 5, 2)});
  REQUIRE(result.outcome == Verdict::Outcome::invalid);
  REQUIRE(result.witness.size() == 1);
  CHECK(result.text.find("nothing that began before it ended makes this answer possible") != std::string::npos);
}

TEST_CASE("linearizability: a long history has a short witness, and a picture that is no longer") {
  std::vector<RegisterOperation> history;
  for (std::uint32_t i = 0; i < 2000; ++i) {
    history.push_back(i % 2 == 0 ? write(2 * i, 2 * i + 1, i) : read(2 * i, 2 * i + 1, i - 1));
  }
  history[1501].output.value = 1490;
  for (const bool fast : {true, false}) {
    const Result result = check(Register{}, history, {.fast_paths = fast});
    REQUIRE(result.outcome == Verdict::Outcome::invalid);
    CHECK(result.witness.size() == 3);
    const std::string picture = reports::lanes_dot(result);
    CHECK(picture.size() < 4000);
    CHECK(picture.find("no place") != std::string::npos);
    CHECK(picture.find("read -> 1490") != std::string::npos);
  }
}

TEST_CASE("linearizability: many indefinite operations do not double the work each") {
  std::vector<RegisterOperation> history{write(0, 1, 0)};
  for (std::uint32_t i = 0; i < 200; ++i) history.push_back(cas(10 + i, no_event, i % 5, (i + 1) % 5));
  for (std::uint32_t i = 0; i < 50; ++i) history.push_back(read(500 + 2 * i, 501 + 2 * i, i % 5));
  CHECK(outcome_of(history) == Verdict::Outcome::valid);
  history.push_back(read(1000, 1001, 9));
  const Result result = check(Register{}, history, {.witness_steps = 0});
  CHECK(result.outcome == Verdict::Outcome::invalid);
  CHECK(result.configurations < 20'000);
}

// Writers that all overlap, and a read of a value that only the search can rule out: two of the writes are of one value.
std::vector<RegisterOperation> hard_history(std::uint32_t writers) {
  std::vector<RegisterOperation> history;
  for (std::uint32_t i = 0; i < writers; ++i) history.push_back(write(i, 1000 + i, i / 2));
  history.push_back(read(500, 501, 3));
  history.push_back(read(502, 503, 77));
  return history;
}

TEST_CASE("linearizability: past its budget the answer is unknown, and says why") {
  const std::vector<RegisterOperation> history = hard_history(48);
  const Result memory = check(Register{}, history, {.memory_bytes = 1 << 20});
  CHECK(memory.outcome == Verdict::Outcome::unknown);
  CHECK(memory.reason == "the search needs more than the 1 MB of memory allowed");
  CHECK(memory.peak_bytes < 4 << 20);
  CHECK_FALSE(memory.linearization.empty());
  const Result steps = check(Register{}, history, {.steps = 1000});
  CHECK(steps.reason == "the search needs more than the 1000 steps allowed");
  int asked = 0;
  const Result time = check(Register{}, history, {.keep_going = [&] { return ++asked < 3; }});
  CHECK(time.outcome == Verdict::Outcome::unknown);
  CHECK(time.reason == "the time allowed ran out");
  CHECK(asked == 3);
}

TEST_CASE("linearizability: an object that is too hard does not hide one that is invalid") {
  std::vector<RegisterOperation> history = hard_history(48);
  for (RegisterOperation& operation : history) operation.input.key = 1;
  for (RegisterOperation operation : {write(2000, 2001, 1), cas(2002, 2003, 1, 1), read(2004, 2005, 2)}) {
    operation.input.key = 2;
    history.push_back(operation);
  }
  const Options options{.steps = 200'000, .key_name = [](std::uint32_t key) { return "k" + std::to_string(key); }};
  const Result result = check(Register{}, history, options);
  CHECK(result.outcome == Verdict::Outcome::invalid);
  CHECK(result.object == "k2");
  history.back().output.value = 1;
  const Result hard = check(Register{}, history, options);
  CHECK(hard.outcome == Verdict::Outcome::unknown);
  CHECK(hard.object == "k1");
}

TEST_CASE("linearizability: an operation that ends before it begins is refused with a reason") {
  const Result result = check(Register{}, std::vector{write(5, 3, 1)});
  CHECK(result.outcome == Verdict::Outcome::unknown);
  CHECK(result.reason == "an operation ends before it begins");
}

// A model of a user's own, with nothing but what a model must have.
struct Counter {
  using State = std::int64_t;
  using Input = std::int64_t;
  using Output = std::int64_t;

  State initial() const { return 0; }
  std::optional<State> apply(const State& sum, const Input& add, const Output* result) const {
    if (result != nullptr && *result != sum + add) return std::nullopt;
    return sum + add;
  }
  std::uint64_t hash(const State& sum) const { return static_cast<std::uint64_t>(sum); }
  std::string describe(const Input& add, const Output*) const { return "add " + std::to_string(add); }
};

TEST_CASE("linearizability: a model of one's own needs four functions") {
  using Add = OperationOf<Counter>;
  std::vector<Add> history{{.invoke_index = 0, .completion_index = 3, .outcome = Outcome::ok, .input = 2, .output = 5},
                           {.invoke_index = 1, .completion_index = 2, .outcome = Outcome::ok, .input = 3, .output = 3},
                           {.invoke_index = 4, .outcome = Outcome::indefinite, .input = 10}};
  const std::span<const Add> all(history);
  CHECK(check_model(Counter{}, all).outcome == Verdict::Outcome::valid);
  CHECK(check_model(Counter{}, all).linearization == std::vector<std::uint32_t>{1, 0});
  history[1].output = 4;
  CHECK(check_model(Counter{}, all).outcome == Verdict::Outcome::invalid);
}

TEST_CASE("linearizability: a sequential znode is named after the number of children that its parent ever got") {
  const auto create = [](std::uint32_t begin, std::string told) {
    return ZnodeOperation{.invoke_index = begin,
                          .completion_index = begin + 1,
                          .outcome = Outcome::ok,
                          .input = {.kind = ZnodeInput::Kind::create, .path = "/q-", .sequential = true},
                          .output = {.path = std::move(told)}};
  };
  ZnodeOperation remove = create(2, "");
  remove.input = {.kind = ZnodeInput::Kind::remove, .path = "/q-0000000000"};
  std::vector<ZnodeOperation> history{create(0, "/q-0000000000"), remove, create(4, "/q-0000000001")};
  CHECK(check(Znodes{}, history).outcome == Verdict::Outcome::valid);
  history[2].output.path = "/q-0000000000";
  CHECK(check(Znodes{}, history).outcome == Verdict::Outcome::invalid);
}

TEST_CASE("linearizability: a dequeue of which nobody knows what it returned may have taken any value, or none") {
  const auto put = [](std::uint32_t begin, Value value) {
    return QueueOperation{
        .invoke_index = begin, .completion_index = begin + 1, .outcome = Outcome::ok, .input = {.value = value}};
  };
  const auto take = [](std::uint32_t begin, Value value) {
    return QueueOperation{.invoke_index = begin,
                          .completion_index = begin + 1,
                          .outcome = Outcome::ok,
                          .input = {.kind = QueueInput::Kind::take},
                          .output = {value}};
  };
  QueueOperation unknown = take(4, nil);
  unknown.outcome = Outcome::indefinite;
  CHECK(check(Queue{}, std::vector{put(0, 1), put(2, 2), unknown, take(6, 2)}).outcome == Verdict::Outcome::valid);
  CHECK(check(Queue{}, std::vector{put(0, 1), put(2, 2), unknown, take(6, 1)}).outcome == Verdict::Outcome::valid);
  CHECK(check(Queue{}, std::vector{put(0, 1), put(2, 2), take(6, 2)}).outcome == Verdict::Outcome::invalid);
  CHECK(check(Queue{}, std::vector{put(0, 1), put(2, 2), unknown, take(6, nil)}).outcome == Verdict::Outcome::invalid);
}

}  // namespace
}  // namespace faultline::linearizability
