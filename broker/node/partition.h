// Partition: one replica of one partition, on top of its log: what handlers and fetchers know of a partition goes through here.
//
// A replica leads, follows, or does neither. The rules of both roles are pure and elsewhere (broker/replication): this class tells them
// what the log does and carries out what they decide. A role belongs to one leader epoch. When the metadata name another one it ends at
// once, also if the same broker leads again: whoever waits for an append is told NOT_LEADER_OR_FOLLOWER, since nobody knows what
// becomes of its records. The next role begins when the log is ready for it: flushed, and with the new epoch on the disk if it leads.
//
// Nothing here has a timer: leaders are ticked, and followers driven, from outside, so that an idle partition costs nothing.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/log/partition_log.h"
#include "broker/metadata/records.h"
#include "broker/node/partition_id.h"
#include "broker/node/topic_config.h"
#include "broker/protocol/fetch.h"
#include "broker/protocol/outcome.h"
#include "broker/protocol/records.h"
#include "broker/protocol/schema.h"
#include "broker/replication/fetch_check.h"
#include "broker/replication/follower.h"
#include "broker/replication/leader.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

using replication::BrokerId;

class Partition;

/// What a produce request remembers while it waits.
struct CommitTicket {
  AppendTicket append;  // of the original, if the batch had been appended before
  std::int32_t leader_epoch = -1;
};

struct AppendedBatch {
  std::int64_t base_offset = 0;
  std::int64_t log_append_time_ms = -1;  // -1 unless the broker stamps records
  CommitTicket ticket;
};

/// What a DeleteRecords request remembers while it waits.
struct Deletion {
  std::int64_t offset = 0;  // nothing below is to be read again
  std::int32_t leader_epoch = -1;
};

struct PartitionRead {
  std::int64_t high_watermark = -1;
  std::int64_t log_start_offset = -1;
  protocol::Records records;
};

/// A follower's fetch of one partition.
struct ReplicaFetch {
  replication::FollowerFetch follower;
  std::int32_t leader_epoch = -1;  // that the follower believes in
  std::int32_t last_fetched_epoch = -1;
  std::size_t max_bytes = 0;
  bool at_least_one = true;  // the first batch even if it is larger
};

/// The answer to it. The first two are filled in with every error code: a follower that is out of range needs them.
struct ReplicaRead {
  std::int64_t high_watermark = -1;
  std::int64_t log_start_offset = -1;
  ErrorCode error_code = ErrorCode::none;
  std::optional<EpochEnd> diverging;  // where the logs part: there are no records then
  protocol::Records records;
};

struct OffsetAndTimestamp {
  std::int64_t offset = -1;
  std::int64_t timestamp_ms = -1;
  std::int32_t leader_epoch = -1;
};

/// Who may be read from: the leader only, or followers too, up to the watermark that they know (KIP-392).
enum class ReadFrom : std::uint8_t { leader, any_replica };

/// The topic's settings as its logs see them.
LogConfig log_config_of(const TopicConfig& config, Duration disk_timeout, Exhibits exhibits);

/// What a partition needs of the broker that it lives on. The functions must not suspend.
struct PartitionHost {
  Env& env;
  BrokerId self = replication::no_broker;
  Duration lag_time_max{};
  Duration disk_timeout{};
  Duration fetch_backoff{};
  Exhibits exhibits;
  /// As committed, and as this broker has learned it. Kept up to date by the owner.
  replication::BrokerStatuses brokers;
  /// Empty if it is not known.
  std::function<std::string_view(BrokerId)> rack_of;
  /// Sends an AlterPartition request; its answer goes to Partition::isr_answered().
  std::function<void(Partition&, const replication::IsrProposal&)> propose;
  /// A follower can fetch from this leader, for the first time or again.
  std::function<void(Partition&, BrokerId leader)> may_fetch;
  /// The log was fenced.
  std::function<void(Partition&)> log_failed;
};

