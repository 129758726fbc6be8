// Registers whose values are written once, decided in O(n log n): Gibbons and Korach, "Testing shared memories" (1997).
//
// The write of a value and its reads are a cluster: no other write takes effect between them. From the first completion in a
// cluster to the last invocation in it the register holds its value for sure, if the former is before the latter: a *forward zone*. Else
// the cluster can take effect at one moment between them, the last invocation and the first completion: a *backward zone*.
// There is an order if and only if no read ends before its write begins, no two forward zones overlap, and no backward
// zone lies within a forward one.
#include <algorithm>
#include <limits>

#include "checkers/flat_index.h"
#include "checkers/linearizability/models.h"
#include "checkers/linearizability/text.h"

namespace faultline::linearizability {
namespace {

using Kind = RegisterInput::Kind;

struct Cluster {
  Value value = nil;
  std::int64_t first_completion = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_invoke = -1;
  std::uint32_t write = no_event;  // items
  std::uint32_t first = no_event;
  std::uint32_t last = no_event;

  bool forward() const { return first_completion < last_invoke; }
};

class Zones {
 public:
  Zones(Value initial, std::span<const RegisterOperation> operations, std::span<const Item> items)
      : operations_(operations), items_(items), index_(items.size() / 2) {
    // The initial value was written before everything.
    cluster_of(initial).first_completion = -1;
  }

  std::optional<Decision> decide() {
    if (!collect_writes()) return std::nullopt;
    if (!collect_reads() || !reads_follow_writes() || !zones_fit()) decision_.valid = false;
    return std::move(decision_);
  }

 private:
  Cluster& cluster_of(Value value) {
    const std::uint64_t hash = mixed(value);
    const std::uint32_t known = index_.find(hash, [&](std::uint32_t row) { return clusters_[row].value == value; });
    if (known != checkers::no_row) return clusters_[known];
    clusters_.push_back({.value = value});
    index_.insert(hash, static_cast<std::uint32_t>(clusters_.size() - 1),
                  [&](std::uint32_t row) { return mixed(clusters_[row].value); });
    return clusters_.back();
  }

  // False if the algorithm does not apply.
  bool collect_writes() {
    for (std::uint32_t i = 0; i < items_.size(); ++i) {
      const RegisterInput& input = operations_[items_[i].index].input;
      if (input.kind == Kind::cas) return false;
      if (input.kind == Kind::read) continue;
      Cluster& cluster = cluster_of(input.value);
      if (cluster.write != no_event || cluster.first_completion < 0) return false;  // written twice
      cluster.write = i;
      if (!items_[i].optional()) widen(cluster, i);
    }
    return true;
  }

  bool collect_reads() {
    for (std::uint32_t i = 0; i < items_.size(); ++i) {
      const RegisterOperation& operation = operations_[items_[i].index];
      if (operation.input.kind != Kind::read) continue;
      Cluster& cluster = cluster_of(operation.output.value);
      if (cluster.write == no_event && cluster.first_completion >= 0) {
        decision_.suspects = {i};  // nobody wrote this
        return false;
      }
      widen(cluster, i);
    }
    return true;
  }

  void widen(Cluster& cluster, std::uint32_t i) {
    const Item& item = items_[i];
    if (item.completion < cluster.first_completion) {
      cluster.first_completion = item.completion;
      cluster.first = i;
    }
    if (static_cast<std::int64_t>(item.invoke) > cluster.last_invoke) {
      cluster.last_invoke = item.invoke;
      cluster.last = i;
    }
  }

  bool reads_follow_writes() {
    for (Cluster& cluster : clusters_) {
      if (cluster.write == no_event || cluster.first == no_event) continue;  // initial, or never seen: an indefinite write
      const Item& write = items_[cluster.write];
      if (write.optional() && static_cast<std::int64_t>(write.invoke) > cluster.last_invoke) cluster.last_invoke = write.invoke;
      if (cluster.first_completion < static_cast<std::int64_t>(write.invoke)) {
        suspect(cluster);
        return false;
      }
    }
    return true;
  }

  bool zones_fit() {
    std::vector<const Cluster*> forward;
    for (const Cluster& cluster : clusters_) {
      if (cluster.forward()) forward.push_back(&cluster);
    }
    const auto begins_before = [](const Cluster* a, const Cluster* b) { return a->first_completion < b->first_completion; };
    std::sort(forward.begin(), forward.end(), begins_before);
    for (std::size_t i = 1; i < forward.size(); ++i) {
      if (forward[i]->first_completion < forward[i - 1]->last_invoke) return contradict(*forward[i - 1], *forward[i]);
    }
    for (const Cluster& cluster : clusters_) {
      if (cluster.forward() || cluster.first == no_event) continue;
      const auto after = std::partition_point(forward.begin(), forward.end(),
                                              [&](const Cluster* zone) { return zone->first_completion < cluster.last_invoke; });
      if (after == forward.begin()) continue;
      const Cluster& zone = **(after - 1);
      if (cluster.first_completion < zone.last_invoke) return contradict(zone, cluster);
    }
    return true;
  }

  bool contradict(const Cluster& a, const Cluster& b) {
    suspect(a);
    suspect(b);
    return false;
  }

  void suspect(const Cluster& cluster) {
    for (const std::uint32_t i : {cluster.write, cluster.first, cluster.last}) {
      if (i != no_event) decision_.suspects.push_back(i);
    }
  }

  const std::span<const RegisterOperation> operations_;
  const std::span<const Item> items_;
  std::vector<Cluster> clusters_;
  checkers::FlatIndex index_;
  Decision decision_{.algorithm = "zones"};
};

}  // namespace

std::optional<Decision> Register::decide(std::span<const RegisterOperation> operations, std::span<const Item> items) const {
  return Zones(initial_value, operations, items).decide();
}

// A cas links the value that it expects with the one it writes; one that failed only says what the value was not, which any write
// can be the reason of.
bool Register::touched(const RegisterOperation& operation, std::vector<std::int64_t>& values) const {
  const RegisterInput& input = operation.input;
  if (input.kind == Kind::read) {
    values.push_back(operation.output.value);
  } else if (input.kind == Kind::write) {
    values.push_back(input.value);
  } else {
    if (operation.ok() && !operation.output.succeeded) return false;
    values.push_back(input.expected);
    values.push_back(input.value);
  }
  return true;
}

}  // namespace faultline::linearizability
