#include "scenarios/setup_load.h"

#include <algorithm>
#include <map>

#include "broker/client/admin.h"
#include "broker/client/consumer.h"
#include "broker/client/producer.h"
#include "runtime/sync.h"
#include "scenarios/consumer_load.h"
#include "scenarios/payload.h"
#include "scenarios/record_number.h"
#include "scenarios/trial.h"

namespace faultline::scenarios {
namespace {

using checkers::LogRecord;
using checkers::OperationId;
using checkers::OperationKind;
using checkers::Outcome;

constexpr Duration request_timeout = 2s;
constexpr Duration attempt_timeout = 3s;
constexpr Duration between_attempts = 50ms;
constexpr std::size_t probe_bytes = 16;

class FinalReader {
 public:
  FinalReader(Env& env, TrialState& state, std::uint32_t number, std::vector<client::TopicPartition> partitions,
              FinalReads& reads)
      : env_(env),
        state_(state),
        number_(number),
        partitions_(std::move(partitions)),
        reads_(reads),
        process_(state.new_process()),
        admin_(env, state.cluster_config("final-reader", request_timeout), "final"),
        consumer_(env, consumer_config(state), "final"),
        producer_(env, producer_config(state), "final") {
    state.idempotent_processes.push_back(process_);
  }

  void run() {
    for (const client::TopicPartition& partition : partitions_) {
      while (!write(partition)) {
        if (!sleep_until(after(env_.clock.now(), between_attempts))) return;
      }
      ++reads_.written;
    }
    for (const client::TopicPartition& partition : partitions_) {
      while (!read(partition)) {
        if (!sleep_until(after(env_.clock.now(), between_attempts))) return;
      }
      ++reads_.read;
    }
    reads_.done = true;
  }

 private:
  static client::ConsumerConfig consumer_config(const TrialState& state) {
    client::ConsumerConfig config;
    config.cluster = state.cluster_config("final-reader", request_timeout);
    config.offset_reset = client::OffsetReset::none;
    return config;
  }
  static client::ProducerConfig producer_config(const TrialState& state) {
    client::ProducerConfig config;
    config.cluster = state.cluster_config("final-reader", request_timeout);
    config.delivery_timeout = attempt_timeout;
    config.block_max = attempt_timeout;
    return config;
  }

  bool failed(const client::ClientError& error) {
    state_.judge_error("final-reader", error);
    reads_.last_error = to_string(error);
    return false;
  }

  bool write(const client::TopicPartition& partition) {
    const std::int64_t value = record_number(number_, sent_++);
    const std::vector<LogRecord> records{{state_.history_partition(partition), checkers::no_offset, value}};
    const OperationId operation = state_.recorder.invoke_send(process_, state_.now(), records);
    const client::ClientResult<client::Acknowledgement> sent = producer_.send_and_wait({.topic = partition.topic,
                                                                                        .partition = partition.partition,
                                                                                        .key = {},
                                                                                        .value = make_payload(value, probe_bytes),
                                                                                        .headers = {},
                                                                                        .timestamp_ms = {}});
    if (!sent) {
      const Outcome outcome = sent.error().definite ? Outcome::fail : Outcome::indefinite;
      state_.recorder.complete_send(operation, state_.now(), outcome, {}, to_string(sent.error()));
      return failed(sent.error());
    }
    const std::vector<std::int64_t> offsets{sent->offset};
    written_[partition] = sent->offset;
    state_.acknowledged[partition][sent->offset] = value;
    state_.recorder.complete_send(operation, state_.now(), Outcome::ok, offsets);
    return true;
  }

