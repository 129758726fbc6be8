#include "checkers/transactions/shortest_cycle.h"

#include <algorithm>

namespace faultline::transactions {

namespace {

constexpr std::uint64_t first_round_edges = 256;
constexpr std::uint32_t starts_between_questions = 64;

}  // namespace

std::vector<ShortestCycle::Step> ShortestCycle::find(const CycleQuery& query, std::span<const std::uint32_t> starts) {
  if (seen_.size() < query.graph.node_count()) seen_.resize(query.graph.node_count(), 0);
  exhaustive_ = true;
  visited_ = 0;
  std::vector<Step> best;
  std::uint64_t left = query.edges_max;
  done_.assign(query.graph.node_count(), false);
  for (const bool thorough : {false, true}) {
    std::uint32_t asked = 0;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      // Most edges lead forward. Going backwards, a thorough search soon meets starts that have been searched before.
      const std::uint32_t start = thorough ? starts[starts.size() - 1 - i] : starts[i];
      const std::uint32_t longest = best.empty() ? no_node : static_cast<std::uint32_t>(best.size()) - 1;
      if (longest < query.shortest_possible) return best;
      const Search result = search(query, start, longest, thorough ? left : std::min(left, first_round_edges));
      left -= std::min(left, visited_);
      if (result == Search::found) best = path(query);
      if (thorough) done_[start] = true;
      const bool stop = query.out_of_budget != nullptr && *query.out_of_budget && ++asked % starts_between_questions == 0 &&
                        (*query.out_of_budget)();
      if (left != 0 && !stop) continue;
      exhaustive_ = false;
      return best;
    }
  }
  return best;
}

// Reaches what edges of `kinds` lead to from reached_[from].
void ShortestCycle::reach(const CycleQuery& query, std::uint32_t from, KindSet kinds, bool later) {
  const std::uint32_t node = reached_[from].node;
  const auto edges = query.graph.edges_of(node);
  visited_ += edges.size();
  // Every cycle that leaves a finished start by a first edge has been seen.
  if (done_[node]) kinds &= ~query.first;
  for (const Edge edge : edges) {
    const std::uint32_t target = edge.target();
    if (!edge.is_in(kinds) || query.label[target] != query.label[node] || seen_[target] == searches_) continue;
    seen_[target] = searches_;
    (later ? next_ : level_).push_back(static_cast<std::uint32_t>(reached_.size()));
    reached_.push_back({target, from, edge.kind()});
  }
}

ShortestCycle::Search ShortestCycle::search(const CycleQuery& query, std::uint32_t start, std::uint32_t longest,
                                            std::uint64_t edges_max) {
  if (++searches_ == 0) {
    std::fill(seen_.begin(), seen_.end(), 0);
    searches_ = 1;
  }
  visited_ = 0;
  reached_.clear();
  next_.clear();
  reached_.push_back({start, no_node, EdgeKind::relay});
  reach(query, 0, query.first, true);
  for (std::uint32_t distance = 1; !next_.empty() && distance <= longest; ++distance) {
    level_.swap(next_);
    next_.clear();
    // Relays first, to the last: what they lead to is on this level, and must not be taken for a level further on.
    for (std::size_t i = 0; i < level_.size(); ++i) {
      if (reached_[level_[i]].node >= query.first_relay) reach(query, level_[i], kind_set(EdgeKind::relay), false);
    }
    for (const std::uint32_t index : level_) {
      const std::uint32_t node = reached_[index].node;
      if (node == start) {
        goal_ = index;
        return Search::found;
      }
      if (visited_ >= edges_max) return Search::gave_up;
      if (node < query.first_relay) reach(query, index, query.rest, true);
    }
  }
  return Search::none;
}

// The way back from the goal over what each node was reached from.
std::vector<ShortestCycle::Step> ShortestCycle::path(const CycleQuery& query) const {
  std::vector<Step> steps;
  for (std::uint32_t at = goal_; reached_[at].from != no_node; at = reached_[at].from) {
    const std::uint32_t node = reached_[reached_[at].from].node;
    if (node < query.first_relay) steps.push_back({node, reached_[at].edge});
  }
  std::reverse(steps.begin(), steps.end());
  return steps;
}

}  // namespace faultline::transactions
