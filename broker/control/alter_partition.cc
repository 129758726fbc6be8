// AlterPartition on the wire and as the controller has it.
#include "broker/protocol/alter_partition.h"

#include "broker/control/decisions.h"

namespace faultline::control {

namespace {

using protocol::AlterPartitionRequest;
using protocol::AlterPartitionResponse;
using protocol::LeaderRecoveryState;

controller::AlterPartition parse(const AlterPartitionRequest& request, const AlterPartitionRequest::Topic& topic,
                                 const AlterPartitionRequest::Topic::Partition& wanted, const metadata::ClusterImage& image) {
  controller::AlterPartition change;
  change.leader = request.broker_id;
  change.leader_broker_epoch = request.broker_epoch;
  change.partition = {topic.topic_id, wanted.partition_index};
  change.leader_epoch = wanted.leader_epoch;
  change.partition_epoch = wanted.partition_epoch;
  change.recovering = wanted.leader_recovery_state == LeaderRecoveryState::recovering;
  const auto present_epoch = [&](std::int32_t id) {
    const metadata::BrokerRecord* broker = image.broker(id);
    return broker == nullptr ? metadata::no_broker_epoch : broker->broker_epoch;
  };
  // Who names no epoch, as version 2 cannot, means whoever is there now.
  constexpr std::int64_t unchecked = -1;
  for (const auto& member : wanted.new_isr_with_epochs) {
    const bool named = member.broker_epoch != unchecked;
    change.isr.push_back({member.broker_id, named ? member.broker_epoch : present_epoch(member.broker_id)});
  }
  for (const std::int32_t id : wanted.new_isr) change.isr.push_back({id, present_epoch(id)});
  return change;
}

void alter(Controller& controller, const controller::AlterPartition& change, AlterPartitionResponse::Topic::Partition& answer) {
  const Outcome<metadata::PartitionRecord> changed = controller.alter_partition(change);
  set_outcome(answer, changed);
  if (!changed) return;
  answer.leader_id = changed->leader;
  answer.leader_epoch = changed->leader_epoch;
  answer.isr = changed->isr;
  answer.leader_recovery_state = changed->recovering ? LeaderRecoveryState::recovering : LeaderRecoveryState::recovered;
  answer.partition_epoch = changed->partition_epoch;
  answer.min_insync_replicas = controller.min_insync_replicas(changed->topic_id);
}

AlterPartitionResponse refused(ErrorCode code) {
  AlterPartitionResponse response;
  response.error_code = code;
  return response;
}

AlterPartitionResponse decide(Controller& controller, const AlterPartitionRequest& request) {
  const metadata::BrokerRecord* sender = controller.image().broker(request.broker_id);
  if (sender == nullptr || sender->broker_epoch != request.broker_epoch) return refused(ErrorCode::stale_broker_epoch);
  AlterPartitionResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.topics.emplace_back();
    answers.topic_id = topic.topic_id;
    for (const auto& partition : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = partition.partition_index;
      alter(controller, parse(request, topic, partition, controller.image()), answer);
    }
  }
  return response;
}

}  // namespace

AlterPartitionResponse ControllerService::handle(const AlterPartitionRequest& request) {
  return decided(
      deadline_in(default_timeout_ms), [&](Controller& controller) { return decide(controller, request); },
      [](const Refusal&) { return refused(ErrorCode::not_controller); });
}

}  // namespace faultline::control
