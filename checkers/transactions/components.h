// Strongly connected components (Tarjan 1972), without recursion, over a graph restricted by a predicate on edges.
#pragma once

#include <cstdint>
#include <vector>

#include "checkers/transactions/dependency_graph.h"

namespace faultline::transactions {

/// Reusable memory of find_components.
struct ComponentsWork {
  struct Frame {
    std::uint32_t node;
    std::size_t next_edge;
  };
  std::vector<std::uint32_t> index;
  std::vector<std::uint32_t> low;
  std::vector<std::uint32_t> stack;
  std::vector<Frame> frames;
};

/// Numbers the components of `graph` from 0 in reverse topological order (edges lead to lower numbers), into `component`, one entry
/// per node; `follow(from, edge)` says which edges count, `enter(node)` which nodes. Nodes not entered get no_node.
/// Returns the number of components.
template <class Enter, class Follow>
std::uint32_t find_components(const DependencyGraph& graph, std::vector<std::uint32_t>& component, ComponentsWork& work,
                              Enter enter, Follow follow) {
  const std::uint32_t nodes = graph.node_count();
  component.assign(nodes, no_node);
  work.index.assign(nodes, no_node);
  work.low.resize(nodes);
  std::uint32_t visited = 0;
  std::uint32_t components = 0;
  const auto open = [&](std::uint32_t node) {
    work.index[node] = work.low[node] = visited++;
    work.stack.push_back(node);
    work.frames.push_back({node, graph.row(node)});
  };
  const auto close = [&](std::uint32_t node) {
    if (work.low[node] != work.index[node]) return;
    std::uint32_t member = no_node;
    do {
      member = work.stack.back();
      work.stack.pop_back();
      component[member] = components;
    } while (member != node);
    ++components;
  };
  for (std::uint32_t root = 0; root < nodes; ++root) {
    if (work.index[root] != no_node || !enter(root)) continue;
    open(root);
    while (!work.frames.empty()) {
      const std::uint32_t node = work.frames.back().node;
      if (work.frames.back().next_edge == graph.row(node + 1)) {
        work.frames.pop_back();
        close(node);
        if (!work.frames.empty()) {
          const std::uint32_t parent = work.frames.back().node;
          if (work.low[node] < work.low[parent]) work.low[parent] = work.low[node];
        }
        continue;
      }
      const Edge edge = graph.edge(work.frames.back().next_edge++);
      const std::uint32_t target = edge.target();
      if (component[target] != no_node || !enter(target) || !follow(node, edge)) continue;
      if (work.index[target] == no_node) {
        open(target);
      } else if (work.index[target] < work.low[node]) {
        work.low[node] = work.index[target];
      }
    }
  }
  return components;
}

}  // namespace faultline::transactions