class Partition final : public std::enable_shared_from_this<Partition> {
 public:
  /// Neither leads nor follows. `host` outlives it.
  Partition(PartitionHost& host, metadata::Uuid topic_id, PartitionId id, const TopicConfig& config,
            std::unique_ptr<PartitionLog> log);
  ~Partition();
  Partition(const Partition&) = delete;
  Partition& operator=(const Partition&) = delete;

  // --- what it is (partition.cc) ---

  const PartitionId& id() const { return id_; }
  const metadata::Uuid& topic_id() const { return topic_id_; }
  const TopicConfig& config() const { return config_; }
  /// Whether all of it is in force: configure() has said what the settings are, and the log could follow.
  bool configured() const { return configured_; }
  bool leads() const { return leading() != nullptr; }
  /// The rules of the leader, or nullptr.
  const replication::Leader* leading() const;
  const replication::Follower* following() const;
  /// Whom it follows, or itself; no_broker if it has no role.
  BrokerId leader() const;
  /// Of the present role; -1 while there is none. A request that waits gives up when this changes.
  std::int32_t leader_epoch() const;
  std::int64_t log_start_offset() const { return log_->log_start(); }
  /// As this replica knows it.
  std::int64_t high_watermark() const;
  std::int64_t log_end_offset() const { return log_->log_end(); }
  PartitionLog& log() { return *log_; }
  const PartitionLog& log() const { return *log_; }

  /// Whether one who believes in `leader_epoch` is up to date; -1 asks nothing (KIP-320).
  /// Errors: NOT_LEADER_OR_FOLLOWER, FENCED_LEADER_EPOCH (its epoch is older than ours), UNKNOWN_LEADER_EPOCH (newer).
  Outcome<> check_leader_epoch(std::int32_t leader_epoch, ReadFrom from = ReadFrom::leader) const;

  // --- producing (partition_produce.cc) ---

  /// Checks, stamps and appends the one batch that a produce request holds for a partition. Does not suspend. A batch that an
  /// idempotent producer has sent before is not appended again: the answer is the original's.
  /// Errors: CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE, NOT_ENOUGH_REPLICAS (acks is -1 and
  /// the in-sync set is too small), NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR, OUT_OF_ORDER_SEQUENCE_NUMBER,
  /// INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE. Nothing was appended then.
  Outcome<AppendedBatch> append(const protocol::Records& records, std::int16_t acks, protocol::Version produce_version);

  /// Suspends until the append is as safe as `acks` asks: -1, the watermark has passed it; 1, it is durable here.
  /// Errors: NOT_LEADER_OR_FOLLOWER (the leader epoch is over: outcome unknown), NOT_ENOUGH_REPLICAS_AFTER_APPEND,
  /// KAFKA_STORAGE_ERROR (the disk failed, or was full), REQUEST_TIMED_OUT.
  Outcome<> wait_committed(const CommitTicket& ticket, std::int16_t acks, Time deadline);

  // --- reading (partition_read.cc) ---

  /// Whole batches from the one that holds `offset`, below the watermark, at most `max_bytes` unless `at_least_one`.
  /// Errors: NOT_LEADER_OR_FOLLOWER, OFFSET_OUT_OF_RANGE, OFFSET_NOT_AVAILABLE (a follower that has not got so far),
  /// CORRUPT_MESSAGE (the disk lies; nothing of the bad batch is served), KAFKA_STORAGE_ERROR.
  Outcome<PartitionRead> read(std::int64_t offset, std::size_t max_bytes, bool at_least_one, ReadFrom from = ReadFrom::leader);

  /// Answers a follower, up to the end of what is written, and takes note of where that follower is. Call it as soon as the fetch
  /// is there, before anything is waited for: acknowledgements depend on it. Suspends: as a read does.
  ReplicaRead read_for_replica(const ReplicaFetch& fetch);

  /// Bytes that a read at `offset` would find; near enough for a fetch that waits for many.
  std::size_t readable_bytes(std::int64_t offset, bool for_replica = false) const;
  /// An answer with these is on its way to the follower.
  void note_told(BrokerId follower, std::int64_t high_watermark, std::int64_t log_start);
  /// Whether watermark or log start are above what this follower was last told. Ask after a read: it may have moved the watermark.
  bool owes_news(BrokerId follower) const;

