// ProducerIds: hands out the numbers by which idempotent producers are told apart. No number is ever given twice, not even after a
// crash: whole blocks are taken durably, before the first number of a block is given out, and a restart begins another block.
//
//   producer-ids    "next-block N" in the form of the log's checkpoints: docs/formats/checkpoint.md
#pragma once

#include <cstdint>
#include <memory>

#include "base/result.h"
#include "base/time.h"
#include "broker/protocol/outcome.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

class ProducerIds {
 public:
  /// Errors: corrupt, io_error, timed_out, cancelled.
  static Result<std::unique_ptr<ProducerIds>> open(Env& env, Duration disk_timeout);

  /// A number that nobody has. Suspends: for the first of a block. Errors: KAFKA_STORAGE_ERROR.
  Outcome<std::int64_t> next();

 private:
  ProducerIds(Env& env, Duration disk_timeout, std::int64_t next_block)
      : env_(env), disk_timeout_(disk_timeout), next_block_(next_block), next_(next_block), end_(next_block) {}

  Result<> take_block();

  // Constant after construction.
  Env& env_;
  const Duration disk_timeout_;
  // Durable.
  std::int64_t next_block_;
  // Volatile. Invariant: next_ <= end_ <= next_block_.
  std::int64_t next_;
  std::int64_t end_;
  Mutex taking_;
};

}  // namespace faultline
