// The sending half of the producer: one fiber decides what goes out, one fiber per request waits for its answer.
#include <algorithm>

#include "broker/client/batch.h"
#include "broker/client/producer.h"

namespace faultline::client {
namespace {

using protocol::ErrorCode;

constexpr TracePoint retry_point{"producer.retry", TraceLevel::info};
constexpr TracePoint failed_point{"producer.failed", TraceLevel::info};

// So many of a producer's last batches a broker knows again (KIP-98). One that comes again is known as long as no more than these were
// numbered from it on.
constexpr std::uint64_t batches_known_again = 5;

}  // namespace

void Producer::run_sender() {
  for (;;) {
    const Time next = dispatch();
    const Result<> woken = changed_.wait(next);
    if (!woken && !(woken.error() == Errc::timed_out)) return;
  }
}

/// Sends what is ready. Returns: when something else will be. Does not suspend, so that no notification is missed.
Time Producer::dispatch() {
  const Time now = clock_.now();
  Time next = no_deadline;
  for (auto& [partition, queue] : queues_) {
    while (!queue.batches.empty() && !queue.batches.front()->in_flight && queue.batches.front()->expires <= now) {
      Batch& late = *queue.batches.front();
      finish(queue, late,
             ClientError(Error(Errc::timed_out, "delivery.timeout.ms has passed")).indefinite_if(late.maybe_appended));
    }
  }
  // What others wait behind goes first, so that a few partitions with much to send do not keep the rest from a busy broker.
  for (const Sends which : {Sends::first, Sends::following}) {
    while (send_some(which, now, next)) {
    }
  }
  return next;
}

/// Sends one batch of each partition that has one ready. Returns: whether there was any.
bool Producer::send_some(Sends which, Time now, Time& next) {
  bool any = false;
  std::map<std::int32_t, Request> open;
  for (auto& [partition, queue] : queues_) {
    std::shared_ptr<Batch> batch = next_batch(queue, now, next);
    if (batch == nullptr || (batch == queue.batches.front()) != (which == Sends::first)) continue;
    const std::optional<Leader> leader = cluster_.known_leader(partition);
    if (!leader.has_value()) {
      if (std::exchange(queue.asking, true)) continue;
      tasks_.spawn("producer.metadata", [this, &waiting = queue] { find_leader(waiting); });
      continue;
    }
    if (which == Sends::following && !may_follow(queue, *batch, *leader)) continue;
    if (config_.idempotent() && !can_number(queue)) continue;
    if (in_flight_[leader->broker] >= config_.requests_in_flight_max) continue;
    Request& request = open[leader->broker];
    if (!request.batches.empty() && request.bytes + batch->bytes > config_.request_bytes_max) {
      launch(std::exchange(request, {}));
      if (in_flight_[leader->broker] >= config_.requests_in_flight_max) continue;
    }
    if (config_.idempotent()) number(queue, *batch);
    batch->sealed = true;
    batch->in_flight = true;
    batch->sent_to = *leader;
    request.broker = leader->broker;
    request.bytes += batch->bytes;
    request.batches.push_back({&queue, std::move(batch)});
    any = true;
  }
  for (auto& [broker, request] : open) {
    if (!request.batches.empty()) launch(std::move(request));
  }
  return any;
}

/// The first batch that is not on its way, if its time has come; if not, `next` is lowered to when to look again. One that could still grow
/// does so while others are on their way before it, so that batches are as large as the load is high.
std::shared_ptr<Producer::Batch> Producer::next_batch(const Queue& queue, Time now, Time& next) const {
  const auto found = std::ranges::find_if(queue.batches, [](const auto& batch) { return !batch->in_flight; });
  if (found == queue.batches.end()) return nullptr;
  const Batch& batch = **found;
  Time ready_at = batch.not_before;
  const bool is_first = found == queue.batches.begin();
  const bool grows = !batch.sealed && flushing_ == 0 && !closed_;
  if (grows && !is_first) return nullptr;
  if (grows) ready_at = std::max(ready_at, after(batch.created, config_.linger));
  if (ready_at > now) {
    next = std::min(next, ready_at);
    return nullptr;
  }
  if (is_first) next = std::min(next, batch.expires);  // others are looked at when those before them are settled
  return *found;
}

/// Whether `batch` may leave while all before it are on their way. The brokers see to the order by the numbers, but one that knows nothing of a
/// producer takes any number of it: until a leader has acknowledged a batch of the epoch, one goes alone. What has been numbered before may
/// have others behind it, and goes alone as well.
bool Producer::may_follow(const Queue& queue, const Batch& batch, const Leader& leader) const {
  if (!config_.idempotent() || !queue.numbering.has_value() || batch.number.has_value()) return false;
  const Batch& oldest = *queue.batches.front();
  if (queue.known_by != leader || queue.numbered - oldest.place >= batches_known_again) return false;
  return std::ranges::all_of(queue.batches, [&](const auto& other) {
    return !other->in_flight || (other->number->same_epoch(*queue.numbering) && other->sent_to == leader);
  });
}

/// Suspends until the leader is known, or nothing waits for it any more.
void Producer::find_leader(Queue& queue) {
  const Time deadline = after(clock_.now(), config_.cluster.connection.request_timeout);
  ClientResult<Leader> leader = cluster_.leader(queue.partition, deadline);
  queue.asking = false;
  if (!leader && leader.error().is_cancelled()) return;
  const bool for_good = !leader && !leader.error().retriable();
  const bool on_its_way = !queue.batches.empty() && queue.batches.front()->in_flight;
  if (for_good && on_its_way) return;  // the rest is looked at when that is settled
  if (for_good && !queue.batches.empty()) settle(queue, *queue.batches.front(), std::move(leader).error());
  changed_.notify_all();
}

void Producer::launch(Request request) {
  ++in_flight_[request.broker];
  tasks_.spawn("producer.request", [this, request = std::move(request)] { send_request(request); });
}

protocol::ProduceRequest Producer::encode(const Request& request) {
  protocol::ProduceRequest message;
  message.acks = config_.acks;
  message.timeout_ms = static_cast<std::int32_t>(std::min<std::int64_t>(
      std::chrono::ceil<std::chrono::milliseconds>(config_.cluster.connection.request_timeout).count(), INT32_MAX));
  // In the order of their partitions: those of one topic are neighbours.
  for (const auto& [queue, batch] : request.batches) {
    if (!batch->in_flight) continue;  // given up before this fiber ran
    if (!batch->encoded.has_value()) {
      Result<Slice> encoded = encode_batch(batch->records, config_.compression, batch->number.value_or(BatchNumber()));
      if (!encoded) {
        settle(*queue, *batch, std::move(encoded).error());
        continue;
      }
      batch->encoded = *std::move(encoded);
    }
    ++batch->attempts;
    if (message.topic_data.empty() || message.topic_data.back().name != queue->partition.topic) {
      message.topic_data.push_back({queue->partition.topic, {}});
    }
    message.topic_data.back().partition_data.push_back({queue->partition.partition, *batch->encoded});
  }
  return message;
}

/// Suspends until the request is settled.
void Producer::send_request(const Request& request) {
  const protocol::ProduceRequest message = encode(request);
  Time deadline{};
  for (const auto& [queue, batch] : request.batches) {
    if (batch->in_flight) deadline = std::max(deadline, batch->expires);
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
  for (const auto& [queue, batch] : request.batches) {
    if (!batch->in_flight) continue;
    if (error.has_value()) {
      settle(*queue, *batch, *error);
    } else if (config_.acks == 0) {
      acknowledge(*queue, *batch, -1, -1);
    } else {
      settle(*queue, *batch,
             ClientError(Error(Errc::malformed, "the answer leaves out " + to_string(queue->partition))).indefinite_if(true));
    }
  }
  --in_flight_[request.broker];
  changed_.notify_all();
}

void Producer::settle(const Request& request, const protocol::ProduceResponse& answer) {
  for (const auto& topic : answer.responses) {
    for (const auto& said : topic.partition_responses) {
      const auto found = std::ranges::find_if(request.batches, [&](const Addressed& sent) {
        const TopicPartition& partition = sent.queue->partition;
        return sent.batch->in_flight && partition.partition == said.index && partition.topic == topic.name;
      });
      if (found == request.batches.end()) continue;
      // A duplicate that the broker remembers without its offset (older brokers) is as good as appended.
      if (said.error_code == ErrorCode::none || said.error_code == ErrorCode::duplicate_sequence_number) {
        acknowledge(*found->queue, *found->batch, said.base_offset, said.log_append_time_ms);
        continue;
      }
      std::string detail = to_string(found->queue->partition);
      if (said.error_message.has_value()) detail += ": " + *said.error_message;
      settle(*found->queue, *found->batch,
             ClientError(said.error_code, std::move(detail)).indefinite_if(append_may_have_happened(said.error_code)));
    }
  }
}

/// An attempt failed: the batch goes again, later, or is given up.
void Producer::settle(Queue& queue, Batch& batch, ClientError error) {
  batch.in_flight = false;
  if (!error.definite) {
    batch.maybe_appended = true;
  } else if (error.is_transport() && batch.attempts > 0) {
    --batch.attempts;  // no byte was written: that was no attempt
  }
  if (error.wants_metadata()) cluster_.mark_stale(queue.partition.topic);
  const Time again = after(clock_.now(), cluster_.retry_delay(batch.attempts));
  const bool gives_up = !goes_again(queue, batch, error) || batch.attempts > config_.retries || again >= batch.expires;
  trace_.emit(gives_up ? failed_point : retry_point,
              {{"partition", to_string(queue.partition)}, {"attempts", batch.attempts}, {"error", to_string(error)}});
  if (gives_up) return finish(queue, batch, std::move(error).indefinite_if(batch.maybe_appended));
  // One that has others before it waits for those anyway.
  if (&batch == queue.batches.front().get()) batch.not_before = again;
  changed_.notify_all();
}

void Producer::acknowledge(Queue& queue, Batch& batch, std::int64_t base_offset, std::int64_t append_time_ms) {
  batch.in_flight = false;
  const bool in_epoch = batch.number && queue.numbering && batch.number->same_epoch(*queue.numbering);
  if (in_epoch) queue.known_by = batch.sent_to;
  batch.outcome->append_time_ms = append_time_ms;
  finish(queue, batch,
         Acknowledgement{queue.partition, base_offset, append_time_ms, batch.attempts,
                         batch.maybe_appended && !batch.number.has_value()});
}

void Producer::finish(Queue& queue, Batch& batch, ClientResult<Acknowledgement> result) {
  const auto place = std::ranges::find_if(queue.batches, [&](const auto& other) { return other.get() == &batch; });
  ENSURE(place != queue.batches.end());
  const std::shared_ptr<Batch> kept = std::move(*place);
  queue.batches.erase(place);
  if (!result) numbers_left_over(queue, batch, result.error());
  batch.outcome->result = std::move(result);
  batch.outcome->done.set();
  room_.release(batch.bytes);
  changed_.notify_all();
}

void Producer::fail_everything(const Error& error) {
  tasks_.cancel();
  for (auto& [partition, queue] : queues_) {
    while (!queue.batches.empty()) {
      Batch& batch = *queue.batches.front();
      // A batch whose answer is still awaited may have been appended, or may yet be.
      const bool awaited = std::exchange(batch.in_flight, false) && batch.attempts > 0;
      finish(queue, batch, ClientError(error).indefinite_if(batch.maybe_appended || awaited));
    }
  }
}

}  // namespace faultline::client
