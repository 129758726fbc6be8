// Leader: one partition as the broker that leads it sees it. It decides how far the high watermark is, who should be in sync, and which
// produce requests are done. It holds no log: what the log has is told to it.
//
// The high watermark is the least of the leader's own *durable* end and the log ends of all followers that it must wait for: the
// members of the maximal ISR, and whoever is caught up and may join, so that a joiner is not outrun for ever. It moves only while the
// committed ISR has its minimum, and never back: a record below it is on the disk of every replica that the controller could elect.
//
// One Leader per leader epoch. When the metadata name a new epoch, also with the same leader, the driver makes another one, and the
// produce requests that waited with the old one get NOT_LEADER_OR_FOLLOWER: nobody knows what becomes of their records.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>

#include "base/exhibit.h"
#include "base/time.h"
#include "broker/replication/follower_progress.h"
#include "broker/replication/isr.h"
#include "broker/replication/partition_state.h"

namespace faultline::replication {

struct LeaderConfig {
  BrokerId self = no_broker;
  std::int32_t min_insync_replicas = 1;
  Duration lag_time_max = std::chrono::seconds(30);  // replica.lag.time.max.ms
  Exhibits exhibits;
};

/// Where the leader's log stands. With flush.messages above 1 the plain end takes the durable end's place.
struct LeaderLog {
  std::int64_t start = 0;
  std::int64_t durable_end = 0;
  std::int64_t end = 0;  // what followers can read
};

/// Whether the records for a fetch could be read. A failed read tells nothing about the follower.
enum class ReadOutcome : std::uint8_t { done, failed };

/// What a step of a leader has led to. In this order: watermark and waiting requests first, then what is to be sent.
struct LeaderEffects {
  bool watermark_moved = false;
  bool isr_changed = false;            // the committed one: waiting requests look again
  std::optional<IsrProposal> propose;  // an AlterPartition request
};

/// What a produce request that waits remembers.
struct ProduceTicket {
  std::int32_t leader_epoch = 0;
  std::int64_t end_offset = 0;  // behind its last record, or behind the original's if it is a duplicate
};

enum class Completion : std::uint8_t { waiting, done, not_enough_replicas_after_append, not_leader_or_follower };

/// Whether a new leader enters (epoch, log end) into its log's epoch cache before it serves. The driver asks when it begins.
inline bool enters_epoch_at_election(const Exhibits& exhibits) { return !exhibits.on(Exhibit::kafka_7415); }

class Leader {
 public:
  /// Requires: the log has entered the epoch at `epoch_start`, durably. `brokers` outlives this and changes before learned().
  Leader(const LeaderConfig& config, const PartitionState& committed, const BrokerStatuses& brokers, std::int64_t epoch_start,
         std::int64_t high_watermark, const LeaderLog& log, Time now);

  // --- inputs ---

  /// Whether a fetch may be served: NOT_LEADER_OR_FOLLOWER for one that is no replica, or an incarnation that is gone.
  bool knows(const FollowerFetch& fetch) const;
  /// A follower's fetch was served. Not called for a diverging one. Requires: knows(fetch).
  LeaderEffects fetched(const FollowerFetch& fetch, ReadOutcome read, const LeaderLog& log, Time now);
  /// Something was appended or has become durable.
  LeaderEffects log_moved(const LeaderLog& log, Time now);
  /// At next_deadline(), or more often: followers that have fallen behind leave the ISR.
  LeaderEffects tick(Time now);
  LeaderEffects answered(const IsrAnswer& answer, Time now);
  /// Newer metadata about the partition (same leader epoch), its settings, or brokers. State and settings are of the same moment.
  LeaderEffects learned(const PartitionState& state, std::int32_t min_insync_replicas, Time now);

  // --- answers ---

  std::int32_t leader_epoch() const { return isr_.committed().leader_epoch; }
  std::int64_t high_watermark() const { return high_watermark_; }
  const Isr& isr() const { return isr_; }
  std::optional<Time> next_deadline() const;

  /// acks=all, before the append: NOT_ENOUGH_REPLICAS unless this holds.
  bool enough_replicas() const;
  ProduceTicket ticket_for(std::int64_t end_offset) const { return {leader_epoch(), end_offset}; }
  Completion completion_of(const ProduceTicket& ticket) const;
  /// ListOffsets(latest) answers OFFSET_NOT_AVAILABLE until the watermark has reached this epoch's start (KIP-207): before that it
  /// may be lower than what the previous leader has told.
  bool latest_offset_known() const { return high_watermark_ >= epoch_start_; }
  const std::map<BrokerId, FollowerProgress>& followers() const { return followers_; }
  /// The least log start of this replica and of all that are in the ISR, may be, could join it soon, or may be in the ELR: below it nothing
  /// comes back with the next leader. Nothing while one of them has not fetched yet. Source: Kafka's Partition.lowWatermarkIfLeader, which
  /// asks those that are alive.
  std::optional<std::int64_t> low_watermark() const;

  /// Breaks the process if the state is impossible. After every step, in tests and in simulated runs.
  void check_invariants() const;

 private:
  /// By which the controller has decided about the in-sync set. It may have come further than this broker's metadata.
  struct ToldMinimum {
    std::int32_t min_insync_replicas = 0;
    std::int32_t partition_epoch = 0;  // of that decision: metadata that have it have the minimum
  };
  bool learn_minimum(const PartitionState& state, std::int32_t min_insync_replicas);

  std::int32_t minimum() const { return std::max(min_insync_replicas_, told_.min_insync_replicas); }
  bool may_join(BrokerId id, const FollowerProgress& progress) const;
  bool has_log_start(const FollowerProgress& progress) const;
  bool lags(BrokerId id, Time now) const;
  void forget_old_incarnations(Time now);
  bool advance_watermark(Time now);
  std::optional<IsrProposal> propose_change(Time now);
  LeaderEffects settle(Time now);

  // Constant after construction.
  const LeaderConfig config_;
  const BrokerStatuses& brokers_;
  const std::int64_t epoch_start_;
  // Volatile.
  std::int32_t min_insync_replicas_;  // as far as this broker's metadata go
  std::int32_t learned_epoch_;        // and which change of the partition is the last in them
  ToldMinimum told_;
  LeaderLog log_;
  Isr isr_;
  std::int64_t high_watermark_;  // invariant: never falls
  std::map<BrokerId, FollowerProgress> followers_;
};

}  // namespace faultline::replication
