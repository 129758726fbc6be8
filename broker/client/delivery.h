// The future of a record that was handed to a producer.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "broker/client/error.h"
#include "broker/client/record.h"
#include "runtime/sync.h"

namespace faultline::client {

/// Where an acknowledged record is.
struct Acknowledgement {
  TopicPartition partition;
  std::int64_t offset = -1;        // -1 with acks=0: the broker did not say
  std::int64_t timestamp_ms = -1;  // the record's, or the broker's where the topic wants append time
  std::uint32_t attempts = 1;
  /// An earlier attempt may have been appended as well: the record may be there twice. Its copies are in `partition`.
  bool maybe_duplicated = false;
};

/// What became of a batch; shared by the producer and the Deliveries of its records, whichever live longer.
struct BatchOutcome {
  Event done;
  std::optional<ClientResult<Acknowledgement>> result;  // of the first record
  std::int64_t append_time_ms = -1;                     // -1: records keep their own timestamps
};

class Delivery {
 public:
  Delivery(std::shared_ptr<BatchOutcome> outcome, std::int32_t index, std::int64_t timestamp_ms)
      : outcome_(std::move(outcome)), index_(index), timestamp_ms_(timestamp_ms) {}

  bool done() const { return outcome_->result.has_value(); }

  /// Suspends until the record is acknowledged or given up.
  /// Errors: those of the record; of this wait: timed_out, cancelled (indefinite, the record is still on its way).
  ClientResult<Acknowledgement> wait(Time deadline = no_deadline) const {
    const std::shared_ptr<BatchOutcome> outcome = outcome_;  // this Delivery may be destroyed meanwhile
    if (Result<> waited = outcome->done.wait(deadline); !waited) return ClientError(waited.error()).indefinite_if(true);
    return result();
  }

  /// Requires: done().
  ClientResult<Acknowledgement> result() const {
    ENSURE(done());
    if (!*outcome_->result) return outcome_->result->error();
    Acknowledgement mine = **outcome_->result;
    if (mine.offset >= 0) mine.offset += index_;
    mine.timestamp_ms = outcome_->append_time_ms >= 0 ? outcome_->append_time_ms : timestamp_ms_;
    return mine;
  }

 private:
  std::shared_ptr<BatchOutcome> outcome_;
  std::int32_t index_;
  std::int64_t timestamp_ms_;
};

}  // namespace faultline::client
