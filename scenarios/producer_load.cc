#include "scenarios/producer_load.h"

#include <algorithm>
#include <memory>

#include "broker/client/producer.h"
#include "broker/protocol/partitioner.h"
#include "runtime/sync.h"
#include "scenarios/cluster_plan.h"
#include "scenarios/enum_names.h"
#include "scenarios/payload.h"
#include "scenarios/record_number.h"

namespace faultline::scenarios {
namespace {

using checkers::LogRecord;
using checkers::OperationId;
using checkers::Outcome;

std::int16_t acks_of(Acks acks) {
  switch (acks) {
    case Acks::none: return 0;
    case Acks::leader: return 1;
    case Acks::all: return -1;
  }
  return -1;
}

class ProducerLoad {
 public:
  ProducerLoad(Env& env, TrialState& state, const Producer& spec, const std::string& node, std::uint32_t number,
               std::uint64_t& sent)
      : env_(env),
        state_(state),
        spec_(spec),
        node_(node),
        number_(number),
        sent_(sent),
        process_(state.new_process()),
        partitions_(state.partitions_of(spec.topics)),
        pauses_(stream("pause")),
        batches_(stream("batch")),
        targets_(stream("target")),
        sizes_(stream("size")),
        codecs_(stream("codec")),
        slots_(static_cast<std::uint64_t>(spec.in_flight)),
        sends_(env.tasks) {
    for (const Codec codec : spec.codecs) add_producer(codec);
    if (idempotent()) state.idempotent_processes.push_back(process_);
  }

  void run() {
    const auto limit = static_cast<std::uint64_t>(spec_.sends);
    for (std::uint64_t sends = 0; !state_.stopping && (limit == 0 || sends < limit); ++sends) {
      if (!slots_.acquire() || !pause()) return;
      if (state_.stopping) break;
      Sent sent = send_batch();
      sends_.spawn("load.send", [this, sent = std::move(sent)] {
        complete(sent);
        slots_.release();
      });
    }
    sends_.join();
  }

 private:
  // Each start of the client draws on: the streams are named after what was sent before it.
  RandomStream stream(std::string_view what) const {
    return state_.client_source(node_).child(std::to_string(sent_)).stream(what);
  }

  bool idempotent() const { return spec_.idempotent && spec_.acks == Acks::all; }

  // What one of several replicas has alone may be gone with its leadership, acknowledged or not.
  bool promises() const { return spec_.acks == Acks::all || !is_cluster(state_.scenario); }

  void add_producer(Codec codec) {
    client::ProducerConfig config;
    config.cluster = state_.cluster_config(node_, spec_.request_timeout);
    config.acks = acks_of(spec_.acks);
    config.idempotence = idempotent();
    config.compression = static_cast<protocol::Codec>(codec);  // both are numbered as on the wire
    config.delivery_timeout = std::max(spec_.delivery_timeout, spec_.request_timeout);
    config.block_max = spec_.delivery_timeout;
    // All records of a send go together; with several sends under way the largest value fills a batch, which then does not wait for others.
    constexpr std::int64_t around_a_value = 64;  // bytes, at most
    const std::int64_t value_bytes = spec_.value_bytes.high;
    const std::int64_t batch_bytes = spec_.in_flight > 1 ? value_bytes : spec_.batch.high * (value_bytes + around_a_value);
    config.batch_bytes = static_cast<std::size_t>(batch_bytes);
    config.request_bytes_max = std::max(config.request_bytes_max, config.batch_bytes * 2);
    producers_.push_back(std::make_unique<client::Producer>(env_, config, name_of(codec)));
  }

  bool pause() {
    const Duration wait = pauses_.between(spec_.every.low, spec_.every.high);
    return sleep_until(after(env_.clock.now(), wait)).has_value();
  }

  struct Target {
    client::TopicPartition partition;
    std::optional<Slice> key;
    std::int64_t key_number = checkers::RecordAttributes::no_key;
  };

  struct Sent {
    OperationId operation{};
    client::TopicPartition partition;
    std::vector<LogRecord> records;
    std::vector<client::ClientResult<client::Delivery>> deliveries;
  };

