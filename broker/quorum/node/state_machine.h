// What the quorum's log is applied to. On every node of the cluster, and so all of them come to the same state.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "broker/raft/types.h"

namespace faultline::quorum {

/// None of these may suspend, or call the node's run() or step. They are called by one fiber, in the order of the log.
class StateMachine {
 public:
  virtual ~StateMachine() = default;

  /// Replaces the whole state by what snapshot() once returned after `last`. Errors: corrupt, after which the node fails.
  virtual Result<> reset(const raft::Position& last, const Slice& snapshot) = 0;
  /// The next committed entry. Errors: corrupt, after which the node fails.
  virtual Result<> apply(const raft::Entry& entry) = 0;
  /// The whole state after the last apply() or reset().
  virtual Slice snapshot() const = 0;
  /// After what came last was applied, or when whom this node follows, or whether it leads, has changed: Node::core() says.
  /// Never called inside propose().
  virtual void stepped() = 0;
};

}  // namespace faultline::quorum
