// FollowerProgress: what a leader knows of one follower, from that follower's fetches alone.
//
// A follower appends, syncs, and only then fetches, so its fetch offset is at once its log end and its durable end. It counts as
// caught up if it asks for the leader's end as it is now, or for the end as it was at its previous fetch; then it was caught up *at
// that time*. Without the second half a follower under a steady load of small writes would never be in sync: by the time that it
// asks, the leader has always got a little more.
//
// Source: Kafka's Replica.updateFetchState; KIP-903 for the broker epoch.
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.h"
#include "broker/replication/partition_state.h"

namespace faultline::replication {

/// A follower's fetch, as far as replication is concerned.
struct FollowerFetch {
  BrokerId replica = no_broker;
  std::int64_t broker_epoch = unknown_broker_epoch;
  std::int64_t fetch_offset = 0;
  std::int64_t log_start = 0;
};

class FollowerProgress {
 public:
  /// At an election: members of the ISR have the benefit of the doubt for one lag time, others have to fetch first.
  static FollowerProgress at_election(bool in_sync, Time now);

  /// Takes in a fetch that was answered while the leader's log ended at `leader_end`.
  void fetched(const FollowerFetch& fetch, std::int64_t leader_end, Time now);

  /// Its log end, which is durable. Nothing before its first fetch from this leader.
  std::optional<std::int64_t> log_end() const { return log_end_; }
  std::optional<std::int64_t> log_start() const { return log_start_; }
  std::optional<std::int64_t> broker_epoch() const { return broker_epoch_; }
  std::optional<Time> caught_up_at() const { return caught_up_at_; }
  bool caught_up(std::int64_t leader_end, Time now, Duration lag_time_max) const;

 private:
  std::optional<std::int64_t> log_end_;
  std::optional<std::int64_t> log_start_;
  std::optional<std::int64_t> broker_epoch_;
  std::optional<Time> caught_up_at_;
  // Of the previous fetch.
  std::optional<Time> fetched_at_;
  std::int64_t leader_end_then_ = -1;
};

}  // namespace faultline::replication
