// Leaders, reassignments, features, brokers and voters: the controller decides. And what a broker says of its coordinators and its log
// directory.
#include <map>
#include <vector>

#include "broker/server/forward.h"
#include "broker/server/handler.h"

namespace faultline {

protocol::AddRaftVoterResponse handle(HandlerContext context, const protocol::AddRaftVoterRequest& request) {
  return forward(context, request);
}

protocol::AlterPartitionReassignmentsResponse handle(HandlerContext context,
                                                     const protocol::AlterPartitionReassignmentsRequest& request) {
  return forward(context, request);
}

protocol::DescribeQuorumResponse handle(HandlerContext context, const protocol::DescribeQuorumRequest& request) {
  return forward(context, request);
}

protocol::ElectLeadersResponse handle(HandlerContext context, const protocol::ElectLeadersRequest& request) {
  return forward(context, request);
}

protocol::ListPartitionReassignmentsResponse handle(HandlerContext context,
                                                    const protocol::ListPartitionReassignmentsRequest& request) {
  return forward(context, request);
}

protocol::RemoveRaftVoterResponse handle(HandlerContext context, const protocol::RemoveRaftVoterRequest& request) {
  return forward(context, request);
}

protocol::UnregisterBrokerResponse handle(HandlerContext context, const protocol::UnregisterBrokerRequest& request) {
  return forward(context, request);
}

protocol::UpdateFeaturesResponse handle(HandlerContext context, const protocol::UpdateFeaturesRequest& request,
                                        protocol::Version version) {
  constexpr protocol::Version kinds_since = 1;
  constexpr protocol::Version one_error_since = 2;
  // The controller is asked in the newest version, which has other words for two things.
  protocol::UpdateFeaturesRequest current = request;
  for (auto& update : current.feature_updates) {
    if (version < kinds_since && update.allow_downgrade) update.upgrade_type = protocol::FeatureUpgradeType::safe_downgrade;
  }
  protocol::UpdateFeaturesResponse response = forward(context, current);
  if (version < one_error_since && response.results.empty()) {
    for (const auto& update : request.feature_updates)
      response.results.push_back({update.feature, response.error_code, response.error_message});
  }
  return response;
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
  std::map<PartitionId, std::shared_ptr<Partition>> here;
  for (const std::shared_ptr<Partition>& partition : context.broker.replicas().partitions()) here[partition->id()] = partition;
  std::map<std::string, std::vector<std::int32_t>> wanted;
  if (request.topics) {
    for (const auto& topic : *request.topics) {
      std::vector<std::int32_t>& indexes = wanted[topic.topic];
      indexes.insert(indexes.end(), topic.partitions.begin(), topic.partitions.end());
    }
  } else {
    for (const auto& [id, partition] : here) wanted[id.topic].push_back(id.index);
  }
  protocol::DescribeLogDirsResponse response;
  auto& directory = response.results.emplace_back();
  directory.log_dir = context.broker.log_directory();
  for (const auto& [name, indexes] : wanted) {
    auto topic = decltype(directory.topics)::value_type{};
    topic.name = name;
    for (const std::int32_t index : indexes) {
      const auto found = here.find({name, index});
      if (found == here.end()) continue;  // Kafka leaves out what is not in the directory
      const Partition& partition = *found->second;
      auto& answer = topic.partitions.emplace_back();
      answer.partition_index = index;
      answer.partition_size = static_cast<std::int64_t>(partition.log().size_bytes());
      answer.offset_lag = std::max<std::int64_t>(partition.high_watermark() - partition.log_end_offset(), 0);
    }
    if (!topic.partitions.empty()) directory.topics.push_back(std::move(topic));
  }
  return response;
}

}  // namespace faultline
