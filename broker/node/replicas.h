// Replicas: all partitions that this broker holds, and what keeps them in step with the cluster's metadata.
//
// The metadata say who holds, leads and follows what. learn() only takes note of them; a fiber compares them with what is here, and
// whatever has to wait for the disk (a new log, a new role, a log that goes) is done by a fiber for each partition, so that one of them does
// not wait for the disk of another. applied() says how far all of that has come.
//
//   image -> learn() -> compare -> a fiber for each partition that changes -> Partition
//                                    fetchers, one for each leader         -> Partition   (replica_fetcher.h)
//                                    IsrUpdates, one for the broker        <- Partition   (isr_updates.h)
//
// Before the metadata contain the registration of this incarnation they are old news: nothing is led, followed or deleted on their word.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string_view>
#include <vector>

#include "broker/metadata/image.h"
#include "broker/node/data_directory.h"
#include "broker/node/isr_updates.h"
#include "broker/node/partition.h"
#include "broker/node/peers.h"
#include "broker/node/replica_fetcher.h"
#include "broker/protocol/outcome.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

struct ReplicasConfig {
  BrokerId broker_id = replication::no_broker;
  TopicConfig topic_defaults;
  Duration disk_timeout{30s};
  Duration lag_time_max{30s};                  // replica.lag.time.max.ms
  Duration fetch_wait_max{500ms};              // replica.fetch.wait.max.ms
  Duration fetch_backoff{200ms};               // replica.fetch.backoff.ms: after a failure
  Duration fetch_timeout{5s};                  // for an answer, on top of the wait: a leader that is gone may not say so
  std::int32_t fetch_bytes_max = 10 << 20;     // replica.fetch.response.max.bytes
  std::int32_t partition_bytes_max = 1 << 20;  // replica.fetch.max.bytes
  /// follower.replication.throttled.rate, for replicas that are not in sync; 0: no limit.
  std::int64_t catch_up_bytes_per_second = 0;
  Exhibits exhibits;
  /// The settings of a topic, if they are more than the defaults above with what is set for the topic on top.
  std::function<TopicConfig(const metadata::ClusterImage&, std::string_view topic)> topic_config;
};

class Replicas {
 public:
  /// Opens and recovers every log of the directory. Suspends. Errors: as the disk; a log that is damaged is no error.
  static Result<std::unique_ptr<Replicas>> open(Env& env, DataDirectory& directory, const ReplicasConfig& config, Peers peers);
  ~Replicas();
  Replicas(const Replicas&) = delete;
  Replicas& operator=(const Replicas&) = delete;

  /// Logs that may lack what they acknowledged: to be said at the registration.
  std::vector<PartitionName> damaged() const;

  /// There are newer metadata. `image`, which outlives this or the next call, is looked at now and later: it may only change where nobody
  /// suspends. `self_epoch` is that of this incarnation, or -1 before it is registered. Does not suspend.
  void learn(const metadata::ClusterImage& image, metadata::BrokerEpoch self_epoch);
  /// Metadata records that are carried out.
  std::int64_t applied() const { return applied_; }
  /// Called with applied() when it has moved; must not suspend.
  void on_applied(std::function<void(std::int64_t applied)> listener) { applied_listener_ = std::move(listener); }
  /// Suspends until applied() is at least that. Errors: timed_out, cancelled.
  Result<> wait_applied(std::int64_t applied, Time deadline);

  /// A replica of this broker, whatever its role.
  /// Errors: UNKNOWN_TOPIC_OR_PARTITION, NOT_LEADER_OR_FOLLOWER (not here), KAFKA_STORAGE_ERROR (its log cannot be opened).
  Outcome<std::shared_ptr<Partition>> partition(std::string_view topic, std::int32_t index) const;
  /// Errors: UNKNOWN_TOPIC_ID; else the same.
  Outcome<std::shared_ptr<Partition>> partition(const metadata::Uuid& topic, std::int32_t index) const;
  /// All that are not offline; shared, so that the list can be walked across suspensions.
  std::vector<std::shared_ptr<Partition>> partitions() const;
  /// Those whose log cannot be opened.
  std::vector<PartitionName> offline() const;

