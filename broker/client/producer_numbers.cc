// How an idempotent producer numbers its batches: a batch gets its number when it is first sent and keeps it under all retries, so that
// brokers know it again (KIP-98). What breaks the row of numbers is answered with a new epoch (KIP-360).
#include "base/sequence.h"
#include "broker/client/producer.h"
#include "broker/protocol/init_producer_id.h"

namespace faultline::client {

using protocol::ErrorCode;

/// Whether the queue's next batch can be numbered; if not, a producer id is asked for.
bool Producer::can_number(Queue& queue) {
  if (queue.numbering.has_value()) return true;
  if (producer_id_.has_value()) {
    queue.numbering = BatchNumber{*producer_id_, 0, 0};
    return true;
  }
  if (!std::exchange(asking_producer_id_, true)) tasks_.spawn("producer.id", [this] { ask_producer_id(); });
  return false;
}

/// Gives the batch the next number, unless it has one that may be in a log.
void Producer::number(Queue& queue, Batch& batch) const {
  if (batch.number.has_value() && (batch.maybe_appended || batch.number->same_epoch(*queue.numbering))) return;
  batch.number = *queue.numbering;
  batch.place = queue.numbered++;
  batch.encoded.reset();
  queue.numbering->base_sequence = sequence_after(queue.numbering->base_sequence, batch.records.size());
}

/// Suspends until there is an id, or it is certain that there will be none: what waits for one is given up then.
void Producer::ask_producer_id() {
  protocol::InitProducerIdRequest request;
  request.transaction_timeout_ms = INT32_MAX;  // there is no transaction
  const Time deadline = after(clock_.now(), config_.delivery_timeout);
  const auto attempt = [&]() -> ClientResult<std::int64_t> {
    const protocol::InitProducerIdResponse answer = TRY(cluster_.call_any(request, {.deadline = deadline}));
    if (answer.error_code != ErrorCode::none) return ClientError(answer.error_code, "InitProducerId");
    return answer.producer_id;
  };
  const ClientResult<std::int64_t> id = cluster_.retrying(deadline, attempt);
  asking_producer_id_ = false;
  if (id) {
    producer_id_ = *id;
  } else if (id.error().is_cancelled()) {
    return;
  } else {
    // Nothing of a batch without a number has been sent: the error of the question is a definite one for its records.
    ClientError error = id.error();
    error.definite = true;
    for (auto& [partition, queue] : queues_) {
      if (queue.numbering.has_value()) continue;
      const std::deque<std::shared_ptr<Batch>> waiting = queue.batches;
      for (const auto& batch : waiting) {
        if (!batch->number.has_value()) finish(queue, *batch, error);
      }
    }
  }
  changed_.notify_all();
}

/// Whether a batch may be sent again after `error`. Numbers follow each other, so a broker that misses what came before a batch
///   - has not taken that either, and both go again, in order, if there is something before it still;
///   - else it has lost that, or has forgotten this producer. Under an epoch of its own the batch begins anew, if it is certainly not there.
///     If it may be, the broker may be a leader that was deposed, and the next one would take the batch for another: it goes again as it is, to
///     whoever leads then, for as long as one request may take, and then nobody knows what became of it. (Kafka's own client begins anew with
///     that one too, and may write it twice.)
bool Producer::goes_again(Queue& queue, Batch& batch, const ClientError& error) {
  const bool gap = error.code == ErrorCode::out_of_order_sequence_number || error.code == ErrorCode::unknown_producer_id;
  const bool fenced = error.code == ErrorCode::invalid_producer_epoch;
  if (!batch.number.has_value() || !(gap || fenced)) return error.retriable();
  // Its epoch was ended here, while it was on its way.
  const bool outdated = !queue.numbering.has_value() || !batch.number->same_epoch(*queue.numbering);
  if (outdated && !batch.maybe_appended) return true;
  if (fenced) return false;
  if (&batch != queue.batches.front().get()) return true;
  if (batch.maybe_appended) {
    cluster_.mark_stale(queue.partition.topic);
    if (!batch.gap_patience) batch.gap_patience = after(clock_.now(), config_.cluster.connection.request_timeout);
    return clock_.now() < *batch.gap_patience;
  }
  begin_epoch(queue);
  return true;
}

/// A batch has failed for good. If it is certainly not there, and none behind it was numbered, its numbers are the next batch's; else the
/// row is broken.
void Producer::numbers_left_over(Queue& queue, const Batch& batch, const ClientError& error) {
  if (!batch.number.has_value() || !queue.numbering.has_value() || !batch.number->same_epoch(*queue.numbering)) return;
  const bool fenced = error.code == ErrorCode::invalid_producer_epoch;
  const bool was_last = batch.place + 1 == queue.numbered;
  if (error.definite && !fenced && was_last) {
    queue.numbering->base_sequence = batch.number->base_sequence;
  } else {
    begin_epoch(queue);
  }
}

void Producer::begin_epoch(Queue& queue) {
  BatchNumber& numbering = *queue.numbering;
  queue.known_by.reset();
  if (numbering.producer_epoch == INT16_MAX) {
    queue.numbering.reset();
    producer_id_.reset();
    return;
  }
  ++numbering.producer_epoch;
  numbering.base_sequence = 0;
}

}  // namespace faultline::client
