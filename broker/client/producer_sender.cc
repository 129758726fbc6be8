// The sending half of the producer: one fiber decides what goes out, one fiber per request waits for its answer.
#include <algorithm>

#include "broker/client/batch.h"
#include "broker/client/producer.h"
#include "broker/protocol/init_producer_id.h"

namespace faultline::client {
namespace {

using protocol::ErrorCode;

constexpr TracePoint retry_point{"producer.retry", TraceLevel::info};
constexpr TracePoint failed_point{"producer.failed", TraceLevel::info};

}  // namespace

void Producer::run_sender() {
  for (;;) {
    const Time next = dispatch();
    const Result<> woken = changed_.wait(next);
    if (!woken && !(woken.error() == Errc::timed_out)) return;
  }
}

/// Whether the front batch may leave now; if not, `next` is lowered to when to look again.
bool Producer::is_ready(const Queue& queue, Time now, Time& next) const {
  if (queue.in_flight || queue.batches.empty()) return false;
  const Batch& front = *queue.batches.front();
  Time ready_at = queue.not_before;
  const bool lingers = !front.sealed && front.attempts == 0 && queue.batches.size() == 1 && flushing_ == 0 && !closed_;
  if (lingers) ready_at = std::max(ready_at, after(front.created, config_.linger));
  if (ready_at <= now) return true;
  next = std::min(next, ready_at);
  return false;
}

/// Sends what is ready. Returns: when something else will be. Does not suspend, so that no notification is missed.
Time Producer::dispatch() {
  const Time now = clock_.now();
  Time next = no_deadline;
  std::map<std::int32_t, Request> open;
  const auto launch = [&](Request& request) {
    for (Queue* queue : request.queues) queue->in_flight = true;
    ++in_flight_[request.broker];
    tasks_.spawn("producer.request", [this, request = std::move(request)] { send_request(request); });
  };
  for (auto& [partition, queue] : queues_) {
    while (!queue.in_flight && !queue.batches.empty() && queue.batches.front()->expires <= now) {
      Batch& late = *queue.batches.front();
      finish_front(queue,
                   ClientError(Error(Errc::timed_out, "delivery.timeout.ms has passed")).indefinite_if(late.maybe_appended));
    }
    if (!is_ready(queue, now, next)) continue;
    next = std::min(next, queue.batches.front()->expires);
    const std::optional<Leader> leader = cluster_.known_leader(partition);
    if (!leader.has_value()) {
      if (std::exchange(queue.asking, true)) continue;
      tasks_.spawn("producer.metadata", [this, &waiting = queue] { find_leader(waiting); });
      continue;
    }
    if (config_.idempotent() && !number(queue)) continue;
    if (in_flight_[leader->broker] >= config_.requests_in_flight_max) continue;
    Request& request = open[leader->broker];
    const std::size_t bytes = queue.batches.front()->bytes;
    if (!request.queues.empty() && request.bytes + bytes > config_.request_bytes_max) {
      launch(request);
      request = {};
      if (in_flight_[leader->broker] >= config_.requests_in_flight_max) continue;
    }
    request.broker = leader->broker;
    request.queues.push_back(&queue);
    request.bytes += bytes;
  }
  for (auto& [broker, request] : open) {
    if (!request.queues.empty()) launch(request);
  }
  return next;
}

/// Suspends until the leader is known, or nothing waits for it any more.
void Producer::find_leader(Queue& queue) {
  const Time deadline = after(clock_.now(), config_.cluster.connection.request_timeout);
  ClientResult<Leader> leader = cluster_.leader(queue.partition, deadline);
  queue.asking = false;
  if (!leader && leader.error().is_cancelled()) return;
  if (!leader && !leader.error().retriable() && !queue.batches.empty()) settle(queue, std::move(leader).error());
  changed_.notify_all();
}

/// Whether the queue's next batch can be numbered; if not, a producer id is asked for.
bool Producer::number(Queue& queue) {
  if (queue.numbering.has_value()) return true;
  if (producer_id_.has_value()) {
    queue.numbering = BatchNumber{*producer_id_, 0, 0};
    return true;
  }
  if (!std::exchange(asking_producer_id_, true)) tasks_.spawn("producer.id", [this] { ask_producer_id(); });
  return false;
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
    for (auto& [partition, queue] : queues_) {
      const bool waits = !queue.in_flight && !queue.numbering.has_value();
      // Nothing of it has been sent: the error of the question is a definite one for the records.
      while (waits && !queue.batches.empty()) {
        ClientError error = id.error();
        error.definite = true;
        finish_front(queue, std::move(error));
      }
    }
  }
  changed_.notify_all();
}