  /// Where the log of a partition ends, for the choice of the longest. Nothing if it is not here or cannot be read.
  std::optional<controller::LogEnd> log_end(const PartitionName& name) const;

  /// What has failed under a log, if anything has: this broker must give up what it leads, and be started again.
  const std::optional<Error>& disk_failure() const { return disk_failure_; }
  /// Called when that happens; must not suspend.
  void on_disk_failure(std::function<void()> listener) { failure_listener_ = std::move(listener); }

  /// Ends all roles for good: who waits for an append is told NOT_LEADER_OR_FOLLOWER. Suspends.
  void resign();
  /// resign(), then syncs and closes every log. Suspends. Errors: the first failure; the others are closed all the same.
  Result<> close();

 private:
  /// What the metadata want of one partition.
  struct Target {
    PartitionId id;
    replication::PartitionState state;
    TopicConfig config;

    bool operator==(const Target&) const = default;
  };
  /// A partition that is here, comes or goes.
  struct Slot {
    std::shared_ptr<Partition> partition;  // shared with requests under way; none while it is made, and if its log is bad
    std::shared_ptr<Partition> leaving;    // its log may be written by older fibers than the one that takes it away
    PartitionId id;
    std::optional<Target> target;  // none: it is to go
    bool bad_log = false;          // it could not be opened; its files are kept
    bool refused = false;          // because of what is in it
    bool job_runs = false;
    std::uint64_t version = 0;  // of the target
  };

  Replicas(Env& env, DataDirectory& directory, const ReplicasConfig& config, Peers peers);

  // replicas.cc
  Result<> open_logs();
  Result<> open_one(const DataDirectory::FoundDirectory& found);
  Outcome<std::shared_ptr<Partition>> in_slot(const metadata::TopicImage& topic, std::int32_t index) const;
  void note_failure(Partition& partition);
  void tick_leaders();

  // reconcile.cc
  void follow_metadata();
  void compare();
  bool learn_brokers();
  void compare_topic(const metadata::TopicImage& topic, bool brokers_changed);
  TopicConfig settings_of(const std::string& topic) const;
  void aim(const PartitionName& name, Slot& slot, std::optional<Target> target);
  static bool carried_out(const Slot& slot);
  static bool hopeless(const Slot& slot);
  void start_job(const PartitionName& name, Slot& slot);
  void work_on(const PartitionName& name, std::int64_t since);
  Result<> step(const PartitionName& name, Slot& slot);
  Result<> make(const PartitionName& name, Slot& slot, const Target& target);
  Result<> remove(Slot& slot);
  void forget_damage();
  void move_applied();
  ReplicaFetcher& fetcher_of(BrokerId leader);

  // Constant after construction.
  Env& env_;
  DataDirectory& directory_;
  const ReplicasConfig config_;
  const Peers peers_;
  // Volatile.
  PartitionHost host_;
  std::int64_t brokers_as_of_ = 0;  // of the image that host_ was taken from
  std::map<PartitionName, Slot> slots_;
  std::set<PartitionName> damaged_;
  const metadata::ClusterImage* image_ = nullptr;
  metadata::BrokerEpoch self_epoch_ = metadata::no_broker_epoch;
  bool damage_reported_ = false;
  std::int64_t compared_ = 0;              // records that the last comparison knew
  std::int64_t compared_before_ = 0;       // and the one before
  std::multiset<std::int64_t> under_way_;  // what had been compared before each job began
  std::int64_t applied_ = 0;
  std::optional<Error> disk_failure_;
  std::function<void(std::int64_t applied)> applied_listener_;
  std::function<void()> failure_listener_;
  Event news_;
  Condition applied_moved_;
  Condition slot_freed_;
  CatchUpThrottle throttle_;
  IsrUpdates isr_updates_;
  std::map<BrokerId, std::unique_ptr<ReplicaFetcher>> fetchers_;
  TaskGroup jobs_;
  TaskGroup tasks_;  // last: its fibers use all of the above
};

}  // namespace faultline