  /// -1 latest, -2 earliest, -3 the greatest timestamp, -4 local earliest, else the first record at or after that time.
  /// Errors: NOT_LEADER_OR_FOLLOWER, OFFSET_NOT_AVAILABLE (a new leader whose watermark is not yet where the old one's was, KIP-207),
  /// KAFKA_STORAGE_ERROR, CORRUPT_MESSAGE.
  Outcome<OffsetAndTimestamp> find_offset(std::int64_t timestamp, ReadFrom from = ReadFrom::leader);

  /// The largest epoch known that is not above `leader_epoch`, and where it ends; (-1, -1) if there is none (KIP-101, KIP-279).
  EpochEnd end_of_epoch(std::int32_t leader_epoch) const { return log_->end_offset_for_epoch(leader_epoch); }

  /// Where a consumer in `rack` should rather read from (KIP-392). Nothing: here.
  std::optional<BrokerId> preferred_read_replica(std::string_view rack, std::int64_t fetch_offset) const;

  /// `event` is set whenever there may be more to read, or the role ends, until forgotten. For replicas also before it is durable.
  void watch(Event& event, bool as_replica = false) { (as_replica ? replica_watchers_ : watchers_).push_back(&event); }
  void forget(Event& event) {
    std::erase(watchers_, &event);
    std::erase(replica_watchers_, &event);
  }

  // --- trimming (partition_trim.cc) and settings (partition.cc) ---

  /// Makes everything below `offset` unreadable here, durably; -1 means the watermark. Suspends.
  /// Errors: NOT_LEADER_OR_FOLLOWER, OFFSET_OUT_OF_RANGE (beyond the watermark), KAFKA_STORAGE_ERROR.
  Outcome<Deletion> delete_records_before(std::int64_t offset);
  /// Waits until those that may lead next have deleted it too. Suspends. Returns: the low watermark.
  /// Errors: NOT_LEADER_OR_FOLLOWER (the role has ended: unknown), REQUEST_TIMED_OUT (still to come).
  Outcome<std::int64_t> wait_deleted(const Deletion& deletion, Time deadline);

  /// Applies retention, forgets producers that have been idle for `producer_age` and notes on the disk how far the log is durable.
  /// Suspends. Errors: as the disk.
  Result<> tidy(Duration producer_age);

  /// Changes the settings. Suspends if the topic leaves the page cache behind: what was acknowledged from it is synced first.
  Result<> configure(const TopicConfig& config);

  // --- roles (partition_roles.cc); at most one of begin_*() and retire() is under way ---

  /// Ends the role at once; waiters get NOT_LEADER_OR_FOLLOWER.
  void end_role();
  /// Leads in `state.leader_epoch`, once the log is durable to its end and has that epoch on the disk. Suspends.
  /// Requires: no role; state.leader is this broker. Errors: as the disk; there is no role then.
  Result<> begin_leading(const replication::PartitionState& state);
  /// Follows state.leader. Requires: no role. Suspends. Errors: as the disk.
  Result<> begin_following(const replication::PartitionState& state);
  /// Newer metadata of the same leader epoch, its settings, or brokers. Does not suspend.
  void learn(const replication::PartitionState& state, std::int32_t min_insync_replicas);
  /// For a leader: looks who has fallen behind.
  void tick();
  void isr_answered(std::int32_t leader_epoch, const replication::IsrAnswer& answer);
  /// Ends the role, and when this returns nothing of the partition touches its files any more: they can be put away. Suspends.
  void retire();

  // --- following (partition_follow.cc): what a fetcher does ---

