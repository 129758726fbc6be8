#include <algorithm>

#include "broker/client/admin.h"
#include "broker/protocol/alter_partition_reassignments.h"
#include "broker/protocol/describe_topic_partitions.h"
#include "broker/protocol/list_partition_reassignments.h"

namespace faultline::client {
namespace {

using protocol::ErrorCode;

ClientResult<> outcome(const TopicPartition& partition, ErrorCode code, const std::optional<std::string>& message) {
  if (code == ErrorCode::none) return {};
  return ClientError(code, message.has_value() ? to_string(partition) + ": " + *message : to_string(partition));
}

/// The entry of `topic` in a request that lists partitions by topic.
template <class Topics>
auto& topic_of(Topics& topics, std::string_view name, std::string Topics::value_type::* name_of) {
  for (auto& topic : topics) {
    if (topic.*name_of == name) return topic;
  }
  auto& made = topics.emplace_back();
  made.*name_of = std::string(name);
  return made;
}

TopicDescription describe(const protocol::DescribeTopicPartitionsResponse::Topic& said) {
  TopicDescription topic;
  topic.error = said.error_code;
  topic.id = said.topic_id;
  topic.is_internal = said.is_internal;
  return topic;
}

PartitionDescription describe(const protocol::DescribeTopicPartitionsResponse::Topic::Partition& said) {
  PartitionDescription partition;
  partition.error = said.error_code;
  partition.leader = said.leader_id;
  partition.leader_epoch = said.leader_epoch;
  partition.replicas = said.replica_nodes;
  partition.isr = said.isr_nodes;
  partition.eligible_leaders = said.eligible_leader_replicas.value_or(std::vector<std::int32_t>{});
  partition.last_known_eligible_leaders = said.last_known_elr.value_or(std::vector<std::int32_t>{});
  partition.offline = said.offline_replicas;
  return partition;
}

/// Whether the next page begins behind the last one: a cursor that does not move would be followed for ever.
bool advances(const std::optional<protocol::DescribeTopicPartitionsCursor>& from,
              const protocol::DescribeTopicPartitionsCursor& to) {
  return !from || std::pair(from->topic_name, from->partition_index) < std::pair(to.topic_name, to.partition_index);
}

}  // namespace

ClientResult<std::map<std::string, TopicDescription>> Admin::describe_topic_partitions(const std::vector<std::string>& topics,
                                                                                       Time deadline) {
  protocol::DescribeTopicPartitionsRequest request;
  for (const std::string& name : topics) request.topics.push_back({name});
  std::map<std::string, TopicDescription> described;
  for (;;) {
    const auto page = TRY(retrying(deadline, [&] { return cluster_.call_any(request, {.deadline = deadline}); }));
    for (const auto& said : page.topics) {
      if (!said.name.has_value()) continue;
      TopicDescription& topic = described.try_emplace(*said.name, describe(said)).first->second;
      for (const auto& partition : said.partitions) topic.partitions[partition.partition_index] = describe(partition);
    }
    if (!page.next_cursor.has_value()) return described;
    if (!advances(request.cursor, *page.next_cursor)) return ClientError(Error(Errc::malformed, "a page that leads nowhere"));
    request.cursor = page.next_cursor;
  }
}

ClientResult<PartitionOutcomes> Admin::elect_leaders(protocol::ElectionType type,
                                                     const std::optional<std::vector<TopicPartition>>& partitions,
                                                     Time deadline) {
  protocol::ElectLeadersRequest request;
  request.election_type = type;
  if (partitions.has_value()) {
    auto& topics = request.topic_partitions.emplace();
    for (const TopicPartition& partition : *partitions) {
      topic_of(topics, partition.topic, &protocol::ElectLeadersRequest::Topic::topic).partitions.push_back(partition.partition);
    }
  }
  const auto answer = TRY(retrying(deadline, [&]() -> ClientResult<protocol::ElectLeadersResponse> {
    request.timeout_ms = timeout_ms(deadline);
    auto said = TRY(cluster_.call_controller(request, {.deadline = deadline}));
    if (said.error_code != ErrorCode::none) return ClientError(said.error_code, "ElectLeaders");
    return said;
  }));
  PartitionOutcomes outcomes;
  for (const auto& topic : answer.replica_election_results) {
    for (const auto& said : topic.partition_result) {
      const TopicPartition partition{topic.topic, said.partition_id};
      outcomes.insert_or_assign(partition, outcome(partition, said.error_code, said.error_message));
    }
  }
  return outcomes;
}

ClientResult<PartitionOutcomes> Admin::alter_reassignments(
    const std::map<TopicPartition, std::optional<std::vector<std::int32_t>>>& targets, Time deadline) {
  protocol::AlterPartitionReassignmentsRequest request;
  for (const auto& [partition, replicas] : targets) {
    topic_of(request.topics, partition.topic, &protocol::AlterPartitionReassignmentsRequest::Topic::name)
        .partitions.push_back({partition.partition, replicas});
  }
  const auto answer = TRY(retrying(deadline, [&]() -> ClientResult<protocol::AlterPartitionReassignmentsResponse> {
    request.timeout_ms = timeout_ms(deadline);
    auto said = TRY(cluster_.call_controller(request, {.deadline = deadline}));
    if (said.error_code != ErrorCode::none)
      return ClientError(said.error_code, said.error_message.value_or("AlterPartitionReassignments"));
    return said;
  }));
  PartitionOutcomes outcomes;
  for (const auto& topic : answer.responses) {
    for (const auto& said : topic.partitions) {
      const TopicPartition partition{topic.name, said.partition_index};
      outcomes.insert_or_assign(partition, outcome(partition, said.error_code, said.error_message));
    }
  }
  return outcomes;
}

ClientResult<std::map<TopicPartition, Reassignment>> Admin::list_reassignments(Time deadline) {
  protocol::ListPartitionReassignmentsRequest request;
  const auto answer = TRY(retrying(deadline, [&]() -> ClientResult<protocol::ListPartitionReassignmentsResponse> {
    request.timeout_ms = timeout_ms(deadline);
    auto said = TRY(cluster_.call_controller(request, {.deadline = deadline}));
    if (said.error_code != ErrorCode::none)
      return ClientError(said.error_code, said.error_message.value_or("ListPartitionReassignments"));
    return said;
  }));
  std::map<TopicPartition, Reassignment> moves;
  for (const auto& topic : answer.topics) {
    for (const auto& said : topic.partitions) {
      moves[{topic.name, said.partition_index}] = {said.replicas, said.adding_replicas, said.removing_replicas};
    }
  }
  return moves;
}

}  // namespace faultline::client