  Target draw_target() {
    const auto& any = targets_.pick(std::span<const client::TopicPartition>(partitions_));
    if (spec_.keys == 0) return {.partition = any, .key = {}};
    const auto number = static_cast<std::int64_t>(targets_.below(static_cast<std::uint64_t>(spec_.keys)));
    const Slice key = Slice::copy_of("key-" + std::to_string(number));
    const auto count = std::count_if(partitions_.begin(), partitions_.end(), [&](const auto& p) { return p.topic == any.topic; });
    return {{any.topic, protocol::partition_of_key(key.bytes(), static_cast<std::int32_t>(count))}, key, number};
  }

  Sent send_batch() {
    const std::int64_t count = batches_.between(spec_.batch.low, spec_.batch.high);
    const auto [target, key, key_number] = draw_target();
    const checkers::PartitionId id = state_.history_partition(target);
    std::vector<LogRecord> records;
    for (std::int64_t i = 0; i < count; ++i) {
      records.push_back({id, checkers::no_offset, record_number(number_, static_cast<std::uint32_t>(sent_++))});
    }
    // What becomes of a send with an unknown outcome is a matter between it and the same producer's next: one for all records of a key.
    const std::uint64_t draw = codecs_.below(producers_.size());
    client::Producer& producer = *producers_[key ? static_cast<std::uint64_t>(key_number) % producers_.size() : draw];
    std::vector<checkers::RecordAttributes> attributes;
    if (spec_.keys > 0) attributes.assign(records.size(), {.key = key_number});
    const OperationId operation = state_.recorder.invoke_send(process_, state_.now(), records, attributes);
    std::vector<client::ClientResult<client::Delivery>> deliveries;
    for (const LogRecord& record : records) {
      const auto bytes = static_cast<std::size_t>(sizes_.between(spec_.value_bytes.low, spec_.value_bytes.high));
      deliveries.push_back(producer.send({.topic = target.topic,
                                          .partition = target.partition,
                                          .key = key,
                                          .value = make_payload(record.value, bytes),
                                          .headers = {},
                                          .timestamp_ms = {}}));
    }
    return {operation, target, std::move(records), std::move(deliveries)};
  }

  // The operation is ok if all its records are acknowledged, failed if certainly none is in the log, else indefinite.
  void complete(const Sent& sent) {
    const auto& [operation, target, records, deliveries] = sent;
    std::vector<std::int64_t> offsets;
    bool all_ok = true;
    bool none_possible = true;
    std::string error;
    for (std::size_t i = 0; i < deliveries.size(); ++i) {
      const client::ClientResult<client::Acknowledgement> result = deliveries[i] ? deliveries[i]->wait() : deliveries[i].error();
      offsets.push_back(result && promises() ? result->offset : checkers::no_offset);
      if (result && result->offset >= 0 && promises()) state_.acknowledged[target][result->offset] = records[i].value;
      all_ok = all_ok && promises() && result && result->offset >= 0;
      none_possible = none_possible && !result && result.error().definite;
      if (result) continue;
      error = to_string(result.error());
      state_.judge_error(node_, result.error());
    }
    const Outcome outcome = all_ok ? Outcome::ok : none_possible ? Outcome::fail : Outcome::indefinite;
    state_.recorder.complete_send(operation, state_.now(), outcome, offsets, error);
  }

  // Constant after construction.
  Env& env_;
  TrialState& state_;
  const Producer& spec_;
  const std::string& node_;
  const std::uint32_t number_;
  std::uint64_t& sent_;
  const std::int32_t process_;
  const std::vector<client::TopicPartition> partitions_;
  // Volatile.
  RandomStream pauses_;
  RandomStream batches_;
  RandomStream targets_;
  RandomStream sizes_;
  RandomStream codecs_;
  std::vector<std::unique_ptr<client::Producer>> producers_;  // one per codec
  Semaphore slots_;
  TaskGroup sends_;
};

}  // namespace

void run_producer(Env& env, TrialState& state, const Producer& spec, const std::string& node, std::uint32_t number,
                  std::uint64_t& sent) {
  ProducerLoad(env, state, spec, node, number, sent).run();
}

}  // namespace faultline::scenarios
