// The inside of World.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "sim/node.h"
#include "sim/world.h"

namespace faultline::sim {

struct World::State {
  explicit State(const Options& options) : kernel(options), internet(kernel) {}
  ~State() {
    // Processes end without a word: connections and disks are still there for what destructors touch.
    nodes.clear();
  }

  struct Partition {
    std::vector<std::pair<NodeId, NodeId>> blocked;
    std::size_t fault = 0;
    bool active = false;
  };
  struct Clog {
    NodeId from;
    NodeId to;
    std::size_t fault;
  };

  Node& node(NodeId id) {
    ENSURE(id.value() < nodes.size());
    return *nodes[id.value()];
  }
  /// Notes a fault that lasts until close_fault().
  void open_fault(FaultKind kind, NodeId id, std::string detail = {}) {
    close_fault(kind, id);
    open_faults[{id, kind}] = kernel.fault(kind, id, no_node, no_deadline, std::move(detail));
  }
  void close_fault(FaultKind kind, NodeId id) {
    const auto open = open_faults.find({id, kind});
    if (open == open_faults.end()) return;
    kernel.faults.finish(open->second, kernel.now);
    open_faults.erase(open);
  }
  void run_ready_nodes();
  void dispatch(const Event& event);
  void run_callback(std::uint32_t slot);
  bool step(Time end);
  static void print_context(void* state);

  Kernel kernel;
  Internet internet;
  FiberStackPool stacks;
  DamageFilter may_damage;
  Ring<Node*> ready;
  std::uint64_t steps_at_this_instant = 0;
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::function<void()>> callbacks;
  std::vector<std::uint32_t> free_callbacks;
  std::vector<Partition> partitions;
  std::vector<Clog> clogs;
  std::map<std::pair<NodeId, FaultKind>, std::size_t> open_faults;  // lasting ones, by index into the fault log
  const Node* running = nullptr;
};

}  // namespace faultline::sim
