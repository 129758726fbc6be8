#include "broker/client/fetched.h"

#include <algorithm>
#include <utility>

#include "broker/client/batch.h"
#include "broker/protocol/endian.h"

namespace faultline::client {
namespace {

// The key of a control record: two bytes of version, two of type.
constexpr std::size_t control_key_bytes = 4;
constexpr std::int16_t abort_marker = 0;

}  // namespace

Result<FetchedBatches> FetchedBatches::cut(const Slice& records, std::int64_t position, std::vector<Aborted> aborted) {
  FetchedBatches fetched;
  fetched.aborted_ = std::move(aborted);
  std::ranges::sort(fetched.aborted_, std::greater{}, &Aborted::first_offset);
  protocol::BatchIterator batches(records);
  for (;;) {
    Result<std::optional<protocol::BatchView>> next = batches.next();
    if (!next) {
      // What comes before it can be read; the error is told when the position has reached it.
      if (!fetched.batches_.empty()) return fetched;
      return std::move(next).error();
    }
    if (!next->has_value()) break;
    if ((*next)->next_offset() > position) fetched.batches_.push_back(**std::move(next));
  }
  if (batches.rest().size() == records.size() && !records.empty()) {
    return Error(Errc::too_large, "the answer holds no whole batch: raise max.partition.fetch.bytes");
  }
  return fetched;
}

Result<> FetchedBatches::take(const TopicPartition& partition, std::size_t records_max, std::size_t batch_bytes_max,
                              std::int64_t& position, std::vector<ConsumerRecord>& out) {
  std::size_t room = records_max;
  for (;;) {
    for (; next_ < unpacked_.size() && room > 0; ++next_, --room) {
      position = unpacked_[next_].offset + 1;
      out.push_back(std::move(unpacked_[next_]));
    }
    if (next_ < unpacked_.size()) return {};
    // The end of a batch may lie past its last record: compaction leaves gaps, control batches have nothing for the user.
    position = std::max(position, unpacked_end_);
    if (batches_.empty() || room == 0) return {};
    TRY(unpack(partition, batch_bytes_max, position));
    batches_.pop_front();
  }
}

Result<> FetchedBatches::unpack(const TopicPartition& partition, std::size_t batch_bytes_max, std::int64_t position) {
  const protocol::BatchView& batch = batches_.front();
  if (!batch.crc_matches())
    return Error(Errc::corrupt, "the checksum of the batch at offset " + std::to_string(batch.base_offset()) + " is wrong");
  unpacked_.clear();
  next_ = 0;
  if (TRY(is_for_the_user(batch))) unpacked_ = TRY(decode_batch(batch, partition, position, batch_bytes_max));
  unpacked_end_ = batch.next_offset();
  return {};
}

Result<bool> FetchedBatches::is_for_the_user(const protocol::BatchView& batch) {
  while (!aborted_.empty() && aborted_.back().first_offset <= batch.last_offset()) {
    aborting_producers_.insert(aborted_.back().producer_id);
    aborted_.pop_back();
  }
  if (!batch.is_control()) return !batch.is_transactional() || !aborting_producers_.contains(batch.producer_id());
  for (const protocol::Record& marker : TRY(protocol::read_records(batch))) {
    if (!marker.key.has_value() || marker.key->size() < control_key_bytes)
      return Error(Errc::malformed, "a control record without a type");
    const auto type = protocol::load_be<std::int16_t>(marker.key->data() + sizeof(std::int16_t));
    if (type == abort_marker) aborting_producers_.erase(batch.producer_id());
  }
  return false;
}

}  // namespace faultline::client
