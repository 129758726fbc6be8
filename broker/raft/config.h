// The quorum's tuning. All of it is drawn per seed in simulation; the core works with any values that validate() accepts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/exhibit.h"
#include "base/result.h"
#include "base/time.h"
#include "broker/raft/types.h"

namespace faultline::raft {

struct Config {
  /// A voter that does not hear a leader for a time drawn from [t, 2t) asks for votes (section 5.2 of the paper; Kafka:
  /// controller.quorum.fetch.timeout.ms). An observer that does not hear one for t asks others for it.
  Duration election_timeout{1000ms};
  /// How often a leader lets itself be heard when there is nothing to say, and an observer that has none asks for one.
  Duration heartbeat_interval{200ms};
  /// An append carries entries up to this size, and always at least one.
  std::size_t max_append_bytes = 512 * 1024;
  /// Appends with entries that may be under way to one peer.
  std::size_t max_inflight_appends = 16;
  /// A snapshot travels in chunks of this size, one under way to each peer.
  std::size_t snapshot_chunk_bytes = 256 * 1024;
  /// Nodes an observer asks for the leader while it knows no voters.
  std::vector<NodeId> bootstrap;
  Exhibits exhibits;

  /// A leader that no majority has answered for this long resigns: 1.5 fetch timeouts (KIP-595, KAFKA-15489).
  Duration check_quorum_timeout() const { return election_timeout + election_timeout / 2; }
  /// An observer that has been silent for this long is no longer served; it will ask again.
  Duration observer_timeout() const { return 4 * election_timeout; }

  /// Errors: invalid_argument.
  Result<> validate() const;
};

}  // namespace faultline::raft
