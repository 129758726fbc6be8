// Drives a world at random, then heals it and asks for progress.
//
// Each seed draws its own topology, weather and mix of actions (swarm testing: a fault that is always on can hide what another would
// find). At the end a random majority is healed; the others are frozen, or deaf: they speak and hear nothing, which is how a leader
// without check quorum holds a cluster up for ever.
#pragma once

#include <cstdint>
#include <optional>

#include "world.h"

namespace faultline::raft::testing {

struct ChaosOptions {
  std::uint64_t seed = 1;
  Exhibits exhibits = {};
  Duration faults = 4s;
  /// Strikes each new leader within milliseconds of its election, at random in a third of the seeds. The mistakes that need several
  /// short-lived leaders in a row are out of reach of faults that come when they like.
  std::optional<bool> churn = std::nullopt;
  int voters = 0;  // 0: drawn
  bool members_change = true;
  bool wipes = true;
  /// Judge only by what a user would suffer: two leaders, lost or different entries, no progress; not by broken rules inside.
  bool outcomes_only = false;
};

struct ChaosResult {
  std::optional<Violation> violation;
  std::uint64_t steps = 0;
  std::int64_t committed = 0;
  std::size_t leaders = 0;
  std::uint64_t crashes = 0;
  std::uint64_t wipes = 0;
  std::uint64_t voter_changes = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t restored = 0;
  std::uint64_t reads = 0;
  std::uint64_t transfers = 0;
  std::uint64_t judged_progress = 0;
};

ChaosResult run_chaos(const ChaosOptions& options);

}  // namespace faultline::raft::testing
