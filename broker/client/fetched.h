// What was fetched from one partition and not yet handed out. Batches are checked and unpacked one at a time, when their turn comes,
// so that a large answer does not become a much larger heap of records.
//
// read_committed: the broker lists the transactions in the answer that were aborted, by producer and first offset. Their batches
// are left out until the producer's abort marker ends them; several transactions of one producer follow one another (KIP-98).
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <set>
#include <vector>

#include "broker/client/record.h"
#include "broker/protocol/fetch.h"
#include "broker/protocol/record_batch.h"

namespace faultline::client {

class FetchedBatches {
 public:
  using Aborted = protocol::FetchResponse::Topic::Partition::AbortedTransaction;

  FetchedBatches() = default;
  /// Cuts `records` into batches; `position` is the next offset that the user has not seen.
  /// Errors: malformed, unsupported: some batch cannot be told from the next.
  static Result<FetchedBatches> cut(const Slice& records, std::int64_t position, std::vector<Aborted> aborted);

  bool empty() const { return next_ == unpacked_.size() && batches_.empty(); }

  /// Moves at most `records_max` records to `out` and `position` past them, and past whatever is not for the user.
  /// Errors: of the first batch that is not what it should be: as decode_batch. What came before it has been moved.
  Result<> take(const TopicPartition& partition, std::size_t records_max, std::size_t batch_bytes_max, std::int64_t& position,
                std::vector<ConsumerRecord>& out);

 private:
  Result<> unpack(const TopicPartition& partition, std::size_t batch_bytes_max, std::int64_t position);
  Result<bool> is_for_the_user(const protocol::BatchView& batch);

  std::deque<protocol::BatchView> batches_;
  std::vector<ConsumerRecord> unpacked_;  // of the batch that was in front
  std::size_t next_ = 0;                  // in unpacked_
  std::int64_t unpacked_end_ = -1;        // the offset after that batch
  std::vector<Aborted> aborted_;          // by first offset, descending; those that began are taken from the back
  std::set<std::int64_t> aborting_producers_;
};

}  // namespace faultline::client