/// The numbers after a batch is done with: they go on behind what is known to be there. What may or may not be there ends the epoch.
void Producer::advance(Queue& queue, const Batch& batch, const ClientResult<Acknowledgement>& result) {
  if (!queue.numbering.has_value() || !batch.encoded.has_value()) return;
  BatchNumber& numbering = *queue.numbering;
  if (result) {
    const std::int32_t last = protocol::BatchView::parse(*batch.encoded)->last_sequence();
    numbering.base_sequence = last == INT32_MAX ? 0 : last + 1;
    return;
  }
  const bool fenced = result.error().code == ErrorCode::invalid_producer_epoch;
  if (result.error().definite && !fenced) return;  // not there: its numbers are the next batch's
  begin_epoch(queue);
}

void Producer::begin_epoch(Queue& queue) {
  BatchNumber& numbering = *queue.numbering;
  if (numbering.producer_epoch == INT16_MAX) {
    queue.numbering.reset();
    producer_id_.reset();
    return;
  }
  ++numbering.producer_epoch;
  numbering.base_sequence = 0;
}

/// Numbers follow each other here, so a broker that misses some has lost what had them, or has forgotten this producer. An epoch of its own
/// lets the batch begin anew (KIP-360: Kafka's own client does the same). A broker that had this very batch would have known it again, and one
/// that was deposed before it came is not asked: the metadata of an older leader epoch are not believed.
bool Producer::renumber(Queue& queue, const ClientError& error) {
  const bool lost = error.code == ErrorCode::out_of_order_sequence_number || error.code == ErrorCode::unknown_producer_id;
  if (!lost || !queue.numbering.has_value()) return false;
  begin_epoch(queue);
  queue.batches.front()->encoded.reset();
  return true;
}

protocol::ProduceRequest Producer::encode(const Request& request) {
  protocol::ProduceRequest message;
  message.acks = config_.acks;
  message.timeout_ms = static_cast<std::int32_t>(std::min<std::int64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(config_.cluster.connection.request_timeout).count(), INT32_MAX));
  // Queues are in the order of their partitions: those of one topic are neighbours.
  for (Queue* queue : request.queues) {
    if (!queue->in_flight) continue;  // given up before this fiber ran
    Batch& batch = *queue->batches.front();
    batch.sealed = true;
    if (!batch.encoded.has_value()) {
      Result<Slice> encoded = encode_batch(batch.records, config_.compression, queue->numbering.value_or(BatchNumber()));
      if (!encoded) {
        settle(*queue, std::move(encoded).error());
        continue;
      }
      batch.encoded = *std::move(encoded);
    }
    ++batch.attempts;
    if (message.topic_data.empty() || message.topic_data.back().name != queue->partition.topic) {
      message.topic_data.push_back({queue->partition.topic, {}});
    }
    message.topic_data.back().partition_data.push_back({queue->partition.partition, *batch.encoded});
  }
  return message;
}

