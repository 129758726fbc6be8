// MetadataLog: the quorum's log as the picture of the cluster that it adds up to. Every node has one, whatever its role: brokers follow
// it, and the controller begins with it.
#pragma once

#include <cstdint>
#include <functional>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/metadata/image.h"
#include "broker/quorum/node/state_machine.h"
#include "runtime/sync.h"

namespace faultline::control {

class MetadataLog final : public quorum::StateMachine {
 public:
  /// What is committed and applied here. It changes whenever its reader suspends.
  const metadata::ClusterImage& image() const { return image_; }
  /// The last entry that is part of it.
  const raft::Position& position() const { return position_; }

  /// `listener` is called when something was applied, and when it changed who leads the quorum. It must not suspend, nor propose
  /// anything, and is called as long as the quorum's node runs.
  void on_change(std::function<void()> listener) { listeners_.push_back(std::move(listener)); }
  /// Suspends until image().applied() is `applied` at least. Errors: timed_out, cancelled.
  Result<> wait_applied(std::int64_t applied, Time deadline);

  /// Suspends until `holds()`, which is asked again after each change. Errors: timed_out, cancelled.
  Result<> wait_until(const std::function<bool()>& holds, Time deadline) { return changed_.wait_until(holds, deadline); }

  Result<> reset(const raft::Position& last, const Slice& snapshot) override;
  Result<> apply(const raft::Entry& entry) override;
  Slice snapshot() const override;
  void stepped() override;

 private:
  metadata::ClusterImage image_;
  raft::Position position_;
  std::vector<std::function<void()>> listeners_;
  Condition changed_;
};

}  // namespace faultline::control
