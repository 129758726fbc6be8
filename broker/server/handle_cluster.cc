// What a cluster of one broker answers about leaders, replicas, coordinators and its log directory.
#include <algorithm>

#include "broker/server/handler.h"

namespace faultline {
namespace {

using protocol::ElectionType;

constexpr std::string_view one_broker = "this cluster has one broker";

/// The partitions that a request names, or all of them.
template <class Wanted>
std::map<std::string, std::vector<std::int32_t>> chosen_partitions(const Topics& topics,
                                                                   const std::optional<std::vector<Wanted>>& wanted) {
  std::map<std::string, std::vector<std::int32_t>> chosen;
  if (wanted) {
    for (const Wanted& topic : *wanted) {
      std::vector<std::int32_t>& indexes = chosen[topic.topic];
      indexes.insert(indexes.end(), topic.partitions.begin(), topic.partitions.end());
    }
    return chosen;
  }
  for (const auto& [name, topic] : topics.all()) {
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) chosen[name].push_back(static_cast<std::int32_t>(i));
  }
  return chosen;
}

/// What became of an election: the only replica leads already, or cannot, since its disk failed.
ErrorCode election_outcome(const Outcome<std::shared_ptr<Partition>>& partition, ElectionType type) {
  if (partition) return ErrorCode::election_not_needed;
  if (partition.error().code != ErrorCode::kafka_storage_error) return partition.error().code;
  return type == ElectionType::preferred ? ErrorCode::preferred_leader_not_available : ErrorCode::eligible_leaders_not_available;
}

}  // namespace

protocol::ElectLeadersResponse handle(HandlerContext context, const protocol::ElectLeadersRequest& request) {
  const Topics& topics = context.broker.topics();
  const bool all = !request.topic_partitions.has_value();
  const bool type_is_known = request.election_type == ElectionType::preferred || request.election_type == ElectionType::unclean;
  protocol::ElectLeadersResponse response;
  if (!type_is_known) response.error_code = ErrorCode::invalid_request;
  for (const auto& [name, indexes] : chosen_partitions(topics, request.topic_partitions)) {
    auto& topic = response.replica_election_results.emplace_back();
    topic.topic = name;
    for (const std::int32_t index : indexes) {
      const ErrorCode outcome =
          type_is_known ? election_outcome(topics.partition(name, index), request.election_type) : response.error_code;
      // Who asks for all is not told of those that need none.
      if (!all || outcome != ErrorCode::election_not_needed) topic.partition_result.push_back({index, outcome, std::nullopt});
    }
  }
  return response;
}

protocol::AlterPartitionReassignmentsResponse handle(HandlerContext context,
                                                     const protocol::AlterPartitionReassignmentsRequest& request) {
  protocol::AlterPartitionReassignmentsResponse response;
  for (const auto& topic : request.topics) {
    auto& answers = response.responses.emplace_back();
    answers.name = topic.name;
    for (const auto& wanted : topic.partitions) {
      auto& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      const Outcome<std::shared_ptr<Partition>> partition = context.broker.topics().partition(topic.name, wanted.partition_index);
      if (!partition && partition.error().code != ErrorCode::kafka_storage_error) {
        answer.error_code = partition.error().code;
      } else if (!wanted.replicas) {
        answer.error_code = ErrorCode::no_reassignment_in_progress;
      } else if (*wanted.replicas != std::vector<std::int32_t>{context.broker.node_id()}) {
        answer.error_code = ErrorCode::invalid_replica_assignment;
        answer.error_message = std::string(one_broker);
      }
    }
  }
  return response;
}

protocol::ListPartitionReassignmentsResponse handle(HandlerContext, const protocol::ListPartitionReassignmentsRequest&) {
  return {};  // with one broker none can be in progress
}

protocol::FindCoordinatorResponse handle(HandlerContext, const protocol::FindCoordinatorRequest& request) {
  // No coordinator runs here; this error makes clients retry for a while and then say so.
  constexpr std::string_view why = "this broker has no group or transaction coordinator";
  protocol::FindCoordinatorResponse response;
  response.error_code = ErrorCode::coordinator_not_available;
  response.error_message = std::string(why);
  response.node_id = -1;
  response.port = -1;
  for (const std::string& key : request.coordinator_keys) {
    response.coordinators.push_back({key, -1, "", -1, ErrorCode::coordinator_not_available, std::string(why)});
  }
  return response;
}

protocol::DescribeLogDirsResponse handle(HandlerContext context, const protocol::DescribeLogDirsRequest& request) {
  protocol::DescribeLogDirsResponse response;
  auto& directory = response.results.emplace_back();
  directory.log_dir = context.broker.log_directory();
  for (const auto& [name, indexes] : chosen_partitions(context.broker.topics(), request.topics)) {
    auto topic = decltype(directory.topics)::value_type{};
    topic.name = name;
    for (const std::int32_t index : indexes) {
      const Outcome<std::shared_ptr<Partition>> partition = context.broker.topics().partition(name, index);
      if (!partition) continue;  // Kafka leaves out what is not in the directory
      auto& answer = topic.partitions.emplace_back();
      answer.partition_index = index;
      answer.partition_size = static_cast<std::int64_t>((*partition)->log().size_bytes());
    }
    if (!topic.partitions.empty()) directory.topics.push_back(std::move(topic));
  }
  return response;
}

}  // namespace faultline
