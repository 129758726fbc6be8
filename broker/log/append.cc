// Appending: a decision that does not wait. Offsets are given, the batch goes into the tail cache and the queue of the writer.
#include <limits>

#include "broker/log/partition_log.h"
#include "broker/log/trace_points.h"

namespace faultline {

Result<AppendInfo> PartitionLog::append(const protocol::BatchView& batch, std::int32_t leader_epoch) {
  if (config_.exhibits.on(Exhibit::kafka_6683)) note_producer_early(batch);
  TRY(check_open());
  if (cut_to_.has_value()) return *no_room_;
  if (batch.size() > static_cast<std::size_t>(config_.max_message_bytes)) {
    return Error(Errc::too_large, "batch of " + std::to_string(batch.size()) + " bytes");
  }
  ENSURE(leader_epoch >= epochs_.latest().value_or(0));
  batch.stamp(log_end_, leader_epoch);
  const Result<BatchHeader> header = read_batch_header(batch);
  if (!header) return Error(Errc::malformed, header.error().detail);
  enqueue(*header, batch.bytes());
  start_writer();
  return AppendInfo{header->base_offset, header->last_offset(), {log_end_, taken_back_.generation()}};
}

// The mistake: what is refused below is remembered as appended, and a retry of it will be answered as a duplicate.
void PartitionLog::note_producer_early(const protocol::BatchView& batch) {
  batch.stamp(log_end_, batch.partition_leader_epoch());
  const Result<BatchHeader> header = read_batch_header(batch);
  if (header.has_value() && header->has_producer()) producers_.appended(header->producer(), context_.clock.now());
}

Result<AppendInfo> PartitionLog::append_as_follower(const Slice& batches) {
  TRY(check_open());
  if (cut_to_.has_value()) return *no_room_;
  std::vector<std::pair<BatchHeader, Slice>> parts;
  std::int64_t expected = first_offset_of(batches);
  // An epoch that this log entered as a leader and wrote nothing in is not a part of what it follows now.
  epochs_.truncate_from(log_end_);
  std::int32_t epoch = epochs_.latest().value_or(0);
  for (std::size_t at = 0; at < batches.size();) {
    const Result<BatchHeader> header = read_batch_header(batches.bytes().subspan(at));
    if (!header) return Error(Errc::malformed, header.error().detail);
    if (header->bytes > batches.size() - at) return Error(Errc::malformed, "a batch is cut off");
    if (header->base_offset != expected) return Error(Errc::malformed, "offsets do not go on at the log's end");
    if (header->leader_epoch < epoch) return Error(Errc::malformed, "leader epochs fall");
    parts.emplace_back(*header, batches.part(at, header->bytes));
    if (!batch_checksum_matches(parts.back().second)) return Error(Errc::corrupt, "wrong checksum");
    expected = header->next_offset();
    epoch = header->leader_epoch;
    at += header->bytes;
  }
  if (parts.empty()) return Error(Errc::malformed, "no batch");
  const std::int64_t base_offset = parts.front().first.base_offset;
  if (base_offset < log_end_ && segments_.front()->base_offset != base_offset) begin_inside(base_offset);
  for (auto& [header, batch] : parts) enqueue(header, std::move(batch));
  start_writer();
  return AppendInfo{base_offset, log_end_ - 1, {log_end_, taken_back_.generation()}};
}

// An empty log may start in the middle of a batch, where its leader has deleted what is in front: it gets that whole batch.
std::int64_t PartitionLog::first_offset_of(const Slice& batches) const {
  const Result<BatchHeader> first = read_batch_header(batches.bytes());
  const Segment& segment = *segments_.front();
  const bool empty = log_end_ == log_start_ && segments_.size() == 1 && segment.assigned_bytes == 0;
  if (!first || !empty || first->base_offset >= log_start_ || first->next_offset() <= log_start_) return log_end_;
  const bool may_be_renamed = !segment.is_open() && !segment.name_durable;
  return may_be_renamed || segment.base_offset == first->base_offset ? first->base_offset : log_end_;
}

void PartitionLog::begin_inside(std::int64_t base_offset) {
  const auto interval = static_cast<std::uint64_t>(config_.index_interval_bytes);
  segments_ = {std::make_shared<Segment>(directory_, base_offset, interval, context_.clock.now())};
}

void PartitionLog::enqueue(const BatchHeader& header, Slice batch) {
  if (must_roll(header)) add_segment(header.base_offset);
  const SegmentPtr& segment = segments_.back();
  segment->last_append = context_.clock.now();
  if (segment->assigned_bytes == 0) segment->first_append = segment->last_append;
  segment->assigned_bytes += header.bytes;
  epochs_.assign(header.leader_epoch, header.base_offset);
  tail_.add(header.base_offset, header.next_offset(), batch);
  log_end_ = header.next_offset();
  if (header.has_producer()) producers_.appended(header.producer(), segment->last_append);
  queue_.push_back({segment, header, std::move(batch)});
}

bool PartitionLog::must_roll(const BatchHeader& header) const {
  const Segment& active = *segments_.back();
  if (active.assigned_bytes == 0) return false;
  if (active.assigned_bytes + header.bytes > static_cast<std::uint64_t>(config_.segment_bytes)) return true;
  // Offsets inside a segment are 32-bit in Kafka's index files.
  if (header.last_offset() - active.base_offset > std::numeric_limits<std::int32_t>::max()) return true;
  if (context_.clock.now() - active.first_append >= std::chrono::milliseconds(config_.segment_ms)) return true;
  return context_.buggify.fires("log.tiny_segment");
}

void PartitionLog::add_segment(std::int64_t base_offset) {
  const auto interval = static_cast<std::uint64_t>(config_.index_interval_bytes);
  Segment& previous = *segments_.back();
  if (previous.synced_bytes == previous.assigned_bytes) previous.seal();  // otherwise the flusher does it
  segments_.push_back(std::make_shared<Segment>(directory_, base_offset, interval, context_.clock.now()));
  context_.trace.emit(trace_log_rolled, {{"log", directory_}, {"base_offset", base_offset}});
}

}  // namespace faultline
