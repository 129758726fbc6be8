// The seam. Everything a node can know or do of the world outside itself comes through an Env: one per node, handed to
// constructors. There are two implementations, the simulator (sim/) and the real one (runtime/asio/), and no way to ask which
// this is. A class that only stores takes Disk&, one that only waits takes Clock&; take the whole Env only to hand it on.
#pragma once

#include <string_view>

#include "base/random.h"
#include "runtime/clock.h"
#include "runtime/disk.h"
#include "runtime/network.h"
#include "runtime/tasks.h"
#include "runtime/trace.h"

namespace faultline {

/// Cooperative fault injection (after FoundationDB's BUGGIFY): code marks a place where something legal but rare may be done,
/// such as sending a tiny batch. In the real world it never fires.
class Buggify {
 public:
  virtual ~Buggify() = default;
  /// Whether to do the rare thing now. `location` is a literal that names the place.
  virtual bool fires(std::string_view location) = 0;
};

struct Env {
  Clock& clock;
  Network& network;
  Disk& disk;
  RandomSource random;  // this node's family of streams
  Tasks& tasks;
  Trace& trace;
  Buggify& buggify;
};

}  // namespace faultline
