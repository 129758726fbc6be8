// The producer: takes records, groups them into batches by partition, and sends them until they are acknowledged or their time is up.
//
//   order        Records of a partition are appended in the order of send(), under retries too. Up to five numbered batches of a partition
//                are on their way at a time, in order, to one leader; a broker takes none whose predecessor it misses, and what comes back
//                goes again one by one. A partition whose batches are not numbered has one on its way.
//   retries      A batch is sent again after a broken connection, a missing answer or an error that passes, until
//                delivery_timeout or `retries`. Batches are numbered, so that brokers know one that comes again (idempotence,
//                KIP-98). Without that an attempt whose outcome is unknown may have been appended, and a retry then appends
//                again: Acknowledgement::maybe_duplicated says when that can have happened.
//   numbers      Each partition is numbered on its own, under an epoch of its own. A batch that is given up with an unknown outcome may
//                still arrive, so the next one begins a new epoch, which fences it (KIP-360). Only what is certainly not there is ever
//                numbered again. After the last of 32768 epochs comes a new producer id, which fences nothing.
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
    bool sealed = false;
    bool in_flight = false;
    Leader sent_to;                     // last
    std::optional<BatchNumber> number;  // given when it is sent
    std::uint64_t place = 0;            // among those of the queue that were numbered
    std::optional<Slice> encoded;       // made for the first attempt, kept for those under the same number
    std::uint32_t attempts = 0;
    bool maybe_appended = false;
    Time not_before{};
    std::optional<Time> gap_patience;  // until when it goes again although a broker misses what came before it
  };
  struct Queue {
    TopicPartition partition;
    std::deque<std::shared_ptr<Batch>> batches;  // not settled yet
    bool asking = false;                         // a fiber looks for the leader
    std::optional<BatchNumber> numbering;        // of the next batch
    std::optional<Leader> known_by;              // the leader that has acknowledged a batch of this epoch
    std::uint64_t numbered = 0;                  // how many batches
  };
  struct Addressed {
    Queue* queue;
    std::shared_ptr<Batch> batch;
  };
  struct Request {
    std::int32_t broker = -1;
    std::vector<Addressed> batches;  // one of a partition
    std::size_t bytes = 0;
  };

  ClientResult<std::int32_t> choose_partition(const ProducerRecord& record, std::size_t bytes, Time deadline);
  Delivery append(ProducerRecord record, std::int32_t partition, std::size_t bytes);

  // producer_sender.cc
  void run_sender();
  Time dispatch();
  enum class Sends : std::uint8_t { first, following };  // of each partition
  bool send_some(Sends which, Time now, Time& next);
  std::shared_ptr<Batch> next_batch(const Queue& queue, Time now, Time& next) const;
  bool may_follow(const Queue& queue, const Batch& batch, const Leader& leader) const;
  void find_leader(Queue& queue);
  void launch(Request request);
  void send_request(const Request& request);
  protocol::ProduceRequest encode(const Request& request);
  void settle(const Request& request, const protocol::ProduceResponse& answer);
  void settle(Queue& queue, Batch& batch, ClientError error);
  void acknowledge(Queue& queue, Batch& batch, std::int64_t base_offset, std::int64_t append_time_ms);
  void finish(Queue& queue, Batch& batch, ClientResult<Acknowledgement> result);
  void fail_everything(const Error& error);

  // producer_numbers.cc
  bool can_number(Queue& queue);
  void number(Queue& queue, Batch& batch) const;
  void ask_producer_id();
  bool goes_again(Queue& queue, Batch& batch, const ClientError& error);
  void numbers_left_over(Queue& queue, const Batch& batch, const ClientError& error);
  void begin_epoch(Queue& queue);

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
