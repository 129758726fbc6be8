// Reading: for consumers up to the watermark, for followers up to the end of what is written.
#include <algorithm>
#include <utility>

#include "broker/node/partition.h"
#include "broker/protocol/record.h"
#include "broker/replication/read_replica.h"

namespace faultline {
namespace {

constexpr std::int64_t latest_timestamp = -1;
constexpr std::int64_t earliest_timestamp = -2;
constexpr std::int64_t max_timestamp = -3;
constexpr std::int64_t earliest_local_timestamp = -4;

ErrorCode read_error_code(const Error& error) {
  if (error == Errc::invalid_argument) return ErrorCode::offset_out_of_range;
  return error == Errc::corrupt ? ErrorCode::corrupt_message : ErrorCode::kafka_storage_error;
}

Refusal read_refusal(const Error& error) { return Refusal(read_error_code(error), to_string(error)); }

}  // namespace

std::size_t Partition::readable_bytes(std::int64_t offset, bool for_replica) const {
  const std::int64_t end = for_replica ? log_->written_end() : high_watermark();
  return offset >= end ? 0 : static_cast<std::size_t>(log_->bytes_between(offset, end));
}

Outcome<PartitionRead> Partition::read(std::int64_t offset, std::size_t max_bytes, bool at_least_one, ReadFrom from) {
  TRY(check_leader_epoch(replication::no_epoch, from));
  PartitionRead read;
  read.high_watermark = high_watermark();
  read.log_start_offset = log_start_offset();
  if (offset > log_->log_end() && !leads()) return Refusal(ErrorCode::offset_not_available, "this follower is behind");
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

// --- followers ---

ErrorCode Partition::check_replica(const ReplicaFetch& fetch) const {
  const Outcome<> epoch = check_leader_epoch(fetch.leader_epoch);
  if (!epoch) return epoch.error().code;
  return leading()->knows(fetch.follower) ? ErrorCode::none : ErrorCode::not_leader_or_follower;
}

ReplicaRead Partition::read_for_replica(const ReplicaFetch& fetch) {
  ReplicaRead answer;
  const auto stand = [&] {
    answer.high_watermark = high_watermark();
    answer.log_start_offset = log_start_offset();
  };
  stand();
  answer.error_code = check_replica(fetch);
  if (answer.error_code != ErrorCode::none) return answer;
  const replication::FetchCheck check = replication::check_fetch(fetch.follower.fetch_offset, fetch.last_fetched_epoch,
                                                                 log_->epochs(), log_->log_start(), log_->written_end());
  if (check.kind == replication::FetchCheck::Kind::out_of_range) {
    answer.error_code = ErrorCode::offset_out_of_range;
    return answer;
  }
  if (check.kind == replication::FetchCheck::Kind::diverging) {
    answer.diverging = check.diverging;
    return answer;
  }
  Result<ReadResult> found =
      log_->read(fetch.follower.fetch_offset,
                 {.upper_bound = log_->written_end(), .max_bytes = fetch.max_bytes, .min_one_batch = fetch.at_least_one});
  // The reading may have taken long.
  answer.error_code = check_replica(fetch);
  if (answer.error_code != ErrorCode::none) return answer;
  note_fetch(fetch, found ? replication::ReadOutcome::done : replication::ReadOutcome::failed);
  stand();
  if (!found) {
    answer.error_code = read_error_code(found.error());
    return answer;
  }
  if (!found->batches.empty()) log_->shared_up_to(found->next_offset);
  for (Slice& batch : found->batches) answer.records.append(std::move(batch));
  return answer;
}

void Partition::note_fetch(const ReplicaFetch& fetch, replication::ReadOutcome outcome) {
  auto& rules = std::get<Leading>(role_).rules;
  const auto log_start = [&] { return rules.followers().at(fetch.follower.replica).log_start(); };
  const std::optional<std::int64_t> before = log_start();
  take(rules.fetched(fetch.follower, outcome, leader_log(), host_.env.clock.now()));
  if (log_start() != before) progress_.notify_all();
  rules.check_invariants();
}

void Partition::note_told(BrokerId follower, std::int64_t high_watermark, std::int64_t log_start) {
  if (auto* role = std::get_if<Leading>(&role_)) role->told[follower] = {high_watermark, log_start};
}

bool Partition::owes_news(BrokerId follower) const {
  const auto* role = std::get_if<Leading>(&role_);
  if (role == nullptr) return false;
  const auto told = role->told.find(follower);
  return told == role->told.end() || told->second.high_watermark < role->rules.high_watermark() ||
         told->second.log_start < log_->log_start();
}

std::optional<BrokerId> Partition::preferred_read_replica(std::string_view rack, std::int64_t fetch_offset) const {
  const replication::Leader* rules = leading();
  if (rules == nullptr || rack.empty()) return std::nullopt;
  std::vector<replication::ReplicaView> in_sync;
  in_sync.push_back({host_.self, host_.rack_of(host_.self), log_->log_start(), log_->log_end(), host_.env.clock.now()});
  for (const BrokerId id : rules->isr().committed().isr) {
    const auto follower = rules->followers().find(id);
    if (follower == rules->followers().end() || !follower->second.log_end()) continue;
    const auto broker = host_.brokers.find(id);
    if (broker == host_.brokers.end() || broker->second.fenced || broker->second.shutting_down) continue;
    in_sync.push_back({.id = id,
                       .rack = host_.rack_of(id),
                       .log_start = follower->second.log_start().value_or(0),
                       .log_end = *follower->second.log_end(),
                       .caught_up_at = follower->second.caught_up_at().value_or(Time())});
  }
  return replication::preferred_read_replica(rack, fetch_offset, in_sync);
}

// --- by time ---

Outcome<OffsetAndTimestamp> Partition::find_offset(std::int64_t timestamp, ReadFrom from) {
  TRY(check_leader_epoch(replication::no_epoch, from));
  const replication::Leader* rules = leading();
  const bool end_known = rules == nullptr || rules->latest_offset_known();
  Refusal not_yet(ErrorCode::offset_not_available, "a new leader does not know yet what its predecessor had committed");
  if (timestamp == latest_timestamp) {
    if (!end_known) return not_yet;
    return OffsetAndTimestamp{high_watermark(), -1, leader_epoch()};
  }
  if (timestamp == earliest_timestamp || timestamp == earliest_local_timestamp) {
    return OffsetAndTimestamp{log_start_offset(), -1, epoch_at(log_start_offset())};
  }
  const Result<std::optional<OffsetAndTimestamp>> found =
      timestamp == max_timestamp ? newest_record(high_watermark()) : first_record_since(timestamp, high_watermark());
  if (!found) return read_refusal(found.error());
  if (*found) return **found;
  if (!end_known) return not_yet;
  return OffsetAndTimestamp{};
}

// Where retention or DeleteRecords has taken the front of a batch, the record that was looked for may be gone with it: the next may do.
Result<std::optional<OffsetAndTimestamp>> Partition::first_record_since(std::int64_t timestamp, std::int64_t end) {
  for (std::int64_t from = 0;;) {
    const std::optional<TimestampPlace> place = TRY(log_->find_timestamp(timestamp, end, from));
    if (!place) return std::optional<OffsetAndTimestamp>();
    const protocol::BatchView batch = TRY(protocol::BatchView::parse(place->batch));
    std::optional<OffsetAndTimestamp> found;
    TRY(visit_records(batch, [&](const OffsetAndTimestamp& record) {
      if (record.timestamp_ms >= timestamp) found = record;
      return !found;
    }));
    if (found) return found;
    from = batch.next_offset();
  }
}

Result<std::optional<OffsetAndTimestamp>> Partition::newest_record(std::int64_t end) {
  std::optional<OffsetAndTimestamp> newest;
  for (std::int64_t from = 0;;) {
    const std::optional<TimestampPlace> place = TRY(log_->find_max_timestamp(end, from));
    if (!place) return newest;
    const protocol::BatchView batch = TRY(protocol::BatchView::parse(place->batch));
    TRY(visit_records(batch, [&](const OffsetAndTimestamp& record) {
      if (!newest || record.timestamp_ms > newest->timestamp_ms) newest = record;
      return true;
    }));
    if (batch.base_offset() >= log_start_offset()) return newest;
    from = batch.next_offset();  // what is left of this one need not be the newest
  }
}

/// Calls `visit` for each record that is still there, until it returns false.
template <class Visit>
Result<> Partition::visit_records(const protocol::BatchView& batch, Visit&& visit) const {
  protocol::RecordIterator records = TRY(protocol::RecordIterator::open(batch));
  while (const std::optional<protocol::Record> record = TRY(records.next())) {
    if (record->offset < log_start_offset()) continue;
    if (!visit(OffsetAndTimestamp{record->offset, record->timestamp, batch.partition_leader_epoch()})) return {};
  }
  return {};
}

std::int32_t Partition::epoch_at(std::int64_t offset) const { return log_->epochs().epoch_at(offset).value_or(-1); }

}  // namespace faultline
