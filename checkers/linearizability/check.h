// check_model(): the way from operations to a result, for any model.
//
// The history is split by object; of each object the model may take away what cannot matter (`refine`) and may know an algorithm
// that needs no search (`decide`); the rest is searched. The first object that is invalid is the answer, with a witness. An object
// that could not be decided makes the answer unknown only if none is invalid.
#pragma once

#include <algorithm>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "checkers/linearizability/model.h"
#include "checkers/linearizability/result.h"
#include "checkers/linearizability/search.h"
#include "checkers/linearizability/transitions.h"
#include "checkers/linearizability/witness.h"

namespace faultline::linearizability {

/// An operation in words, for prose.
struct OperationText {
  const Options& options;

  template <Model M>
  std::string of(const M& model, const OperationOf<M>& operation) const {
    if (options.describe_source) return options.describe_source(operation.source);
    return model.describe(operation.input, operation.ok() ? &operation.output : nullptr);
  }
};

/// Sets the text of an invalid result, from its witness.
void explain(Result& result);

/// Leaves only the latest operations of a witness that is too large for anybody to read.
void keep_latest(Result& result);

template <Model M>
class Checker {
 public:
  using Op = OperationOf<M>;

  Checker(const M& model, std::span<const Op> operations, const Options& options)
      : model_(model), operations_(operations), options_(options), budget_(options) {}

  Result run() && {
    result_.operations = operations_.size();
    for (const Op& operation : operations_) {
      if (!operation.ok()) ++result_.indefinite;
      if (operation.ok() && operation.completion_index <= operation.invoke_index) {
        return refuse("an operation ends before it begins");
      }
    }
    split();
    check_objects();
    result_.peak_bytes = budget_.peak_bytes();
    return std::move(result_);
  }

 private:
  using Outcome = checkers::Verdict::Outcome;

  struct Member {
    std::uint64_t group;
    std::uint32_t invoke;
    std::uint32_t index;
  };

  // Judges by refining and searching. Refining is part of it: what a history says about an indefinite operation is not what a part
  // of that history says.
  struct SearchJudge final : Judge {
    SearchJudge(const Checker& checker) : owner(checker), transitions(checker.model_, checker.operations_) {}

    SearchAnswer judge(std::span<const ShrinkItem> all, Budget& budget) override {
      std::vector<Item> plain;
      plain.reserve(all.size());
      for (const ShrinkItem& item : all) plain.push_back(item.item);
      return judge(plain, budget);
    }

    SearchAnswer judge(std::span<const Item> all, Budget& budget) {
      const std::vector<Item> items = owner.refined(all);
      bool decided = false;
      if constexpr (Decidable<M>) {
        if (owner.options_.fast_paths) {
          const std::optional<Decision> decision = owner.model_.decide(owner.operations_, items);
          if (!budget.spend(all.size(), 0)) return {.outcome = Outcome::unknown};
          if (decision && decision->valid) return {};
          decided = decision.has_value();
        }
      }
      wanted.clear();
      for (const Item& item : items) wanted.push_back(transitions.operation(item));
      Budget for_the_story(owner.options_, steps_for_the_story);
      SearchAnswer answer = search(wanted, transitions, decided ? for_the_story : budget);
      if (decided && answer.outcome == Outcome::unknown) answer = {.outcome = Outcome::invalid};
      if (items.size() < all.size()) number_as(all, items, answer);
      return answer;
    }

    // Both are in the same order, and `items` are some of `all`.
    static void number_as(std::span<const Item> all, std::span<const Item> items, SearchAnswer& answer) {
      std::vector<std::uint32_t> place;
      for (std::uint32_t i = 0; i < all.size(); ++i) {
        if (place.size() < items.size() && all[i].index == items[place.size()].index) place.push_back(i);
      }
      for (std::uint32_t& i : answer.order) i = place[i];
      if (answer.stuck != no_event) answer.stuck = place[answer.stuck];
    }

    // What it may cost to find out how operations contradict each other of which it is known already that they do.
    static constexpr std::uint64_t steps_for_the_story = 20'000;

    const Checker& owner;
    Transitions<M> transitions;
    std::vector<SearchOperation> wanted{};
  };

