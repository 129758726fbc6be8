#include "checkers/transactions/dependency_graph.h"

#include <algorithm>

#include "base/check.h"

namespace faultline::transactions {

void EdgeList::reset(std::uint32_t nodes) {
  nodes_ = nodes;
  edges_.clear();
}

void EdgeList::add_product(std::span<const std::uint32_t> sources, std::span<const std::uint32_t> targets, EdgeKind kind) {
  // Relays take up to two nodes and four edges per target, and two edges per source.
  const std::size_t relayed = 2 * sources.size() + 4 * targets.size();
  if (sources.size() * targets.size() > relayed) return add_relayed_product(sources, targets, kind);
  for (const std::uint32_t from : sources) {
    for (const std::uint32_t to : targets) {
      if (from != to) add(from, to, kind);
    }
  }
}

// Two chains over the targets, one from each end: `up[i]` leads to targets 0..i and `down[i]` to targets i..last. A source that is
// target j itself enters up[j - 1] and down[j + 1], and so reaches all but itself.
void EdgeList::add_relayed_product(std::span<const std::uint32_t> sources, std::span<const std::uint32_t> targets,
                                   EdgeKind kind) {
  const auto count = static_cast<std::uint32_t>(targets.size());
  const std::uint32_t up = nodes_;
  const std::uint32_t down = nodes_ + count;
  nodes_ += 2 * count;
  for (std::uint32_t i = 0; i < count; ++i) {
    add(up + i, targets[i], EdgeKind::relay);
    add(down + i, targets[i], EdgeKind::relay);
    if (i > 0) add(up + i, up + i - 1, EdgeKind::relay);
    if (i + 1 < count) add(down + i, down + i + 1, EdgeKind::relay);
  }
  for (const std::uint32_t from : sources) {
    const auto it = std::lower_bound(targets.begin(), targets.end(), from);
    if (it == targets.end() || *it != from) {
      add(from, down, kind);
      continue;
    }
    const auto self = static_cast<std::uint32_t>(it - targets.begin());
    if (self > 0) add(from, up + self - 1, kind);
    if (self + 1 < count) add(from, down + self + 1, kind);
  }
}

void EdgeList::build(DependencyGraph& graph) const {
  ENSURE(!overflows());
  graph.rows_.assign(std::size_t{nodes_} + 1, 0);
  for (const Row& row : edges_) ++graph.rows_[row.from + 1];
  for (std::size_t i = 1; i <= nodes_; ++i) graph.rows_[i] += graph.rows_[i - 1];
  graph.edges_.resize(edges_.size());
  // Filled back to front from each row's end, which leaves every row's number where its first edge is.
  std::vector<std::size_t>& rows = graph.rows_;
  for (std::size_t i = edges_.size(); i-- > 0;) {
    const Row& row = edges_[i];
    graph.edges_[--rows[row.from + 1]] = row.edge;
  }
  rows.erase(rows.begin());
  rows.push_back(edges_.size());
}

}  // namespace faultline::transactions
