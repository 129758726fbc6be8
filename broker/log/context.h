// LogContext: what a log needs of the node it lives on. A log waits, stores and tells; it never sees the network.
#pragma once

#include "runtime/env.h"

namespace faultline {

struct LogContext {
  Disk& disk;
  Clock& clock;
  Tasks& tasks;
  Trace& trace;
  Buggify& buggify;

  /// The part of a node's world that its logs may use.
  static LogContext of(const Env& env) { return {env.disk, env.clock, env.tasks, env.trace, env.buggify}; }
};

}  // namespace faultline