/// Suspends until the request is settled.
void Producer::send_request(const Request& request) {
  const protocol::ProduceRequest message = encode(request);
  Time deadline{};
  for (const Queue* queue : request.queues) {
    if (queue->in_flight) deadline = std::max(deadline, queue->batches.front()->expires);
  }
  std::optional<ClientError> error;
  std::optional<protocol::ProduceResponse> answer;
  if (message.topic_data.empty()) {
    // Nothing could be encoded, and all of it is settled.
  } else if (config_.acks == 0) {
    ClientResult<> sent = cluster_.send_only(request.broker, message, {.deadline = deadline});
    if (!sent) error = std::move(sent).error();
  } else {
    ClientResult<protocol::ProduceResponse> answered = cluster_.call(request.broker, message, {.deadline = deadline});
    if (answered) {
      answer = *std::move(answered);
    } else {
      error = std::move(answered).error();
    }
  }
  if (answer.has_value()) settle(request, *answer);
  for (Queue* queue : request.queues) {
    if (!queue->in_flight) continue;
    if (error.has_value()) {
      settle(*queue, *error);
    } else if (config_.acks == 0) {
      acknowledge(*queue, -1, -1);
    } else {
      settle(*queue,
             ClientError(Error(Errc::malformed, "the answer leaves out " + to_string(queue->partition))).indefinite_if(true));
    }
  }
  --in_flight_[request.broker];
  changed_.notify_all();
}

void Producer::settle(const Request& request, const protocol::ProduceResponse& answer) {
  for (const auto& topic : answer.responses) {
    for (const auto& said : topic.partition_responses) {
      const auto found = std::ranges::find_if(request.queues, [&](const Queue* queue) {
        return queue->in_flight && queue->partition.partition == said.index && queue->partition.topic == topic.name;
      });
      if (found == request.queues.end()) continue;
      // A duplicate that the broker remembers without its offset (older brokers) is as good as appended.
      if (said.error_code == ErrorCode::none || said.error_code == ErrorCode::duplicate_sequence_number) {
        acknowledge(**found, said.base_offset, said.log_append_time_ms);
        continue;
      }
      std::string detail = to_string((*found)->partition);
      if (said.error_message.has_value()) detail += ": " + *said.error_message;
      settle(**found, ClientError(said.error_code, std::move(detail)).indefinite_if(append_may_have_happened(said.error_code)));
    }
  }
}

/// An attempt with the front batch failed: it goes again, later, or is given up.
void Producer::settle(Queue& queue, ClientError error) {
  Batch& batch = *queue.batches.front();
  queue.in_flight = false;
  if (!error.definite) {
    batch.maybe_appended = true;
  } else if (error.is_transport() && batch.attempts > 0) {
    --batch.attempts;  // no byte was written: that was no attempt
  }
  if (error.wants_metadata()) cluster_.mark_stale(queue.partition.topic);
  const Time again = after(clock_.now(), cluster_.retry_delay(batch.attempts));
  const bool retriable = renumber(queue, error) || error.retriable();
  const bool gives_up = !retriable || batch.attempts > config_.retries || again >= batch.expires;
  trace_.emit(gives_up ? failed_point : retry_point,
              {{"partition", to_string(queue.partition)}, {"attempts", batch.attempts}, {"error", to_string(error)}});
  if (gives_up) return finish_front(queue, std::move(error).indefinite_if(batch.maybe_appended));
  queue.not_before = again;
  changed_.notify_all();
}

void Producer::acknowledge(Queue& queue, std::int64_t base_offset, std::int64_t append_time_ms) {
  Batch& batch = *queue.batches.front();
  queue.in_flight = false;
  batch.outcome->append_time_ms = append_time_ms;
  finish_front(queue, Acknowledgement{queue.partition, base_offset, append_time_ms, batch.attempts,
                                      batch.maybe_appended && !queue.numbering.has_value()});
}

void Producer::finish_front(Queue& queue, ClientResult<Acknowledgement> result) {
  Batch& batch = *queue.batches.front();
  advance(queue, batch, result);
  batch.outcome->result = std::move(result);
  batch.outcome->done.set();
  room_.release(batch.bytes);
  queue.batches.pop_front();
  queue.not_before = {};
  changed_.notify_all();
}

void Producer::fail_everything(const Error& error) {
  tasks_.cancel();
  for (auto& [partition, queue] : queues_) {
    bool was_in_flight = std::exchange(queue.in_flight, false);
    while (!queue.batches.empty()) {
      Batch& batch = *queue.batches.front();
      // A batch whose answer is still awaited may have been appended, or may yet be.
      finish_front(queue, ClientError(error).indefinite_if(batch.maybe_appended || (was_in_flight && batch.attempts > 0)));
      was_in_flight = false;
    }
  }
}

}  // namespace faultline::client