  // A hard object must not keep the others from being looked at: each gets a share at first, and what is left goes to those that
  // need more.
  void check_objects() {
    std::vector<std::span<const Member>> hard;
    for (std::size_t begin = 0; begin < members_.size() && result_.outcome != Outcome::invalid;) {
      std::size_t end = begin;
      while (end < members_.size() && members_[end].group == members_[begin].group) ++end;
      const auto members = std::span(members_).subspan(begin, end - begin);
      budget_.begin(members.size() == members_.size() ? Budget::no_share : members.size() * share_per_operation);
      ++result_.objects;
      if (!check_object(members)) hard.push_back(members);
      begin = end;
    }
    for (const auto members : hard) {
      if (result_.outcome == Outcome::invalid) return;
      budget_.begin(Budget::no_share);
      check_object(members);
    }
  }

  static constexpr std::uint64_t share_per_operation = 1000;

  Result refuse(std::string reason) {
    result_.outcome = Outcome::unknown;
    result_.reason = std::move(reason);
    return std::move(result_);
  }

  void split() {
    members_.resize(operations_.size());
    std::vector<std::uint64_t> groups;
    if constexpr (Grouped<M>) groups = model_.groups(operations_);
    for (std::uint32_t i = 0; i < operations_.size(); ++i) {
      std::uint64_t group = 0;
      if constexpr (Grouped<M>) group = groups[i];
      if constexpr (Partitioned<M>) group = model_.partition(operations_[i].input);
      members_[i] = {group, operations_[i].invoke_index, i};
    }
    const auto in_order = [](const Member& a, const Member& b) {
      return std::tie(a.group, a.invoke, a.index) < std::tie(b.group, b.invoke, b.index);
    };
    if (!std::is_sorted(members_.begin(), members_.end(), in_order)) std::sort(members_.begin(), members_.end(), in_order);
  }

  std::vector<Item> items_of(std::span<const Member> members) const {
    std::vector<Item> items;
    items.reserve(members.size());
    for (const Member& member : members) {
      const Op& operation = operations_[member.index];
      if constexpr (KnowsObservers<M>) {
        if (!operation.ok() && model_.observes(operation.input, nullptr)) continue;
      }
      items.push_back({member.index, member.invoke, operation.ok() ? operation.completion_index : no_event});
    }
    return items;
  }

  std::vector<Item> refined(std::span<const Item> items) const {
    std::vector<Item> result(items.begin(), items.end());
    if constexpr (Refinable<M>) {
      if (options_.fast_paths) model_.refine(operations_, result);
    }
    return result;
  }

  // False if its share was too small to say.
  bool check_object(std::span<const Member> members) {
    const std::vector<Item> items = items_of(members);
    if constexpr (Decidable<M>) {
      if (options_.fast_paths) {
        const std::vector<Item> plain = refined(items);
        if (const std::optional<Decision> decision = model_.decide(operations_, plain)) {
          if (result_.algorithm.empty()) result_.algorithm = decision->algorithm;
          if (!decision->valid) fail_fast(items, plain, decision->suspects);
          return true;
        }
      }
    }
    return search_object(items);
  }

  bool search_object(std::span<const Item> items) {
    result_.algorithm = "search";
    SearchJudge judge(*this);
    SearchAnswer answer = judge.judge(items, budget_);
    result_.configurations += answer.configurations;
    if (answer.outcome == Outcome::invalid) {
      result_.linearization.clear();
      keep_order(items, answer);
      result_.stuck = items[answer.stuck].index;
      fail(shrink_items(items), std::move(answer), judge);
    } else if (answer.outcome == Outcome::unknown) {
      if (budget_.share_is_up()) return false;
      if (result_.outcome == Outcome::valid) give_up(items, answer);
    } else if (result_.outcome == Outcome::valid) {
      keep_order(items, answer);
    }
    return true;
  }

  void keep_order(std::span<const Item> items, const SearchAnswer& answer) {
    for (const std::uint32_t i : answer.order) result_.linearization.push_back(items[i].index);
  }

  void give_up(std::span<const Item> items, const SearchAnswer& answer) {
    result_.outcome = Outcome::unknown;
    result_.reason = budget_.reason();
    result_.object = object_of(items);
    result_.stuck = items[answer.stuck].index;
    result_.linearization.clear();
    keep_order(items, answer);
  }

