#include "broker/client/producer.h"

#include <algorithm>

#include "broker/client/batch.h"
#include "broker/protocol/partitioner.h"

namespace faultline::client {

using protocol::ErrorCode;

Result<> ProducerConfig::validate() const {
  TRY(cluster.validate());
  if (acks < -1 || acks > 1) return Error(Errc::invalid_argument, "acks: expected 0, 1 or -1");
  if (batch_bytes == 0) return Error(Errc::invalid_argument, "batch.size must be greater than zero");
  if (idempotence.value_or(false) && (acks != -1 || retries == 0)) {
    return Error(Errc::invalid_argument, "enable.idempotence needs acks=all and retries");
  }
  if (linger < 0ns) return Error(Errc::invalid_argument, "linger.ms must not be negative");
  if (request_bytes_max == 0 || request_bytes_max > INT32_MAX)
    return Error(Errc::invalid_argument, "max.request.size: expected 1 to 2147483647");
  if (buffer_bytes < request_bytes_max) return Error(Errc::invalid_argument, "buffer.memory must be at least max.request.size");
  if (requests_in_flight_max == 0)
    return Error(Errc::invalid_argument, "max.in.flight.requests.per.connection must be greater than zero");
  TRY(require_positive(block_max, "max.block.ms"));
  if (delivery_timeout < linger + cluster.connection.request_timeout) {
    return Error(Errc::invalid_argument, "delivery.timeout.ms must be at least linger.ms + request.timeout.ms");
  }
  return {};
}

Producer::Producer(const Env& env, ProducerConfig config, std::string_view name)
    : clock_(env.clock),
      trace_(env.trace),
      config_(std::move(config)),
      cluster_(env, config_.cluster, name),
      sticky_(env.random.child(name).stream("client.sticky"), config_.batch_bytes),
      room_(config_.buffer_bytes),
      tasks_(env.tasks) {
  ENSURE(config_.validate().has_value());
  tasks_.spawn("producer.sender", [this] { run_sender(); });
}

Producer::~Producer() noexcept(false) {
  closed_ = true;
  fail_everything(Error(Errc::closed, "the producer was closed"));
}

ClientResult<Delivery> Producer::send(ProducerRecord record) {
  if (closed_) return Error(Errc::closed, "the producer is closed");
  const std::size_t bytes = estimated_bytes(record);
  if (bytes > config_.request_bytes_max) {
    return ClientError(ErrorCode::message_too_large, std::to_string(bytes) + " bytes are more than max.request.size");
  }
  const Time deadline = after(clock_.now(), config_.block_max);
  const std::int32_t partition = TRY(choose_partition(record, bytes, deadline));
  if (Result<> room = room_.acquire(bytes, deadline); !room) {
    if (room.error() == Errc::timed_out) return Error(Errc::resource_exhausted, "buffer.memory is full");
    return room.error();
  }
  if (closed_) {
    room_.release(bytes);
    return Error(Errc::closed, "the producer is closed");
  }
  return append(std::move(record), partition, bytes);
}

ClientResult<Acknowledgement> Producer::send_and_wait(ProducerRecord record) {
  const Delivery delivery = TRY(send(std::move(record)));
  return delivery.wait();
}

ClientResult<std::int32_t> Producer::choose_partition(const ProducerRecord& record, std::size_t bytes, Time deadline) {
  std::int32_t count = TRY(cluster_.partition_count(record.topic, deadline));
  if (record.partition.has_value()) {
    if (*record.partition < 0) return ClientError(ErrorCode::invalid_request, "a negative partition");
    if (*record.partition >= count) {
      // Partitions can be added, so a number too high may only be news.
      cluster_.mark_stale(record.topic);
      count = TRY(cluster_.partition_count(record.topic, deadline));
      if (*record.partition >= count) {
        return ClientError(ErrorCode::unknown_topic_or_partition, record.topic + "-" + std::to_string(*record.partition));
      }
    }
    return *record.partition;
  }
  if (record.key.has_value()) return protocol::partition_of_key(record.key->bytes(), count);
  return sticky_.next(record.topic, *cluster_.metadata().topic(record.topic), bytes);
}

Delivery Producer::append(ProducerRecord record, std::int32_t partition, std::size_t bytes) {
  const Time now = clock_.now();
  if (!record.timestamp_ms.has_value()) record.timestamp_ms = to_unix_ms(clock_.wall_now());
  const std::int64_t timestamp_ms = *record.timestamp_ms;
  const TopicPartition key{record.topic, partition};
  Queue& queue = queues_[key];
  if (queue.batches.empty()) queue.partition = key;
  Batch* last = queue.batches.empty() ? nullptr : queue.batches.back().get();
  if (last == nullptr || last->sealed || last->bytes + bytes > config_.batch_bytes) {
    if (last != nullptr) last->sealed = true;
    queue.batches.push_back(std::make_shared<Batch>());
    last = queue.batches.back().get();
    last->created = now;
    last->expires = after(now, config_.delivery_timeout);
  }
  const auto index = static_cast<std::int32_t>(last->records.size());
  last->records.push_back(std::move(record));
  last->bytes += bytes;
  if (last->bytes >= config_.batch_bytes) last->sealed = true;
  changed_.notify_all();
  return Delivery(last->outcome, index, timestamp_ms);
}

ClientResult<> Producer::flush(Time deadline) {
  std::vector<std::shared_ptr<BatchOutcome>> pending;
  for (const auto& [partition, queue] : queues_) {
    for (const auto& batch : queue.batches) pending.push_back(batch->outcome);
  }
  struct Flushing {
    std::uint32_t& count;
    explicit Flushing(std::uint32_t& counter) : count(counter) { ++count; }
    ~Flushing() { --count; }
  } const flushing(flushing_);
  changed_.notify_all();
  for (const auto& outcome : pending) TRY(outcome->done.wait(deadline));
  return {};
}

ClientResult<> Producer::close(Time deadline) {
  closed_ = true;
  ClientResult<> flushed = flush(deadline);
  fail_everything(Error(Errc::closed, "the producer was closed"));
  return flushed;
}

}  // namespace faultline::client