  /// When this partition may be fetched from `leader`; no_deadline: not before PartitionHost::may_fetch() says so again.
  Time fetch_due(BrokerId leader) const;
  /// Whether the log is being made shorter, or begun anew, just now: its ends are then on their way to where they will be.
  bool being_cut() const { return being_cut_; }
  /// Whether it will be due when a disk has done its work.
  bool busy_following(BrokerId leader) const;
  /// Requires: fetch_due() has come.
  replication::FetchPosition fetch_position() const;
  /// Takes in an answer, or nothing if there was none. Appends, and goes on by itself: cuts, waits for the disk. Does not suspend.
  void fetched(const replication::FetchPosition& asked, const protocol::FetchResponse::Topic::Partition& answer);
  void fetch_failed(const replication::FetchPosition& asked);
  /// Whether the controller counts it as in sync, as far as this broker has learned; catching up is throttled for the others.
  bool in_sync() const { return in_sync_; }

 private:
  struct Idle {};
  struct Told {
    std::int64_t high_watermark = -1;
    std::int64_t log_start = -1;
  };
  struct Leading {
    replication::Leader rules;
    std::map<BrokerId, Told> told;  // to followers
  };
  enum class Stage : std::uint8_t {
    fetching,  // the log is durable and may be fetched for
    storing,   // records are on their way to the disk
    cutting,   // the log is being made shorter
    failed,    // the log takes nothing any more
  };
  struct Following {
    replication::Follower rules;
    BrokerId leader = replication::no_broker;
    Stage stage = Stage::fetching;
    std::int64_t stored_end = 0;        // while storing
    std::int64_t leader_watermark = 0;  // of the answer that is being stored
    std::int64_t leader_start = 0;
    Time not_before{};
    Duration last_pause{};  // since something was last stored; none: zero
  };

  // partition.cc
  void on_log_progress();
  void on_log_written();
  replication::LeaderLog leader_log() const;
  replication::FollowerLog follower_log() const;
  void take(const replication::LeaderEffects& effects);
  void wake_all();
  static void wake_watchers(const std::vector<Event*>& watchers);

  // partition_produce.cc
  Outcome<std::optional<AppendedBatch>> judge_producer(const protocol::BatchView& batch) const;
  static Refusal append_failure(const Error& error);

  // partition_read.cc
  ErrorCode check_replica(const ReplicaFetch& fetch) const;
  void note_fetch(const ReplicaFetch& fetch, replication::ReadOutcome outcome);
  Result<std::optional<OffsetAndTimestamp>> first_record_since(std::int64_t timestamp, std::int64_t end);
  Result<std::optional<OffsetAndTimestamp>> newest_record(std::int64_t end);
  template <class Visit>
  Result<> visit_records(const protocol::BatchView& batch, Visit&& visit) const;
  std::int32_t epoch_at(std::int64_t offset) const;

  // partition_follow.cc
  void store(Following& role, const protocol::FetchResponse::Topic::Partition& answer);
  void stored();
  void follow_log_start(std::int64_t start);
  void cut(std::int64_t offset, bool start_over);
  Result<> cut_log(std::int64_t offset, bool start_over, std::int32_t epoch);
  void pause(Following& role);
  void tell_may_fetch();

  // Constant after construction.
  PartitionHost& host_;
  const metadata::Uuid topic_id_;
  const PartitionId id_;
  // Volatile.
  TopicConfig config_;
  bool configured_ = false;
  std::unique_ptr<PartitionLog> log_;
  std::variant<Idle, Leading, Following> role_;
  std::int64_t high_watermark_;  // while there is no role
  std::int64_t watched_start_;   // the log start that watchers know of
  bool in_sync_ = false;
  bool failure_told_ = false;
  bool retired_ = false;
  bool trims_ = false;  // follow_log_start() is at work
  bool being_cut_ = false;
  std::vector<Event*> watchers_;
  std::vector<Event*> replica_watchers_;
  Condition progress_;  // the stable end, the watermark or a follower's log start moved, the ISR changed, or the role ended
  Mutex changing_;      // whoever changes the role, or cuts
  Mutex trimming_;      // whoever removes records or files, which takes names in the partition's directory
  TaskGroup tasks_;     // last: its fibers use all of the above
};

}  // namespace faultline