  // A fast path says which operations contradict each other; the search says how.
  void fail_fast(std::span<const Item> items, std::span<const Item> refined_items, std::span<const std::uint32_t> suspects) {
    std::vector<bool> suspected(operations_.size(), false);
    for (const std::uint32_t i : suspects) suspected[refined_items[i].index] = true;
    std::vector<Item> few;
    std::copy_if(items.begin(), items.end(), std::back_inserter(few), [&](const Item& item) { return suspected[item.index]; });
    SearchJudge judge(*this);
    Budget budget(options_, options_.witness_steps);
    SearchAnswer answer = judge.judge(few, budget);
    if (answer.outcome != Outcome::invalid) answer = {.outcome = Outcome::invalid};  // no steps were left to say how
    result_.linearization.clear();
    if (answer.stuck != no_event) result_.stuck = few[answer.stuck].index;
    fail(shrink_items(few), std::move(answer), judge);
  }

  std::vector<ShrinkItem> shrink_items(std::span<const Item> items) const {
    std::vector<ShrinkItem> result;
    for (const Item& item : items) {
      ShrinkItem entry{.item = item};
      const Op& operation = operations_[item.index];
      if constexpr (KnowsObservers<M>)
        entry.observes = model_.observes(operation.input, operation.ok() ? &operation.output : nullptr);
      result.push_back(entry);
    }
    if constexpr (Settling<M>) {
      for (ShrinkItem& entry : result) {
        const Op& operation = operations_[entry.item.index];
        entry.settles = operation.ok() && model_.settles(operation);
        entry.always_possible = model_.always_possible(operation);
      }
    }
    if constexpr (Separable<M>) separate(result);
    return result;
  }

  void separate(std::vector<ShrinkItem>& items) const {
    std::vector<std::pair<std::int64_t, std::uint32_t>> touched;
    std::vector<std::int64_t> values;
    for (std::uint32_t i = 0; i < items.size(); ++i) {
      values.clear();
      const bool separable = model_.touched(operations_[items[i].item.index], values);
      if (!separable && !items[i].observes) {
        for (ShrinkItem& entry : items) entry.links = entry.settles = false;
        return;
      }
      items[i].links = !separable;
      for (const std::int64_t value : values) touched.emplace_back(value, i);
    }
    assign_components(items, std::move(touched));
  }

  void fail(std::vector<ShrinkItem> items, SearchAnswer answer, Judge& judge) {
    result_.outcome = Outcome::invalid;
    result_.reason.clear();
    Budget budget(options_, options_.witness_steps);
    const Shrunk shrunk = shrink(std::move(items), std::move(answer), judge, budget);
    result_.minimal = shrunk.minimal;
    for (const ShrinkItem& item : shrunk.items) add_to_witness(item.item);
    std::uint32_t place = 0;
    for (const std::uint32_t i : shrunk.answer.order) {
      result_.witness[i].placed = true;
      result_.witness[i].place = place++;
    }
    if (shrunk.answer.stuck != no_event) result_.witness[shrunk.answer.stuck].stuck = true;
    result_.object = object_of(std::span(&shrunk.items.front().item, 1));
    explain(result_);
    keep_latest(result_);
  }

  void add_to_witness(const Item& item) {
    const Op& operation = operations_[item.index];
    result_.witness.push_back({.index = item.index,
                               .source = operation.source,
                               .process = operation.process,
                               .invoke_index = operation.invoke_index,
                               .completion_index = operation.ok() ? operation.completion_index : no_event,
                               .indefinite = !operation.ok(),
                               .text = OperationText{options_}.of(model_, operation)});
  }

  std::string object_of(std::span<const Item> items) const {
    if constexpr (requires(const Op& operation) { operation.input.key; }) {
      if (items.empty()) return "";
      const auto key = operations_[items.front().index].input.key;
      if (options_.key_name) return options_.key_name(key);
      const bool only_one = key == 0 && members_.front().group == members_.back().group;
      return only_one ? "" : "key " + std::to_string(key);
    }
    return "";
  }

  const M& model_;
  const std::span<const Op> operations_;
  const Options& options_;
  Budget budget_;
  Result result_;
  std::vector<Member> members_;  // by object, then by invocation
};

/// Whether `operations`, in any order, are linearizable under `model`.
template <Model M>
Result check_model(const M& model, std::span<const OperationOf<M>> operations, const Options& options = {}) {
  return Checker<M>(model, operations, options).run();
}

}  // namespace faultline::linearizability
