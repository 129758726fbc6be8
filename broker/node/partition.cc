#include "broker/node/partition.h"

#include <algorithm>

#include "broker/protocol/produced_batch.h"
#include "broker/protocol/record.h"

namespace faultline {
namespace {

// One broker, one replica: the in-sync set is the leader.
constexpr std::int32_t in_sync_replicas = 1;

// Produce requests say with their version whether the client knows zstd (KIP-110).
constexpr protocol::Version zstd_since = 7;

constexpr std::int64_t latest_timestamp = -1;
constexpr std::int64_t earliest_timestamp = -2;
constexpr std::int64_t max_timestamp = -3;
constexpr std::int64_t earliest_local_timestamp = -4;

Refusal read_refusal(const Error& error) {
  if (error == Errc::invalid_argument) return Refusal(ErrorCode::offset_out_of_range, error.detail);
  if (error == Errc::corrupt) return Refusal(ErrorCode::corrupt_message, error.detail);
  return Refusal(ErrorCode::kafka_storage_error, to_string(error));
}

}  // namespace

LogConfig log_config_of(const TopicConfig& config, Duration disk_timeout, Exhibits exhibits) {
  LogConfig log;
  log.segment_bytes = config.segment_bytes;
  log.segment_ms = config.segment_ms;
  log.index_interval_bytes = config.index_interval_bytes;
  log.retention_ms = config.retention_ms;
  log.retention_bytes = config.retention_bytes;
  log.flush_messages = config.flush_messages;
  log.max_message_bytes = config.max_message_bytes;
  log.file_delete_delay_ms = config.file_delete_delay_ms;
  log.exhibits = exhibits;
  log.io_timeout_ms = std::chrono::ceil<std::chrono::milliseconds>(disk_timeout).count();
  return log;
}

Partition::Partition(Env& env, PartitionId id, std::int32_t leader_epoch, const TopicConfig& config,
                     std::unique_ptr<PartitionLog> log, Exhibits exhibits)
    : env_(env), id_(std::move(id)), leader_epoch_(leader_epoch), exhibits_(exhibits), config_(config), log_(std::move(log)) {
  log_->on_progress([this] { wake_watchers(); });
}

void Partition::wake_watchers() {
  for (Event* watcher : watchers_) watcher->set();
}

Outcome<> Partition::check_leader_epoch(std::int32_t leader_epoch) const {
  if (resigned_) return Refusal(ErrorCode::not_leader_or_follower);
  if (leader_epoch == -1 || leader_epoch == leader_epoch_) return {};
  return Refusal(leader_epoch < leader_epoch_ ? ErrorCode::fenced_leader_epoch : ErrorCode::unknown_leader_epoch);
}

Outcome<AppendedBatch> Partition::append(const protocol::Records& records, std::int16_t acks, protocol::Version produce_version) {
  if (resigned_) return Refusal(ErrorCode::not_leader_or_follower);
  if (acks == -1 && in_sync_replicas < config_.min_insync_replicas) {
    return Refusal(ErrorCode::not_enough_replicas,
                   "1 replica is in sync, min.insync.replicas is " + std::to_string(config_.min_insync_replicas));
  }
  const protocol::ProduceRules rules{.batch_bytes_max = static_cast<std::size_t>(config_.max_message_bytes),
                                     .zstd_allowed = produce_version >= zstd_since};
  const Result<protocol::ProducedBatch> checked = protocol::check_produced(records.joined(), rules);
  if (!checked) return Refusal(protocol::produce_error_code(checked.error().code), checked.error().detail);
  const protocol::BatchView& batch = checked->batch;
  const bool append_time = config_.message_timestamp_type == "LogAppendTime";
  if (std::optional<AppendedBatch> original = TRY(judge_producer(batch))) {
    if (!append_time) original->log_append_time_ms = -1;
    return *original;
  }

  AppendedBatch appended;
  if (append_time) {
    appended.log_append_time_ms = to_unix_ms(env_.clock.wall_now());
    batch.set_timestamps(protocol::TimestampType::log_append_time, appended.log_append_time_ms);
  } else {
    // The header's claim is not believed: lookups by time and retention rest on it.
    batch.set_timestamps(protocol::TimestampType::create_time, checked->max_timestamp);
  }
  const Result<AppendInfo> info = log_->append(batch, leader_epoch_);
  if (!info)
    return Refusal(info.error() == Errc::too_large ? ErrorCode::message_too_large : ErrorCode::kafka_storage_error,
                   info.error().detail);
  appended.base_offset = info->base_offset;
  appended.ticket = info->ticket;
  return appended;
}

// Returns: the original, if the batch is a duplicate; nothing, if it may be appended.
Outcome<std::optional<AppendedBatch>> Partition::judge_producer(const protocol::BatchView& batch) const {
  if (!batch.has_producer_id()) return std::optional<AppendedBatch>();
  if (batch.is_transactional()) return Refusal(ErrorCode::invalid_txn_state, "this broker has no transactions");
  replication::ProducerBatch claimed;
  claimed.producer_id = batch.producer_id();
  claimed.epoch = batch.producer_epoch();
  claimed.first_sequence = batch.base_sequence();
  claimed.last_sequence = batch.last_sequence();
  const replication::ProducerVerdict verdict = log_->producers().judge(claimed, exhibits_);
  if (const auto* refusal = std::get_if<replication::ProducerRefusal>(&verdict)) {
    const std::string who = "producer " + std::to_string(claimed.producer_id) + ", epoch " + std::to_string(claimed.epoch);
    if (*refusal == replication::ProducerRefusal::invalid_producer_epoch) {
      return Refusal(ErrorCode::invalid_producer_epoch, who + " has been followed by a later epoch");
    }
    return Refusal(ErrorCode::out_of_order_sequence_number,
                   who + ": sequence " + std::to_string(claimed.first_sequence) + " does not follow the last one");
  }
  const auto* duplicate = std::get_if<replication::DuplicateBatch>(&verdict);
  if (duplicate == nullptr) return std::optional<AppendedBatch>();
  AppendedBatch appended;
  appended.base_offset = duplicate->original.base_offset;
  appended.log_append_time_ms = duplicate->original.timestamp_ms;
  // The original may not be safe yet: the retry waits for what the original waits for.
  const bool early = exhibits_.on(Exhibit::duplicate_acknowledged_early);
  appended.ticket = log_->ticket_up_to(early ? log_->log_start() : duplicate->original.last_offset + 1);
  return std::optional(appended);
}

Outcome<> Partition::wait_committed(const AppendTicket& ticket, Time deadline) {
  const Result<> stable = log_->wait_stable(ticket, deadline);
  if (stable) return {};
  switch (stable.error().code) {
    case Errc::timed_out: return Refusal(ErrorCode::request_timed_out, "the records are appended but not yet on the disk");
    case Errc::closed: return Refusal(ErrorCode::not_leader_or_follower, "the partition was closed");
    default: return Refusal(ErrorCode::kafka_storage_error, to_string(stable.error()));
  }
}

Outcome<PartitionRead> Partition::read(std::int64_t offset, std::size_t max_bytes, bool at_least_one) {
  if (resigned_) return Refusal(ErrorCode::not_leader_or_follower);
  PartitionRead read;
  read.high_watermark = high_watermark();
  read.log_start_offset = log_start_offset();
  // Between the watermark and the log end there is nothing to see yet, which is not an error.
  if (offset < read.log_start_offset || offset > log_->log_end()) {
    return Refusal(ErrorCode::offset_out_of_range, "the log holds " + std::to_string(read.log_start_offset) + " to " +
                                                       std::to_string(read.high_watermark) + ", not " + std::to_string(offset));
  }
  if (offset >= read.high_watermark) return read;
  Result<ReadResult> found =
      log_->read(offset, {.upper_bound = read.high_watermark, .max_bytes = max_bytes, .min_one_batch = at_least_one});
  if (!found) return read_refusal(found.error());
  for (Slice& batch : found->batches) read.records.append(std::move(batch));
  return read;
}

Outcome<OffsetAndTimestamp> Partition::find_offset(std::int64_t timestamp) {
  if (timestamp == latest_timestamp) return OffsetAndTimestamp{high_watermark(), -1, leader_epoch_};
  if (timestamp == earliest_timestamp || timestamp == earliest_local_timestamp) {
    return OffsetAndTimestamp{log_start_offset(), -1, epoch_at(log_start_offset())};
  }
  const bool greatest = timestamp == max_timestamp;
  const Result<std::optional<TimestampPlace>> place =
      greatest ? log_->find_max_timestamp(high_watermark()) : log_->find_timestamp(timestamp, high_watermark());
  if (!place) return read_refusal(place.error());
  if (!*place) return OffsetAndTimestamp{};
  const Result<OffsetAndTimestamp> found = first_record_at((*place)->batch, greatest ? std::nullopt : std::optional(timestamp));
  if (!found) return read_refusal(found.error());
  return *found;
}

Result<OffsetAndTimestamp> Partition::first_record_at(const Slice& bytes, std::optional<std::int64_t> timestamp) const {
  const protocol::BatchView batch = TRY(protocol::BatchView::parse(bytes));
  const std::int64_t wanted = timestamp.value_or(batch.max_timestamp());
  protocol::RecordIterator records = TRY(protocol::RecordIterator::open(batch));
  for (;;) {
    const std::optional<protocol::Record> record = TRY(records.next());
    if (!record) return OffsetAndTimestamp{};
    // What retention or DeleteRecords has taken from the front of a batch is not there any more.
    if (record->timestamp >= wanted && record->offset >= log_start_offset()) {
      return OffsetAndTimestamp{record->offset, record->timestamp, batch.partition_leader_epoch()};
    }
  }
}

std::int32_t Partition::epoch_at(std::int64_t offset) const {
  std::int32_t epoch = -1;
  for (const EpochStart& start : log_->epoch_starts()) {
    if (start.start_offset <= offset) epoch = start.epoch;
  }
  return epoch;
}

Outcome<std::int64_t> Partition::delete_records_before(std::int64_t offset) {
  constexpr std::int64_t up_to_watermark = -1;
  const Result<Mutex::Guard> guard = trimming_.lock();
  if (!guard) return Refusal(guard.error());
  if (resigned_) return Refusal(ErrorCode::not_leader_or_follower);
  const std::int64_t watermark = high_watermark();
  const std::int64_t target = offset == up_to_watermark ? watermark : offset;
  if (target < 0 || target > watermark) {
    return Refusal(ErrorCode::offset_out_of_range,
                   "the watermark is " + std::to_string(watermark) + ", not " + std::to_string(offset) + " or more");
  }
  const Result<> deleted = log_->delete_records_before(target, watermark);
  if (!deleted) return read_refusal(deleted.error());
  return log_start_offset();
}

Outcome<> Partition::configure(const TopicConfig& config, Duration disk_timeout) {
  config_ = config;
  const Result<> configured = log_->configure(log_config_of(config, disk_timeout, exhibits_));
  if (!configured) return Refusal(ErrorCode::kafka_storage_error, to_string(configured.error()));
  return {};
}

Result<> Partition::tidy(Duration producer_age) {
  const Mutex::Guard guard = TRY(trimming_.lock());
  if (resigned_ || log_->fenced()) return {};
  log_->expire_producers(producer_age);
  TRY(log_->apply_retention(high_watermark()));
  return log_->write_checkpoint();
}

std::size_t Partition::readable_bytes(std::int64_t offset) const {
  if (offset >= high_watermark()) return 0;
  return static_cast<std::size_t>(log_->bytes_from(offset));
}

void Partition::resign() {
  resigned_ = true;
  wake_watchers();
}

void Partition::retire() {
  resign();
  const Result<Mutex::Guard> guard = trimming_.lock();
  if (guard) log_->abandon();
}

}  // namespace faultline
