// Reading: from memory if the batches are still there, else from the segment, verified.
#include <algorithm>

#include "broker/log/partition_log.h"
#include "broker/log/trace_points.h"

namespace faultline {

PartitionLog::SegmentPtr PartitionLog::segment_of(std::int64_t offset) const {
  const auto after =
      std::upper_bound(segments_.begin(), segments_.end(), offset,
                       [](std::int64_t wanted, const SegmentPtr& segment) { return wanted < segment->base_offset; });
  ENSURE(after != segments_.begin());
  return *std::prev(after);
}

Result<ReadResult> PartitionLog::read(std::int64_t offset, const ReadLimits& asked) {
  for (;;) {
    if (offset < log_start_ || offset > log_end_) {
      return Error(Errc::invalid_argument, "offset " + std::to_string(offset) + " is not in [" + std::to_string(log_start_) +
                                               ", " + std::to_string(log_end_) + "]");
    }
    ReadLimits limits = asked;
    limits.upper_bound = std::min(asked.upper_bound, written_end_);
    if (context_.buggify.fires("log.short_read")) limits.max_bytes = 1;
    if (offset >= limits.upper_bound) return ReadResult{{}, 0, offset};
    if (tail_.holds(offset)) return tail_.read(offset, limits);

    const SegmentPtr segment = segment_of(offset);
    const std::uint64_t generation = taken_back_.generation();
    Result<ReadResult> result = segment->read(context_.disk, patience(), offset, limits);
    // Meanwhile the end may have been cut and its offsets given to other batches, or the segment removed.
    if (generation != taken_back_.generation() || offset < log_start_) continue;
    if (result.has_value()) {
      if (const Result<> sound = check_epochs(*result); !sound) result = sound.error();
    }
    if (!result && result.error() == Errc::corrupt) {
      context_.trace.emit(trace_log_corrupt_read, {{"log", directory_}, {"offset", offset}, {"detail", result.error().detail}});
    }
    return result;
  }
}

// A batch's leader epoch lies outside its checksum, so that rot in it shows only here.
Result<> PartitionLog::check_epochs(const ReadResult& result) const {
  for (const Slice& batch : result.batches) {
    const BatchHeader header = TRY(read_batch_header(batch));
    const std::optional<std::int32_t> expected = epochs_.epoch_at(header.base_offset);
    if (expected.has_value() && *expected != header.leader_epoch) {
      return Error(Errc::corrupt, directory_ + ": leader epoch " + std::to_string(header.leader_epoch) + " at offset " +
                                      std::to_string(header.base_offset) + ", where it was " + std::to_string(*expected));
    }
  }
  return {};
}

std::uint64_t PartitionLog::bytes_between(std::int64_t offset, std::int64_t end) const {
  if (offset >= end) return 0;
  if (tail_.holds(offset)) return tail_.bytes_between(offset, end);
  const auto position = [](const Segment& segment, std::int64_t wanted) -> std::uint64_t {
    if (wanted >= segment.next_offset) return segment.written_bytes;
    const SparseIndex::Entry* entry = segment.index.at_or_before(wanted);
    return entry == nullptr ? 0 : entry->position;
  };
  std::uint64_t bytes = 0;
  for (auto segment = segments_.rbegin(); segment != segments_.rend() && (*segment)->next_offset > offset; ++segment) {
    bytes += position(**segment, end) - position(**segment, offset);
  }
  return std::max<std::uint64_t>(bytes, 1);
}

Result<std::optional<TimestampPlace>> PartitionLog::batch_below(std::int64_t batch_offset, std::int64_t upper_bound) {
  ReadResult found = TRY(read(std::max(batch_offset, log_start_), {upper_bound, 1, true}));
  if (found.batches.empty()) return std::optional<TimestampPlace>();
  return std::optional<TimestampPlace>(TimestampPlace{batch_offset, std::move(found.batches.front())});
}

Result<std::optional<TimestampPlace>> PartitionLog::find_timestamp(std::int64_t timestamp, std::int64_t upper_bound,
                                                                   std::int64_t from) {
  const std::vector<SegmentPtr> segments = segments_;  // they may change while this waits
  for (const SegmentPtr& segment : segments) {
    const std::int64_t begin = std::max(from, log_start_);
    if (segment->next_offset <= begin || segment->index.max_timestamp() < timestamp) continue;
    if (segment->base_offset >= upper_bound) break;
    const std::int64_t offset = TRY(segment->batch_at_timestamp(context_.disk, patience(), timestamp, begin));
    if (offset >= upper_bound) break;
    if (offset < segment->next_offset) return batch_below(offset, upper_bound);
  }
  return std::optional<TimestampPlace>();
}

Result<std::optional<TimestampPlace>> PartitionLog::find_max_timestamp(std::int64_t upper_bound, std::int64_t from) {
  const std::vector<SegmentPtr> segments = segments_;
  Segment::Newest newest;
  for (const SegmentPtr& segment : segments) {
    const std::int64_t begin = std::max(from, log_start_);
    if (segment->next_offset <= begin || segment->index.max_timestamp() <= newest.timestamp) continue;
    if (segment->base_offset >= upper_bound) break;
    const Segment::Newest here = TRY(segment->newest_batch(context_.disk, patience(), begin, upper_bound));
    if (here.timestamp > newest.timestamp) newest = here;
  }
  if (newest.timestamp == SparseIndex::no_timestamp) return std::optional<TimestampPlace>();
  return batch_below(newest.batch_offset, upper_bound);
}

}  // namespace faultline
