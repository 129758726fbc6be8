// Producing: a leader appends what clients send, and tells them when it is safe.
#include <algorithm>

#include "broker/node/partition.h"
#include "broker/node/trace_points.h"
#include "broker/protocol/produced_batch.h"

namespace faultline {
namespace {

constexpr std::int16_t acks_all = -1;

// Produce requests say with their version whether the client knows zstd (KIP-110).
constexpr protocol::Version zstd_since = 7;

Refusal producer_refusal(const replication::ProducerBatch& batch, replication::ProducerRefusal why) {
  const std::string who = "producer " + std::to_string(batch.producer_id) + ", epoch " + std::to_string(batch.epoch);
  if (why == replication::ProducerRefusal::invalid_producer_epoch) {
    return Refusal(ErrorCode::invalid_producer_epoch, who + " has been followed by a later epoch");
  }
  return Refusal(ErrorCode::out_of_order_sequence_number,
                 who + ": sequence " + std::to_string(batch.first_sequence) + " does not follow the last one");
}

}  // namespace

Outcome<AppendedBatch> Partition::append(const protocol::Records& records, std::int16_t acks, protocol::Version produce_version) {
  const replication::Leader* rules = leading();
  if (rules == nullptr) return Refusal(ErrorCode::not_leader_or_follower);
  if (acks == acks_all && !rules->enough_replicas()) {
    return Refusal(ErrorCode::not_enough_replicas, std::to_string(rules->isr().committed().isr.size()) +
                                                       " in sync, min.insync.replicas is " +
                                                       std::to_string(config_.min_insync_replicas));
  }
  const protocol::ProduceRules produce_rules{.batch_bytes_max = static_cast<std::size_t>(config_.max_message_bytes),
                                             .zstd_allowed = produce_version >= zstd_since};
  const Result<protocol::ProducedBatch> checked = protocol::check_produced(records.joined(), produce_rules);
  if (!checked) return Refusal(protocol::produce_error_code(checked.error().code), checked.error().detail);
  const protocol::BatchView& batch = checked->batch;
  const bool append_time = config_.message_timestamp_type == "LogAppendTime";
  if (std::optional<AppendedBatch> original = TRY(judge_producer(batch))) {
    if (!append_time) original->log_append_time_ms = -1;
    return *original;
  }

  AppendedBatch appended;
  if (append_time) {
    appended.log_append_time_ms = to_unix_ms(host_.env.clock.wall_now());
    batch.set_timestamps(protocol::TimestampType::log_append_time, appended.log_append_time_ms);
  } else {
    // The header's claim is not believed: lookups by time and retention rest on it.
    batch.set_timestamps(protocol::TimestampType::create_time, checked->max_timestamp);
  }
  const Result<AppendInfo> info = log_->append(batch, rules->leader_epoch());
  if (!info)
    return Refusal(info.error() == Errc::too_large ? ErrorCode::message_too_large : ErrorCode::kafka_storage_error,
                   info.error().detail);
  appended.base_offset = info->base_offset;
  appended.ticket = {info->ticket, rules->leader_epoch()};
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
  const replication::ProducerVerdict verdict = log_->producers().judge(claimed, host_.exhibits);
  if (const auto* refusal = std::get_if<replication::ProducerRefusal>(&verdict)) {
    if (*refusal == replication::ProducerRefusal::out_of_order_sequence) {
      const std::string name = to_string(id_);
      host_.env.trace.emit(trace_out_of_order, {{"partition", name},
                                                {"producer", claimed.producer_id},
                                                {"epoch", claimed.epoch},
                                                {"first", claimed.first_sequence},
                                                {"last", claimed.last_sequence}});
    }
    return producer_refusal(claimed, *refusal);
  }
  const auto* duplicate = std::get_if<replication::DuplicateBatch>(&verdict);
  if (duplicate == nullptr) return std::optional<AppendedBatch>();
  AppendedBatch appended;
  appended.base_offset = duplicate->original.base_offset;
  appended.log_append_time_ms = duplicate->original.timestamp_ms;
  // The original may not be safe yet: the retry waits for what the original waits for.
  const bool early = host_.exhibits.on(Exhibit::duplicate_acknowledged_early);
  appended.ticket = {log_->ticket_up_to(early ? log_->log_start() : duplicate->original.last_offset + 1), leader_epoch()};
  return std::optional(appended);
}

Refusal Partition::append_failure(const Error& error) {
  if (error == Errc::closed) return Refusal(ErrorCode::not_leader_or_follower, "the partition is not led here any more");
  return Refusal(ErrorCode::kafka_storage_error, to_string(error));
}

Outcome<> Partition::wait_committed(const CommitTicket& ticket, std::int16_t acks, Time deadline) {
  for (;;) {
    if (const std::optional<Error> failure = log_->failure_of(ticket.append)) return append_failure(*failure);
    const replication::Leader* rules = leading();
    if (rules == nullptr || rules->leader_epoch() != ticket.leader_epoch) {
      return Refusal(ErrorCode::not_leader_or_follower, "the leader has changed: it is not known what became of the records");
    }
    const bool stable = log_->stable_end() >= ticket.append.end_offset;
    if (acks != acks_all && stable) return {};
    if (acks == acks_all) {
      const replication::Completion completion = rules->completion_of({ticket.leader_epoch, ticket.append.end_offset});
      if (completion == replication::Completion::done) return {};
      if (completion == replication::Completion::not_enough_replicas_after_append) {
        return Refusal(ErrorCode::not_enough_replicas_after_append);
      }
    }
    // Nothing more becomes durable here, and soon somebody else leads: whoever still waits for followers should look for that one now.
    if (log_->fenced()) return append_failure(log_->fence_reason());
    const Result<> woken = progress_.wait(deadline);
    if (woken) continue;
    if (woken.error() == Errc::timed_out) {
      return Refusal(ErrorCode::request_timed_out, "the records are appended, but not yet as safe as was asked for");
    }
    return Refusal(woken.error());
  }
}

}  // namespace faultline
