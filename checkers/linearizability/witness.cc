#include "checkers/linearizability/witness.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>

namespace faultline::linearizability {
namespace {

using Outcome = checkers::Verdict::Outcome;

// What is taken away or kept as one.
struct Unit {
  std::vector<std::uint32_t> items;
  std::uint32_t last = 0;  // the latest invocation in it
};

class Shrinker {
 public:
  Shrinker(std::vector<ShrinkItem> items, SearchAnswer answer, Judge& judge, Budget& budget)
      : judge_(judge), budget_(budget), best_{std::move(items), std::move(answer), false} {}

  Shrunk run() && {
    cut_after_stuck();
    unlink();
    localise();
    settle();
    sweep_all();
    const bool tied = !apart_;
    if (tied) unlink();
    if (settle() || (tied && apart_)) sweep_all();
    best_.minimal = affordable_;
    return std::move(best_);
  }

 private:
  void sweep_all() {
    for (std::size_t chunk = std::max<std::size_t>(units().size() / 2, 1);; chunk /= 2) {
      bool removed = true;
      while (removed && affordable_) removed = sweep(chunk);
      if (chunk <= 1) break;
    }
  }

  // What observes all components ties them together: without it they can go one by one.
  void unlink() {
    std::vector<ShrinkItem> kept;
    for (const ShrinkItem& item : best_.items) {
      if (!item.links) kept.push_back(item);
    }
    apart_ = kept.size() == best_.items.size() || try_instead(std::move(kept));
  }

  // Of each component, does without what is before the latest operation behind which the past does not matter. Whether any.
  bool settle() {
    std::set<std::uint32_t> settled;
    bool any = false;
    for (std::size_t at = best_.items.size(); at-- > 0 && affordable_;) {
      if (at >= best_.items.size() || !best_.items[at].settles || settled.contains(best_.items[at].component)) continue;
      const std::uint32_t component = best_.items[at].component;
      std::optional<std::vector<ShrinkItem>> kept = settled_at(best_.items, at);
      if (!kept || kept->size() == best_.items.size() || !try_instead(std::move(*kept))) continue;
      settled.insert(component);
      any = true;
      at = best_.items.size();
    }
    return any;
  }

  // The operations that began after the due one had ended have nothing to do with it.
  void cut_after_stuck() {
    if (best_.answer.stuck == no_event) return;
    const std::uint32_t end = best_.items[best_.answer.stuck].item.completion;
    std::vector<ShrinkItem> kept;
    for (const ShrinkItem& item : best_.items) {
      if (item.item.invoke < end) kept.push_back(item);
    }
    if (kept.size() < best_.items.size()) try_instead(std::move(kept));
  }

  // What can be taken away, the latest first.
  std::vector<Unit> units() const {
    std::vector<Unit> units;
    std::map<std::uint32_t, std::size_t> of_component;
    for (std::uint32_t i = 0; i < best_.items.size(); ++i) {
      const ShrinkItem& item = best_.items[i];
      if ((item.component == no_component || !apart_) && !item.observes) continue;
      std::size_t unit = units.size();
      // An operation that observes may go alone, whatever component it is in.
      if (!item.observes) unit = of_component.emplace(item.component, unit).first->second;
      if (unit == units.size()) units.emplace_back();
      units[unit].items.push_back(i);
      units[unit].last = item.item.invoke;
    }
    // What observes a component goes with it: a read of a value that nobody wrote proves nothing.
    for (std::uint32_t i = 0; i < best_.items.size(); ++i) {
      const auto found = of_component.find(best_.items[i].component);
      if (!best_.items[i].observes || found == of_component.end()) continue;
      units[found->second].items.push_back(i);
      units[found->second].last = std::max(units[found->second].last, best_.items[i].item.invoke);
    }
    std::sort(units.begin(), units.end(), [](const Unit& a, const Unit& b) {
      return std::tuple(a.last, a.items.front()) > std::tuple(b.last, b.items.front());
    });
    return units;
  }

  std::vector<ShrinkItem> without(std::span<const Unit> units) const {
    std::vector<bool> gone(best_.items.size(), false);
    for (const Unit& unit : units) {
      for (const std::uint32_t i : unit.items) gone[i] = true;
    }
    std::vector<ShrinkItem> kept;
    for (std::size_t i = 0; i < best_.items.size(); ++i) {
      if (!gone[i]) kept.push_back(best_.items[i]);
    }
    return kept;
  }

  // A long history is mostly beside the point: tries the few latest units alone before it takes away one by one.
  void localise() {
    const std::vector<Unit> all = units();
    for (std::size_t kept = 2; kept < all.size() && affordable_; kept *= 4) {
      if (try_instead(without(std::span(all).subspan(kept)))) return;
    }
  }

  // Tries to do without each run of `chunk` units, the earliest first. Whether one could be done without.
  bool sweep(std::size_t chunk) {
    bool removed = false;
    std::vector<Unit> all = units();
    std::size_t end = all.size();
    while (end > 0 && affordable_) {
      const std::size_t begin = end - std::min(end, chunk);
      const std::size_t before = best_.items.size();
      if (try_instead(without(std::span(all).subspan(begin, end - begin)))) {
        removed |= best_.items.size() < before;
        all = units();
        end = std::min(begin, all.size());
      } else {
        end = begin;
      }
    }
    return removed;
  }

  bool try_instead(std::vector<ShrinkItem> items) {
    SearchAnswer answer = judge_.judge(items, budget_);
    affordable_ = budget_.reason().empty();
    if (answer.outcome != Outcome::invalid) return false;
    best_.items = std::move(items);
    best_.answer = std::move(answer);
    return true;
  }

  Judge& judge_;
  Budget& budget_;
  Shrunk best_;
  bool affordable_ = true;
  bool apart_ = true;  // components can be taken away
};

}  // namespace

std::optional<std::vector<ShrinkItem>> settled_at(std::span<const ShrinkItem> items, std::size_t at) {
  const ShrinkItem& anchor = items[at];
  std::vector<ShrinkItem> kept;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const ShrinkItem& other = items[i];
    const bool concerned = i != at && (other.links || other.component == anchor.component);
    const bool later = other.item.invoke > anchor.item.completion;
    if (!concerned || later) {
      kept.push_back(other);
    } else if (!other.observes && other.item.completion > anchor.item.invoke) {
      if (!other.always_possible) return std::nullopt;
      kept.push_back(other);
    }
  }
  return kept;
}

Shrunk shrink(std::vector<ShrinkItem> items, SearchAnswer answer, Judge& judge, Budget& budget) {
  return Shrinker(std::move(items), std::move(answer), judge, budget).run();
}

void assign_components(std::span<ShrinkItem> items, std::vector<std::pair<std::int64_t, std::uint32_t>> touched) {
  std::vector<std::uint32_t> parent(items.size());
  std::iota(parent.begin(), parent.end(), 0u);
  const auto root = [&](std::uint32_t i) {
    while (parent[i] != i) i = parent[i] = parent[parent[i]];
    return i;
  };
  std::sort(touched.begin(), touched.end());
  for (std::size_t i = 1; i < touched.size(); ++i) {
    if (touched[i].first == touched[i - 1].first) parent[root(touched[i].second)] = root(touched[i - 1].second);
  }
  for (const auto& [value, item] : touched) items[item].component = root(item);
}

}  // namespace faultline::linearizability
