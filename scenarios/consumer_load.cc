#include "scenarios/consumer_load.h"

#include "runtime/sync.h"
#include "scenarios/payload.h"

namespace faultline::scenarios {
namespace {

using checkers::LogRecord;
using checkers::OperationId;
using checkers::OperationKind;
using checkers::Outcome;

class ConsumerLoad {
 public:
  ConsumerLoad(Env& env, TrialState& state, const Consumer& spec, const std::string& node, std::uint64_t starts)
      : env_(env),
        state_(state),
        spec_(spec),
        node_(node),
        process_(state.new_process()),
        partitions_(state.partitions_of(spec.topics)),
        pauses_(state.client_source(node).child(std::to_string(starts)).stream("pause")),
        seeks_(state.client_source(node).child(std::to_string(starts)).stream("seek")),
        consumer_(env, config(), "consumer") {}

  void run() {
    assign();
    Time next_seek = draw_next_seek();
    while (!state_.stopping) {
      if (!poll()) return;
      if (env_.clock.now() >= next_seek) {
        seek_somewhere();
        next_seek = draw_next_seek();
      }
      const Duration wait = pauses_.between(spec_.every.low, spec_.every.high);
      if (!sleep_until(after(env_.clock.now(), wait))) return;
    }
  }

 private:
  client::ConsumerConfig config() const {
    client::ConsumerConfig config;
    config.cluster = state_.cluster_config(node_, 1s + spec_.max_wait);
    config.offset_reset = client::OffsetReset::none;  // a jump that nobody ordered would look like lost records
    config.fetch_bytes_min = static_cast<std::size_t>(spec_.min_bytes);
    config.fetch_bytes_max = static_cast<std::size_t>(spec_.max_bytes);
    config.partition_bytes_max = static_cast<std::size_t>(spec_.max_bytes);
    config.fetch_wait_max = spec_.max_wait;
    return config;
  }

  void assign() {
    std::vector<LogRecord> records;
    for (const client::TopicPartition& partition : partitions_) records.push_back({state_.history_partition(partition)});
    const OperationId operation = state_.recorder.invoke_positioning(OperationKind::assign, process_, state_.now(), records);
    consumer_.assign(partitions_);
    const client::Place start = spec_.start == StartAt::earliest ? client::Place::earliest() : client::Place::latest();
    for (const client::TopicPartition& partition : partitions_) consumer_.seek(partition, start);
    state_.recorder.complete(operation, state_.now(), Outcome::ok);
  }

  bool poll() {
    const OperationId operation = state_.recorder.invoke_poll(process_, state_.now());
    const client::ClientResult<client::Polled> polled = consumer_.poll(spec_.max_wait);
    if (!polled) {
      state_.recorder.complete_poll(operation, state_.now(), Outcome::fail, {}, to_string(polled.error()));
      return false;
    }
    std::string error;
    for (const client::PartitionError& failed : polled->errors) error = to_string(failed.error);
    HistoryRecords given;
    given.add(state_, polled->records);
    state_.recorder.complete_poll(operation, state_.now(), Outcome::ok, given.records, error, given.attributes);
    for (const client::PartitionError& failed : polled->errors) recover(failed);
    return true;
  }

  // What a user would do: start over where the log begins if the position is gone, step over what cannot be read.
  void recover(const client::PartitionError& failed) {
    state_.judge_error(node_, failed.error);
    if (failed.error.code == protocol::ErrorCode::offset_out_of_range || failed.position < 0) {
      seek(failed.partition, client::Place::earliest(), checkers::no_offset);
    } else {
      seek(failed.partition, client::Place::offset(failed.position + 1), failed.position + 1);
    }
  }

  void seek(const client::TopicPartition& partition, client::Place place, std::int64_t offset) {
    const std::vector<LogRecord> records{{state_.history_partition(partition), offset}};
    const OperationId operation = state_.recorder.invoke_positioning(OperationKind::seek, process_, state_.now(), records);
    consumer_.seek(partition, place);
    state_.recorder.complete(operation, state_.now(), Outcome::ok);
  }

  Time draw_next_seek() {
    return spec_.seek_every == Duration{} ? no_deadline : after(env_.clock.now(), seeks_.exponential(spec_.seek_every));
  }

  void seek_somewhere() {
    const auto& partition = seeks_.pick(std::span<const client::TopicPartition>(partitions_));
    const std::optional<std::int64_t> position = consumer_.position(partition);
    const std::uint64_t draw = seeks_.next();
    if (!position) return;
    const auto offset = static_cast<std::int64_t>(draw % (static_cast<std::uint64_t>(*position) + 1));
    seek(partition, client::Place::offset(offset), offset);
  }

  // Constant after construction.
  Env& env_;
  TrialState& state_;
  const Consumer& spec_;
  const std::string& node_;
  const std::int32_t process_;
  const std::vector<client::TopicPartition> partitions_;
  // Volatile.
  RandomStream pauses_;
  RandomStream seeks_;
  client::Consumer consumer_;
};

}  // namespace

void HistoryRecords::add(TrialState& state, const std::vector<client::ConsumerRecord>& polled) {
  for (const client::ConsumerRecord& record : polled) {
    const Bytes payload = record.value ? record.value->bytes() : Bytes();
    const std::optional<std::int64_t> number = read_payload(payload);
    records.push_back({state.history_partition(record.partition), record.offset, number ? *number : number_of_garbage(payload)});
    checkers::RecordAttributes& known = attributes.emplace_back();
    known.producer = record.producer_id;
    known.epoch = record.producer_epoch;
    known.sequence = record.sequence;
  }
}

void run_consumer(Env& env, TrialState& state, const Consumer& spec, const std::string& node, std::uint64_t& starts) {
  ConsumerLoad(env, state, spec, node, starts++).run();
}

}  // namespace faultline::scenarios
