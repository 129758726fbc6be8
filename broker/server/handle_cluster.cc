// What a cluster of one broker answers about leaders, replicas, coordinators and its log directory.
#include <algorithm>

#include "broker/server/handler.h"

namespace faultline {
namespace {

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

}  // namespace

protocol::ElectLeadersResponse handle(HandlerContext context, const protocol::ElectLeadersRequest& request) {
  protocol::ElectLeadersResponse response;
  for (const auto& [name, indexes] : chosen_partitions(context.broker.topics(), request.topic_partitions)) {
    auto& topic = response.replica_election_results.emplace_back();
    topic.topic = name;
    for (const std::int32_t index : indexes) {
      auto& answer = topic.partition_result.emplace_back();
      answer.partition_id = index;
      const Outcome<std::shared_ptr<Partition>> partition = context.broker.topics().partition(name, index);
      // The only replica leads already, or cannot: its disk failed.
      answer.error_code = partition                                                  ? ErrorCode::election_not_needed
                          : partition.error().code == ErrorCode::kafka_storage_error ? ErrorCode::eligible_leaders_not_available
                                                                                     : partition.error().code;
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
