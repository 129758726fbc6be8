// The producer: takes records, groups them into batches by partition, and sends them until they are acknowledged or their time is up.
//
//   order        A partition has one batch on its way at a time. Records of a partition are therefore appended in the order of
//                send(), under retries too. Requests to different partitions and brokers overlap.
//   retries      A batch is sent again after a broken connection, a missing answer or an error that passes, until
//                delivery_timeout or `retries`. Batches are numbered, so that brokers know one that comes again (idempotence,
//                KIP-98). Without that an attempt whose outcome is unknown may have been appended, and a retry then appends
//                again: Acknowledgement::maybe_duplicated says when that can have happened.
//   numbers      Each partition is numbered on its own, under an epoch of its own. A batch that is given up with an unknown outcome may
//                still arrive, so the next one begins a new epoch, which fences it (KIP-360).
//   errors       A record that failed has a definite error only if none of its attempts can have been appended.
//   back-pressure send() waits while buffer_bytes are taken by records that are not settled yet.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "broker/client/batch.h"
#include "broker/client/cluster.h"
#include "broker/client/delivery.h"
#include "broker/client/partitioner.h"
#include "broker/client/producer_config.h"
#include "broker/client/record.h"
#include "broker/protocol/produce.h"
#include "runtime/sync.h"

namespace faultline::client {

class Producer {
 public:
  /// Requires: config.validate() succeeds; `env` outlives this. `name` tells two producers of one node apart.
  Producer(const Env& env, ProducerConfig config, std::string_view name = "producer");
  /// Gives up what is not settled: those records fail with `closed`.
  ~Producer() noexcept(false);
  Producer(const Producer&) = delete;
  Producer& operator=(const Producer&) = delete;

  /// Hands a record over. Suspends until the topic is known and there is room, block_max at most.
  /// Errors: all definite. MESSAGE_TOO_LARGE, UNKNOWN_TOPIC_OR_PARTITION, ...; resource_exhausted (no room); closed; cancelled.
  ClientResult<Delivery> send(ProducerRecord record);

  /// send(), then the outcome.
  ClientResult<Acknowledgement> send_and_wait(ProducerRecord record);

  /// Sends without lingering and waits until every record handed over so far is settled, well or badly. Suspends.
  /// Errors: timed_out, cancelled.
  ClientResult<> flush(Time deadline);

  /// flush(), then send() fails. What is not settled by the deadline is given up.
  ClientResult<> close(Time deadline);

 private:
  struct Batch {
    std::shared_ptr<BatchOutcome> outcome = std::make_shared<BatchOutcome>();
    std::vector<ProducerRecord> records;
    std::size_t bytes = 0;
    Time created{};
    Time expires{};
    std::optional<Slice> encoded;  // made for the first attempt, kept for the others
    std::uint32_t attempts = 0;
    bool maybe_appended = false;
    bool sealed = false;
  };
  struct Queue {
    TopicPartition partition;
    std::deque<std::unique_ptr<Batch>> batches;  // the front is on its way if in_flight
    bool in_flight = false;
    bool asking = false;                   // a fiber looks for the leader
    std::optional<BatchNumber> numbering;  // of the next batch, or of the one on its way
    Time not_before{};
  };
  struct Request {
    std::int32_t broker = -1;
    std::vector<Queue*> queues;
    std::size_t bytes = 0;
  };

  ClientResult<std::int32_t> choose_partition(const ProducerRecord& record, std::size_t bytes, Time deadline);
  Delivery append(ProducerRecord record, std::int32_t partition, std::size_t bytes);

  // producer_sender.cc
  void run_sender();
  Time dispatch();
  bool is_ready(const Queue& queue, Time now, Time& next) const;
  void find_leader(Queue& queue);
  bool number(Queue& queue);
  void ask_producer_id();
  void advance(Queue& queue, const Batch& batch, const ClientResult<Acknowledgement>& result);
  void begin_epoch(Queue& queue);
  bool renumber(Queue& queue, const ClientError& error);
  void send_request(const Request& request);
  protocol::ProduceRequest encode(const Request& request);
  void settle(const Request& request, const protocol::ProduceResponse& answer);
  void settle(Queue& queue, ClientError error);
  void acknowledge(Queue& queue, std::int64_t base_offset, std::int64_t append_time_ms);
  void finish_front(Queue& queue, ClientResult<Acknowledgement> result);
  void fail_everything(const Error& error);

  // Constant after construction.
  Clock& clock_;
  Trace& trace_;
  const ProducerConfig config_;
  // Volatile.
  Cluster cluster_;
  StickyPartitioner sticky_;
  Semaphore room_;
  std::map<TopicPartition, Queue> queues_;
  std::map<std::int32_t, std::uint32_t> in_flight_;  // requests by broker
  std::optional<std::int64_t> producer_id_;
  bool asking_producer_id_ = false;
  Condition changed_;  // something for the sender to look at
  std::uint32_t flushing_ = 0;
  bool closed_ = false;
  TaskGroup tasks_;
};

}  // namespace faultline::client
