// ProducerIds: hands out the numbers by which idempotent producers are told apart. The controller gives each broker a block at a
// time, so that no number is given twice in the cluster, not even after a crash: what is left of a block is forgotten with the process.
#pragma once

#include <cstdint>
#include <functional>

#include "base/time.h"
#include "broker/protocol/outcome.h"
#include "runtime/sync.h"

namespace faultline {

class ProducerIds {
 public:
  struct Block {
    std::int64_t first = 0;
    std::int64_t count = 0;
  };
  /// Asks the controller for a block. Suspends.
  using TakeBlock = std::function<Outcome<Block>(Time deadline)>;

  explicit ProducerIds(TakeBlock take_block) : take_block_(std::move(take_block)) {}

  /// A number that nobody has. Suspends: for the first of a block. Errors: COORDINATOR_NOT_AVAILABLE (no block in time), as take_block.
  Outcome<std::int64_t> next(Time deadline);

 private:
  // Constant after construction.
  const TakeBlock take_block_;
  // Volatile.
  Block left_;
  Mutex taking_;
};

}  // namespace faultline
