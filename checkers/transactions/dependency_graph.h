// A graph of dependencies as compressed rows: one array of edges, sorted by where they start.
//
// Nodes are transactions first, then *relays*: nodes that stand for no transaction and keep the graph linear where a relation is
// not. "Every reader of the last version precedes every writer after it" has readers x writers edges; through relays it has
// readers + writers. An edge into a relay has the kind of the dependency, edges out of relays have the kind `relay` and no length,
// so that paths, their kinds and their lengths are exactly those of the relation.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace faultline::transactions {

enum class EdgeKind : std::uint8_t { ww, wr, rw, process, realtime, relay };

/// A set of kinds of edges.
using KindSet = std::uint32_t;
constexpr KindSet kind_set(EdgeKind kind) { return 1u << static_cast<std::uint32_t>(kind); }

inline constexpr std::uint32_t no_node = 0xffff'ffffu;

/// Where an edge leads, and its kind, in 32 bits.
class Edge {
 public:
  Edge() = default;
  Edge(std::uint32_t target, EdgeKind kind) : bits_(target << kind_bits | static_cast<std::uint32_t>(kind)) {}
  std::uint32_t target() const { return bits_ >> kind_bits; }
  EdgeKind kind() const { return static_cast<EdgeKind>(bits_ & ((1u << kind_bits) - 1)); }
  bool is_in(KindSet kinds) const { return (kinds >> (bits_ & ((1u << kind_bits) - 1)) & 1u) != 0; }

  static constexpr unsigned kind_bits = 3;
  static constexpr std::uint32_t nodes_max = 1u << (32 - kind_bits);

 private:
  std::uint32_t bits_ = 0;
};

class DependencyGraph {
 public:
  std::uint32_t node_count() const { return static_cast<std::uint32_t>(rows_.size()) - 1; }
  std::size_t edge_count() const { return edges_.size(); }
  std::span<const Edge> edges_of(std::uint32_t node) const {
    return std::span(edges_).subspan(rows_[node], rows_[node + 1] - rows_[node]);
  }
  std::size_t row(std::uint32_t node) const { return rows_[node]; }
  const Edge& edge(std::size_t index) const { return edges_[index]; }

 private:
  friend class EdgeList;
  std::vector<std::size_t> rows_{0};
  std::vector<Edge> edges_;
};

/// Edges in any order, on their way to becoming a graph.
class EdgeList {
 public:
  explicit EdgeList(std::uint32_t nodes = 0) : nodes_(nodes) {}

  /// Starts over with `nodes` nodes and no edges; keeps the memory.
  void reset(std::uint32_t nodes);
  std::uint32_t node_count() const { return nodes_; }
  std::uint32_t add_node() { return nodes_++; }
  void add(std::uint32_t from, std::uint32_t to, EdgeKind kind) { edges_.push_back({from, Edge(to, kind)}); }

  /// Adds an edge from each of `sources` to each of `targets` but itself, through relays where that takes fewer edges.
  /// Requires: both ascending without repetition.
  void add_product(std::span<const std::uint32_t> sources, std::span<const std::uint32_t> targets, EdgeKind kind);

  /// Whether the nodes can no longer be told apart in an Edge.
  bool overflows() const { return nodes_ >= Edge::nodes_max; }

  /// The graph of these edges, into `graph`, whose memory is used again.
  void build(DependencyGraph& graph) const;

 private:
  struct Row {
    std::uint32_t from;
    Edge edge;
  };
  void add_relayed_product(std::span<const std::uint32_t> sources, std::span<const std::uint32_t> targets, EdgeKind kind);

  std::uint32_t nodes_ = 0;
  std::vector<Row> edges_;
};

/// The order of a set of transactions in time: whoever ends before another begins precedes it.
///
/// Feed it the events in order; it adds at most three edges and one relay per transaction, whatever the concurrency.
class OrderChain {
 public:
  OrderChain(EdgeList& edges, EdgeKind kind) : edges_(edges), kind_(kind) {}

  void ended(std::uint32_t transaction) {
    if (relay_ == no_node || used_) {
      const std::uint32_t next = edges_.add_node();
      if (relay_ != no_node) edges_.add(relay_, next, EdgeKind::relay);
      relay_ = next;
      used_ = false;
    }
    edges_.add(transaction, relay_, kind_);
  }

  void began(std::uint32_t transaction) {
    if (relay_ == no_node) return;
    edges_.add(relay_, transaction, EdgeKind::relay);
    used_ = true;
  }

 private:
  EdgeList& edges_;
  EdgeKind kind_;
  std::uint32_t relay_ = no_node;  // follows everything that has ended so far
  bool used_ = false;              // somebody began after it
};

}  // namespace faultline::transactions
