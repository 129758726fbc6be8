// Partition: the leader's view of one partition, on top of its log. All that handlers know of a partition goes through here, and
// all rules that will change when there are replicas (watermark, in-sync set, epochs) are here and nowhere else.
//
// With one broker the in-sync set is this broker, so the high watermark is the leader's own share: the durable end of the log,
// or its plain end where the topic chose the page cache (flush.messages > 1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "broker/log/partition_log.h"
#include "broker/node/data_directory.h"
#include "broker/node/topic_config.h"
#include "broker/protocol/outcome.h"
#include "broker/protocol/records.h"
#include "broker/protocol/schema.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

struct AppendedBatch {
  std::int64_t base_offset = 0;
  std::int64_t log_append_time_ms = -1;  // -1 unless the broker stamps records
  AppendTicket ticket;                   // of the original, if the batch had been appended before
};

struct PartitionRead {
  std::int64_t high_watermark = -1;
  std::int64_t log_start_offset = -1;
  protocol::Records records;
};

struct OffsetAndTimestamp {
  std::int64_t offset = -1;
  std::int64_t timestamp_ms = -1;
  std::int32_t leader_epoch = -1;
};

/// The topic's settings as its logs see them.
LogConfig log_config_of(const TopicConfig& config, Duration disk_timeout, Exhibits exhibits);

class Partition {
 public:
  Partition(Env& env, PartitionId id, std::int32_t leader_epoch, const TopicConfig& config, std::unique_ptr<PartitionLog> log,
            Exhibits exhibits = {});

  const PartitionId& id() const { return id_; }
  std::int32_t leader_epoch() const { return leader_epoch_; }
  std::int64_t log_start_offset() const { return log_->log_start(); }
  std::int64_t high_watermark() const { return log_->stable_end(); }
  std::int64_t log_end_offset() const { return log_->log_end(); }
  /// Bytes that a read at `offset` would find; near enough for a fetch that waits for many.
  std::size_t readable_bytes(std::int64_t offset) const;
  PartitionLog& log() { return *log_; }

  /// Whether a client that believes in `leader_epoch` is up to date; -1 asks nothing (KIP-320).
  /// Errors: FENCED_LEADER_EPOCH (its epoch is older than ours), UNKNOWN_LEADER_EPOCH (newer).
  Outcome<> check_leader_epoch(std::int32_t leader_epoch) const;

  /// Checks, stamps and appends the one batch that a produce request holds for a partition. Does not suspend. A batch that an
  /// idempotent producer has sent before is not appended again: the answer is the original's.
  /// Errors: CORRUPT_MESSAGE, INVALID_RECORD, MESSAGE_TOO_LARGE, UNSUPPORTED_COMPRESSION_TYPE, NOT_ENOUGH_REPLICAS (acks is -1 and
  /// the in-sync set is too small), NOT_LEADER_OR_FOLLOWER, KAFKA_STORAGE_ERROR, OUT_OF_ORDER_SEQUENCE_NUMBER,
  /// INVALID_PRODUCER_EPOCH, INVALID_TXN_STATE. Nothing was appended then.
  Outcome<AppendedBatch> append(const protocol::Records& records, std::int16_t acks, protocol::Version produce_version);

  /// Suspends until the high watermark has passed the append.
  /// Errors: KAFKA_STORAGE_ERROR (the disk failed, or was full), REQUEST_TIMED_OUT, NOT_LEADER_OR_FOLLOWER (the partition went).
  Outcome<> wait_committed(const AppendTicket& ticket, Time deadline);

  /// Whole batches from the one that holds `offset`, below the watermark, at most `max_bytes` unless `at_least_one`.
  /// Errors: OFFSET_OUT_OF_RANGE, CORRUPT_MESSAGE (the disk lies; nothing of the bad batch is served), KAFKA_STORAGE_ERROR.
  Outcome<PartitionRead> read(std::int64_t offset, std::size_t max_bytes, bool at_least_one);

  /// -1 latest, -2 earliest, -3 the greatest timestamp, -4 local earliest, else the first record at or after that time.
  /// Errors: KAFKA_STORAGE_ERROR, CORRUPT_MESSAGE.
  Outcome<OffsetAndTimestamp> find_offset(std::int64_t timestamp);

  /// The largest epoch known that is not above `leader_epoch`, and where it ends; (-1, -1) if there is none (KIP-101, KIP-279).
  EpochEnd end_of_epoch(std::int32_t leader_epoch) const { return log_->end_offset_for_epoch(leader_epoch); }

  /// Makes everything below `offset` unreadable, for ever; -1 means the watermark. Returns the new start, which is durable.
  /// Errors: OFFSET_OUT_OF_RANGE (beyond the watermark), KAFKA_STORAGE_ERROR.
  Outcome<std::int64_t> delete_records_before(std::int64_t offset);

  /// Changes the settings. Suspends if the topic leaves the page cache behind: what was acknowledged from it is synced first.
  Outcome<> configure(const TopicConfig& config, Duration disk_timeout);

  /// Applies retention, forgets producers that have been idle for `producer_age` and notes on the disk how far the log is durable.
  /// Suspends. Errors: as the disk.
  Result<> tidy(Duration producer_age);

  /// `event` is set whenever there may be more to read, until forgotten.
  void watch(Event& event) { watchers_.push_back(&event); }
  void forget(Event& event) { std::erase(watchers_, &event); }

  /// No more appends; waiters get NOT_LEADER_OR_FOLLOWER. The partition is being deleted or the broker stops.
  void resign();
  bool resigned() const { return resigned_; }
  /// resign(), and when this returns nothing of the partition touches its files any more: they can be put away. Suspends.
  void retire();

 private:
  void wake_watchers();
  Outcome<std::optional<AppendedBatch>> judge_producer(const protocol::BatchView& batch) const;
  Result<OffsetAndTimestamp> first_record_at(const Slice& batch, std::optional<std::int64_t> timestamp) const;
  std::int32_t epoch_at(std::int64_t offset) const;

  // Constant after construction.
  Env& env_;
  const PartitionId id_;
  const std::int32_t leader_epoch_;
  const Exhibits exhibits_;
  // Volatile.
  TopicConfig config_;
  std::unique_ptr<PartitionLog> log_;
  std::vector<Event*> watchers_;
  bool resigned_ = false;
  Mutex trimming_;  // whoever removes records or files, which takes names in the partition's directory
};

}  // namespace faultline
