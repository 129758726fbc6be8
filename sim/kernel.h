// What every part of the simulator shares: the time, the queue of what will happen, the trace, the list of faults, and the seed.
#pragma once

#include "base/random.h"
#include "sim/event_queue.h"
#include "sim/faults.h"
#include "sim/options.h"
#include "sim/trace_log.h"

namespace faultline::sim {

struct Kernel {
  explicit Kernel(const Options& world_options)
      : options(world_options), random(world_options.seed), trace(world_options.trace_keep, world_options.trace_window) {}

  void at(Time time, EventKind kind, std::uint32_t target, std::uint32_t generation = 0) {
    queue.push(Event{time < now ? now : time, kind, target, generation});
  }
  void record(NodeId node, TraceKind kind, std::uint64_t a = 0, std::uint64_t b = 0) { trace.add(now, node, kind, a, b); }
  /// A fault that is worth a line in a report.
  std::size_t fault(FaultKind kind, NodeId node, NodeId peer, Time end, std::string detail = {}) {
    record(node, TraceKind::fault, static_cast<std::uint64_t>(kind), peer.value());
    return faults.add(FaultEvent{now, end, kind, node, peer, std::move(detail)});
  }

  const Options options;
  const RandomSource random;
  Time now{};
  EventQueue queue;
  TraceLog trace;
  FaultLog faults;
};

}  // namespace faultline::sim