  // A leader that has been followed by another, and does not know it yet, answers with the end that it knew. What was written here lies below
  // the end; if that stays untrue, it is lost, and the checkers are to be told so.
  client::ClientResult<std::int64_t> end_of(const client::TopicPartition& partition) {
    const Time patience = after(env_.clock.now(), attempt_timeout);
    for (;;) {
      const auto ends = TRY(consumer_.end_offsets({partition}, after(env_.clock.now(), attempt_timeout)));
      const std::int64_t end = ends.at(partition);
      if (end > written_.at(partition) || env_.clock.now() >= patience) return end;
      TRY(sleep_until(after(env_.clock.now(), between_attempts)));
    }
  }

  // One poll of the history: everything from the beginning to the end that is fixed inside it.
  bool read(const client::TopicPartition& partition) {
    const checkers::PartitionId id = state_.history_partition(partition);
    const std::vector<LogRecord> start{{id}};
    const OperationId assign = state_.recorder.invoke_positioning(OperationKind::assign, process_, state_.now(), start);
    state_.recorder.complete(assign, state_.now(), Outcome::ok);

    const OperationId operation = state_.recorder.invoke_poll(process_, state_.now(), true);
    const auto give_up = [&](const client::ClientError& error) {
      state_.recorder.complete_poll(operation, state_.now(), Outcome::fail, {}, to_string(error));
      return failed(error);
    };
    const client::ClientResult<std::int64_t> end = end_of(partition);
    if (!end) return give_up(end.error());
    consumer_.assign({partition});
    consumer_.seek(partition, client::Place::earliest());
    HistoryRecords given;
    std::vector<Stamped> stamped;
    bool stepped_over = false;
    Time progress_by = after(env_.clock.now(), attempt_timeout);
    while (consumer_.position(partition).value_or(-1) < *end) {
      client::ClientResult<client::Polled> polled = consumer_.poll(request_timeout);
      if (!polled) return give_up(polled.error());
      given.add(state_, polled->records);
      for (const client::ConsumerRecord& record : polled->records) stamped.push_back({record.offset, record.timestamp_ms});
      if (!polled->records.empty()) progress_by = after(env_.clock.now(), attempt_timeout);
      for (const client::PartitionError& error : polled->errors) {
        if (error.position < 0 || error.error.code != protocol::ErrorCode::corrupt_message) return give_up(error.error);
        reads_.last_error = to_string(error.error);
        consumer_.seek(partition, client::Place::offset(error.position + 1));
        stepped_over = true;
      }
      if (env_.clock.now() >= progress_by) {
        return give_up(polled->retrying ? *polled->retrying : client::ClientError(Error(Errc::timed_out, "no record came")));
      }
    }
    state_.recorder.complete_poll(operation, state_.now(), Outcome::ok, given.records, {}, given.attributes);
    if (!stepped_over) state_.recorder.set_exact_end(operation, id, *end);
    // While others work, records are deleted and others take their place in what ListOffsets answers.
    if (!stepped_over && state_.stopping && !stamped.empty()) return look_up(partition, stamped);
    return true;
  }

  struct Stamped {
    std::int64_t offset = 0;
    std::int64_t timestamp_ms = 0;
  };

  // What was deleted stays so; and the first record at or after a time is the one that a reader of everything finds. Requires: records.
  bool look_up(const client::TopicPartition& partition, const std::vector<Stamped>& records) {
    const auto gone = state_.gone_below.find(partition);
    if (gone != state_.gone_below.end() && records.front().offset < gone->second) {
      add(finding::deleted_record_returned, partition,
          "offset " + std::to_string(records.front().offset) + " was read at the end, and everything below " +
              std::to_string(gone->second) + " had been deleted");
    }
    const std::int64_t wanted = records[records.size() / 2].timestamp_ms;
    const auto first =
        std::find_if(records.begin(), records.end(), [&](const Stamped& record) { return record.timestamp_ms >= wanted; });
    const auto found = admin_.offsets({{partition, wanted}}, after(env_.clock.now(), attempt_timeout));
    if (!found) return failed(found.error());
    const client::ClientResult<client::FoundOffset>& answer = found->at(partition);
    if (!answer) return failed(answer.error());
    if (answer->offset != first->offset) {
      add(finding::wrong_time_lookup, partition,
          "the first record at or after " + std::to_string(wanted) + " ms is at offset " + std::to_string(first->offset) +
              ", and ListOffsets answers " + std::to_string(answer->offset));
    }
    return true;
  }

