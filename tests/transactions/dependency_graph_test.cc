// Graphs, their relays, and the names of cycles.
#include "checkers/transactions/dependency_graph.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>
#include <vector>

#include "base/random.h"
#include "checkers/transactions/cycle_kind.h"

namespace faultline::transactions {
namespace {

// The nodes below `relays` that edges lead to from `from`, through any number of relays.
std::set<std::uint32_t> reached(const DependencyGraph& graph, std::uint32_t from, std::uint32_t relays) {
  std::set<std::uint32_t> result;
  std::vector<std::uint32_t> rest;
  for (const Edge edge : graph.edges_of(from)) {
    REQUIRE(edge.kind() == EdgeKind::rw);
    rest.push_back(edge.target());
  }
  while (!rest.empty()) {
    const std::uint32_t node = rest.back();
    rest.pop_back();
    if (node < relays) {
      result.insert(node);
      continue;
    }
    for (const Edge edge : graph.edges_of(node)) {
      REQUIRE(edge.kind() == EdgeKind::relay);
      rest.push_back(edge.target());
    }
  }
  return result;
}

TEST_CASE("dependency graph: a product leads from each source to each target but itself, in linearly many edges") {
  RandomStream random = RandomSource(1).stream("products");
  constexpr std::uint32_t nodes = 60;
  for (std::uint32_t i = 0; i < 300; ++i) {
    std::vector<std::uint32_t> sources;
    std::vector<std::uint32_t> targets;
    const auto density = static_cast<std::uint32_t>(random.between(1, 4));
    for (std::uint32_t node = 0; node < nodes; ++node) {
      if (random.chance({density, 4})) sources.push_back(node);
      if (random.chance({density, 4})) targets.push_back(node);
    }
    EdgeList edges(nodes);
    edges.add_product(sources, targets, EdgeKind::rw);
    DependencyGraph graph;
    edges.build(graph);
    CHECK(graph.edge_count() <= 2 * sources.size() + 4 * targets.size());
    for (std::uint32_t node = 0; node < nodes; ++node) {
      std::set<std::uint32_t> expected;
      if (std::find(sources.begin(), sources.end(), node) != sources.end()) expected.insert(targets.begin(), targets.end());
      expected.erase(node);
      REQUIRE(reached(graph, node, nodes) == expected);
    }
  }
}

TEST_CASE("dependency graph: edges come back by where they start") {
  EdgeList edges(3);
  edges.add(2, 0, EdgeKind::wr);
  edges.add(0, 1, EdgeKind::ww);
  edges.add(2, 1, EdgeKind::rw);
  DependencyGraph graph;
  edges.build(graph);
  CHECK(graph.edges_of(0).size() == 1);
  CHECK(graph.edges_of(1).empty());
  REQUIRE(graph.edges_of(2).size() == 2);
  CHECK(graph.edges_of(2)[0].target() == 0);
  CHECK(graph.edges_of(2)[1].kind() == EdgeKind::rw);
}

TEST_CASE("cycle kind: what goes without saying beside what") {
  const auto implied = [](CycleKind found, CycleKind other) {
    return (cycle_bit(found, OrderKind::none) & implying(other)) != 0;
  };
  using enum CycleKind;
  CHECK(implied(g0, g1c));
  CHECK(implied(g0, g2_item));
  CHECK(!implied(g0, g_single));
  CHECK(!implied(g1c, g_single));
  CHECK(implied(g1c, g_nonadjacent));
  CHECK(implied(g_single, g_nonadjacent));
  CHECK(implied(g_single, g2_item));
  CHECK(implied(g_nonadjacent, g2_item));
  CHECK(!implied(g2_item, g0));
  CHECK(!implied(g2_item, g1c));
  CHECK(!implied(g2_item, g_single));
  CHECK(!implied(g2_item, g_nonadjacent));
  for (const CycleKind kind : cycle_kinds) CHECK(implied(kind, kind));
}

}  // namespace
}  // namespace faultline::transactions
