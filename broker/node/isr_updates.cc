#include "broker/node/isr_updates.h"

#include <utility>

namespace faultline {
namespace {

using Answer = replication::IsrAnswer;
using Response = protocol::AlterPartitionResponse;

constexpr TracePoint answered{"isr.answered", TraceLevel::debug};
constexpr TracePoint not_answered{"isr.not_answered", TraceLevel::debug};

// For an answer; and between two attempts, as the controller may just be changing.
constexpr Duration request_timeout = 5s;
constexpr Duration retry_pause = 100ms;

Answer::Kind kind_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::none: return Answer::Kind::accepted;
    case ErrorCode::ineligible_replica: return Answer::Kind::ineligible_replica;
    case ErrorCode::fenced_leader_epoch:
    case ErrorCode::invalid_update_version:
    case ErrorCode::invalid_request:
    case ErrorCode::unknown_topic_id:
    case ErrorCode::unknown_topic_or_partition:
    case ErrorCode::new_leader_elected: return Answer::Kind::refused;
    default: return Answer::Kind::retriable;
  }
}

/// What `response` says of a partition; nothing if it does not name it.
const Response::Topic::Partition* find(const Response& response, const PartitionName& name) {
  for (const Response::Topic& topic : response.topics) {
    if (topic.topic_id != name.topic_id) continue;
    for (const Response::Topic::Partition& partition : topic.partitions) {
      if (partition.partition_index == name.partition) return &partition;
    }
  }
  return nullptr;
}

}  // namespace

void IsrUpdates::submit(Partition& partition, const replication::IsrProposal& proposal) {
  pending_[{partition.topic_id(), partition.id().index}] = {partition.weak_from_this(), proposal};
  news_.set();
}

void IsrUpdates::set_broker_epoch(metadata::BrokerEpoch epoch) {
  if (std::exchange(broker_epoch_, epoch) != epoch) news_.set();
}

void IsrUpdates::run() {
  for (;;) {
    if (!news_.wait()) return;
    news_.reset();
    if (pending_.empty() || broker_epoch_ == metadata::no_broker_epoch) continue;
    const Batch batch = std::exchange(pending_, {});
    const Time deadline = after(env_.clock.now(), request_timeout);
    bool repeated = false;
    const Result<Response> response = peers_.alter_partition(request_for(batch), deadline, repeated);
    if (!response && response.error() == Errc::cancelled) return;
    if (!response) env_.trace.emit(not_answered, {{"why", to_string(response.error().code)}});
    Response nothing;
    nothing.error_code = ErrorCode::network_exception;
    const bool again = take_in(batch, response ? *response : nothing, repeated);
    if (again && !sleep_until(after(env_.clock.now(), retry_pause))) return;
  }
}

protocol::AlterPartitionRequest IsrUpdates::request_for(const Batch& batch) const {
  protocol::AlterPartitionRequest request;
  request.broker_id = self_;
  request.broker_epoch = broker_epoch_;
  for (const auto& [name, pending] : batch) {
    if (request.topics.empty() || request.topics.back().topic_id != name.topic_id) {
      request.topics.emplace_back().topic_id = name.topic_id;
    }
    auto& partition = request.topics.back().partitions.emplace_back();
    partition.partition_index = name.partition;
    partition.leader_epoch = pending.proposal.leader_epoch;
    partition.partition_epoch = pending.proposal.partition_epoch;
    for (const replication::IsrMember& member : pending.proposal.isr) {
      partition.new_isr_with_epochs.push_back({member.broker, member.broker_epoch});
    }
  }
  return request;
}

// Tells each leader what became of its proposal. Returns: whether something is to be tried again.
bool IsrUpdates::take_in(const Batch& batch, const Response& response, bool repeated) {
  bool again = false;
  for (const auto& [name, pending] : batch) {
    const std::shared_ptr<Partition> partition = pending.partition.lock();
    if (partition == nullptr) continue;
    const Response::Topic::Partition* found = response.error_code == ErrorCode::none ? find(response, name) : nullptr;
    const ErrorCode code = found != nullptr                         ? found->error_code
                           : response.error_code != ErrorCode::none ? response.error_code
                                                                    : ErrorCode::unknown_server_error;
    Answer answer;
    answer.number = pending.proposal.number;
    answer.kind = kind_of(code);
    answer.repeated = repeated;
    // A failure of the request as a whole says nothing about any partition.
    if (found == nullptr) answer.kind = Answer::Kind::retriable;
    if (answer.kind == Answer::Kind::accepted) {
      answer.leader_epoch = found->leader_epoch;
      answer.partition_epoch = found->partition_epoch;
      answer.isr = found->isr;
      answer.min_insync_replicas = found->min_insync_replicas;
    }
    again |= answer.kind == Answer::Kind::retriable;
    const std::string text = to_string(partition->id());
    env_.trace.emit(answered, {{"partition", text}, {"number", answer.number}, {"answer", to_string(code)}});
    partition->isr_answered(pending.proposal.leader_epoch, answer);  // which may submit() again
  }
  return again;
}

}  // namespace faultline