  void add(std::string_view anomaly, const client::TopicPartition& partition, const std::string& text) {
    const std::string name = to_string(partition);
    reads_.findings.push_back({.anomaly = std::string(anomaly), .partition = name, .text = name + ": " + text});
  }

  // Constant after construction.
  Env& env_;
  TrialState& state_;
  const std::uint32_t number_;
  const std::vector<client::TopicPartition> partitions_;
  FinalReads& reads_;
  const std::int32_t process_;
  // Volatile.
  client::Admin admin_;
  client::Consumer consumer_;
  client::Producer producer_;
  std::uint32_t sent_ = 0;
  std::map<client::TopicPartition, std::int64_t> written_;  // the offset of what was written here
};

struct Wish {
  std::string node;                                     // whose it is
  std::string what;                                     // "create orders"
  protocol::ErrorCode fulfilled_already;                // by an attempt whose answer got lost
  std::optional<protocol::ErrorCode> may_still_come{};  // a refusal that need not last
};

// Asks until it is done, or was already. Returns: false if the process ended, or if it can never be done, which is a surprise.
template <class Ask>
bool insist(Env& env, TrialState& state, const Wish& wish, Ask ask) {
  while (true) {
    const client::ClientResult<> answer = ask(after(env.clock.now(), attempt_timeout));
    if (answer || answer.error().code == wish.fulfilled_already) return true;
    state.judge_error(wish.node, answer.error());
    if (!answer.error().retriable() && answer.error().code != wish.may_still_come) {
      state.surprise(wish.node, "cannot " + wish.what + ": " + to_string(answer.error()));
      return false;
    }
    if (!sleep_until(after(env.clock.now(), between_attempts))) return false;
  }
}

}  // namespace

void run_setup(Env& env, TrialState& state, bool& done) {
  client::Admin admin(env, state.cluster_config("setup", request_timeout));
  for (const Topic& topic : state.scenario.topics) {
    client::NewTopic wanted{.name = topic.name,
                            .partitions = static_cast<std::int32_t>(topic.partitions),
                            .replication_factor = static_cast<std::int16_t>(replication_of(state.scenario, topic)),
                            .configs = {}};
    for (const auto& [key, value] : topic.config) wanted.configs[key] = value.text;
    const Wish wish{"setup", "create " + topic.name, protocol::ErrorCode::topic_already_exists};
    if (!insist(env, state, wish, [&](Time deadline) { return admin.create_topic(wanted, deadline); })) return;
  }
  done = true;
}

void run_final_reads(Env& env, TrialState& state, std::uint32_t number, std::vector<client::TopicPartition> partitions,
                     FinalReads& reads) {
  FinalReader(env, state, number, std::move(partitions), reads).run();
}

void run_metadata_changes(Env& env, TrialState& state, std::int16_t replication, bool& done) {
  client::Admin admin(env, state.cluster_config("core-admin", request_timeout));
  const client::NewTopic topic{.name = "core-proof", .partitions = 1, .replication_factor = replication, .configs = {}};
  // A broker of the core that is slow to find a new controller is fenced for a moment, and there is no place for its replica till then.
  const Wish there{"core-admin", "create " + topic.name, protocol::ErrorCode::topic_already_exists,
                   protocol::ErrorCode::invalid_replication_factor};
  if (!insist(env, state, there, [&](Time deadline) { return admin.create_topic(topic, deadline); })) return;
  const Wish gone{"core-admin", "delete " + topic.name, protocol::ErrorCode::unknown_topic_or_partition};
  done = insist(env, state, gone, [&](Time deadline) { return admin.delete_topic(topic.name, deadline); });
}

}  // namespace faultline::scenarios
