// Small witnesses: what may be taken away, and that nothing else is.
#include "checkers/linearizability/witness.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "checkers/linearizability/check.h"
#include "oracle.h"
#include "reports/linearizability_json.h"
#include "samples.h"

namespace faultline::linearizability {
namespace {

// Of valid histories: whatever a rule of the witness takes away, the rest is valid. (Of invalid ones there is nothing to prove.)
template <class Samples>
void settles_soundly(const Samples& samples, const typename Samples::Model& model, std::string_view name) {
  using M = typename Samples::Model;
  constexpr int histories = 40'000;
  RandomStream random = RandomSource(7).stream(name);
  std::vector<OperationOf<M>> operations;
  int cuts = 0;
  for (int n = 0; n < histories; ++n) {
    draw_history(samples, random, operations);
    if constexpr (Partitioned<M>) {  // a witness is of one object
      const auto object = model.partition(operations.front().input);
      std::erase_if(operations, [&](const OperationOf<M>& operation) { return model.partition(operation.input) != object; });
    }
    if (!Oracle<M>(model, operations).linearizable()) continue;
    std::vector<ShrinkItem> items;
    std::vector<std::pair<std::int64_t, std::uint32_t>> touched;
    bool separable = true;
    for (std::uint32_t i = 0; i < operations.size(); ++i) {
      const OperationOf<M>& operation = operations[i];
      ShrinkItem item{.item = {i, operation.invoke_index, operation.ok() ? operation.completion_index : no_event}};
      item.observes = model.observes(operation.input, operation.ok() ? &operation.output : nullptr);
      item.settles = operation.ok() && model.settles(operation);
      item.always_possible = model.always_possible(operation);
      if constexpr (Separable<M>) {
        std::vector<std::int64_t> values;
        item.links = !model.touched(operation, values);
        separable = separable && (!item.links || item.observes);
        for (const std::int64_t value : values) touched.emplace_back(value, i);
      }
      items.push_back(item);
    }
    if (!separable) continue;
    std::sort(items.begin(), items.end(), [](const ShrinkItem& a, const ShrinkItem& b) { return a.item.invoke < b.item.invoke; });
    for (auto& [value, index] : touched) {
      index = static_cast<std::uint32_t>(
          std::find_if(items.begin(), items.end(), [&](const ShrinkItem& item) { return item.item.index == index; }) -
          items.begin());
    }
    assign_components(items, touched);
    for (std::size_t at = 0; at < items.size(); ++at) {
      if (!items[at].settles) continue;
      const auto kept = settled_at(items, at);
      if (!kept || kept->size() == items.size()) continue;
      ++cuts;
      std::vector<OperationOf<M>> rest;
      for (const ShrinkItem& item : *kept) rest.push_back(operations[item.item.index]);
      if (Oracle<M>(model, rest).linearizable()) continue;
      for (const auto& operation : operations) {
        UNSCOPED_INFO("events " << operation.invoke_index << " to " << operation.completion_index << ": "
                                << model.describe(operation.input, operation.ok() ? &operation.output : nullptr));
      }
      UNSCOPED_INFO("history " << n << ", settled by operation " << items[at].item.index);
      REQUIRE(false);
    }
  }
  INFO(name);
  CHECK(cuts > histories / 20);
}

TEST_CASE("witness: what is before an operation that settles the state takes no proof away from a kv") {
  settles_soundly(KvSamples{}, Kv{}, "kv");
}

TEST_CASE("witness: what is before an operation that settles the state takes no proof away from a set") {
  settles_soundly(SetSamples{}, Set{}, "set");
  settles_soundly(SetSamples{.reads = false}, Set{}, "set without reads");
}

TEST_CASE("witness: what is before an operation that settles the state takes no proof away from a tree of znodes") {
  settles_soundly(ZnodeSamples{}, Znodes{}, "znodes");
}

// Operations one after another.
template <class Op>
void follow(std::vector<Op>& history, typename Op::Input input, typename Op::Output output = {}) {
  const auto at = static_cast<std::uint32_t>(2 * history.size());
  history.push_back({.process = 0,
                     .invoke_index = at,
                     .completion_index = at + 1,
                     .outcome = Outcome::ok,
                     .input = std::move(input),
                     .output = std::move(output),
                     .source = static_cast<std::uint32_t>(history.size())});
}

TEST_CASE("witness: of a thousand operations on a kv those since the last put are shown") {
  using Kind = KvInput::Kind;
  std::vector<KvOperation> history;
  for (int i = 0; i < 1000; ++i) {
    const std::string value = std::to_string(i);
    follow(history, {.kind = i % 10 == 0 ? Kind::put : Kind::append, .key = 0, .value = value});
  }
  follow(history, {.kind = Kind::get}, {"991992"});
  const Result result = check(Kv{}, history);
  REQUIRE(result.outcome == checkers::Verdict::Outcome::invalid);
  CHECK(result.minimal);
  CHECK(result.witness.size() == 11);
  CHECK(result.witness.front().text == "put \"990\"");
  const nlohmann::ordered_json json = reports::linearizability_json(result);
  CHECK(json["algorithm"] == "search");
  CHECK(json["minimal"] == true);
  CHECK(json["witness"].size() == 11);
  CHECK(json["witness"][10]["stuck"] == true);
  CHECK(json["witness"][10]["place"].is_null());
  CHECK(json["witness"][0]["op"] == 990);
  CHECK(json["witness"][0]["completed"] == 1981);
}

TEST_CASE("witness: of a set that is read whole, no element shows its past") {
  using Kind = SetInput::Kind;
  std::vector<SetOperation> history;
  for (Value i = 0; i < 300; ++i) follow(history, {.kind = i % 2 == 0 ? Kind::add : Kind::remove, .element = i % 6 / 2});
  follow(history, {.kind = Kind::add, .element = 1});
  follow(history, {.kind = Kind::read}, {.elements = {2}});
  const Result result = check(Set{}, history);
  REQUIRE(result.outcome == checkers::Verdict::Outcome::invalid);
  CHECK(result.minimal);
  CHECK(result.witness.size() == 4);  // the last word on each of three elements, and the read
}

TEST_CASE("witness: of a tree of znodes only the node that is wrong is shown, since it was made") {
  using Kind = ZnodeInput::Kind;
  std::vector<ZnodeOperation> history;
  const auto node = [](int i) { return "/n" + std::to_string(i % 7); };
  for (int i = 0; i < 700; ++i) {
    const int round = i / 7 % 3;
    if (round == 0) follow(history, {.kind = Kind::create, .path = node(i), .data = i});
    if (round == 1) follow(history, {.kind = Kind::set, .path = node(i), .data = i}, {.version = 1});
    if (round == 2) follow(history, {.kind = Kind::remove, .path = node(i)});
  }
  follow(history, {.kind = Kind::children, .path = "/"}, {.names = {"n0", "n1", "n2", "n3", "n4", "n5", "n6"}});
  follow(history, {.kind = Kind::get, .path = "/n3"}, {.data = 696, .version = 4});
  const Result result = check(Znodes{}, history);
  REQUIRE(result.outcome == checkers::Verdict::Outcome::invalid);
  CHECK(result.minimal);
  REQUIRE(result.witness.size() == 2);
  CHECK(result.witness[0].text == "create /n3 = 696");
  CHECK(result.witness[1].stuck);
}

}  // namespace
}  // namespace faultline::linearizability
