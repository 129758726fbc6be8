// One suite, two worlds: every case is written once against the seam, and each world that claims to be one must pass it.
//
// An executable of this suite is all *_cases.cc plus one file that defines world_kinds() and make_world(): real_world.cc (epoll and
// io_uring) or sim_world.cc. A case must not depend on timing to pass: it may say "until the deadline", never "within a second".
// Where the worlds differ, the simulator is wrong.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "runtime/env.h"

namespace faultline::conformance {

/// Two nodes that can reach each other. In the real world both are this process, and `a` and `b` may be the same Env.
struct Nodes {
  Env& a;
  Env& b;
  std::string a_host;  // a.network.listen({a_host, 0}) works, and b can connect to what its local() says
  std::string b_host;
};

class ConformanceWorld {
 public:
  virtual ~ConformanceWorld() = default;

  /// Runs `body` as the first fiber of node a until it returns, then ends all other fibers of both nodes. An exception that escapes
  /// any of them (a failed REQUIRE) is rethrown here. May be called again: the nodes have been restarted cleanly, with the files
  /// they had. `body` may spawn fibers on b with a TaskGroup over b.tasks, and join it from a's fiber.
  virtual void run(std::function<void(Nodes&)> body) = 0;
};

/// The worlds of this executable by name, such as "epoll".
std::vector<std::string> world_kinds();

/// A fresh world without faults or knobs, its disks empty. `kind` is one of world_kinds().
std::unique_ptr<ConformanceWorld> make_world(const std::string& kind);

}  // namespace faultline::conformance
