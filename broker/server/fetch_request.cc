#include "broker/server/fetch_request.h"

#include "broker/server/cluster_view.h"

namespace faultline {
namespace {

using protocol::FetchRequest;
using protocol::FetchResponse;
using PartitionAnswer = FetchResponse::Topic::Partition;

constexpr protocol::Version topic_ids_since = 13;
constexpr protocol::Version replica_state_since = 15;

}  // namespace

Fetcher fetcher_of(const FetchRequest& request, protocol::Version version) {
  if (version < replica_state_since) return {request.replica_id, replication::unknown_broker_epoch};
  return {request.replica_state.replica_id, request.replica_state.replica_epoch};
}

std::vector<FetchTarget> find_targets(HandlerContext context, const FetchRequest& request, protocol::Version version,
                                      FetchResponse& response) {
  const Replicas& replicas = context.broker.replicas();
  std::vector<FetchTarget> targets;
  response.responses.resize(request.topics.size());  // the places stay where they are from now on
  for (std::size_t t = 0; t < request.topics.size(); ++t) {
    const FetchRequest::Topic& topic = request.topics[t];
    FetchResponse::Topic& answers = response.responses[t];
    answers.topic = topic.topic;
    answers.topic_id = topic.topic_id;
    answers.partitions.resize(topic.partitions.size());
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const FetchRequest::Topic::Partition& wanted = topic.partitions[i];
      PartitionAnswer& answer = answers.partitions[i];
      answer.partition_index = wanted.partition;
      Outcome<std::shared_ptr<Partition>> found = version >= topic_ids_since
                                                      ? replicas.partition(topic.topic_id, wanted.partition)
                                                      : replicas.partition(topic.topic, wanted.partition);
      if (found) {
        const std::int32_t epoch = (*found)->leader_epoch();
        targets.push_back({*std::move(found), &wanted, &answer, epoch});
      } else {
        refuse_fetch(answer, found.error().code);
      }
    }
  }
  return targets;
}

void refuse_fetch(PartitionAnswer& answer, ErrorCode code) {
  answer.error_code = code;
  answer.high_watermark = -1;
  answer.last_stable_offset = -1;
  answer.log_start_offset = -1;
  answer.records = {};
}

void hint_leaders(HandlerContext context, FetchResponse& response) {
  const metadata::ClusterImage& image = context.broker.image();
  for (FetchResponse::Topic& topic : response.responses) {
    for (PartitionAnswer& answer : topic.partitions) {
      if (!is_elsewhere(answer.error_code)) continue;
      const metadata::PartitionRecord* partition = topic.topic.empty()
                                                       ? image.partition(topic.topic_id, answer.partition_index)
                                                       : find_partition(image, topic.topic, answer.partition_index);
      hint_leader(image, partition, answer, response);
    }
  }
}

bool has_errors(const FetchResponse& response) {
  return std::ranges::any_of(response.responses, [](const FetchResponse::Topic& topic) {
    return std::ranges::any_of(topic.partitions,
                               [](const PartitionAnswer& answer) { return answer.error_code != ErrorCode::none; });
  });
}

std::size_t record_bytes(const FetchResponse& response) {
  std::size_t total = 0;
  for (const FetchResponse::Topic& topic : response.responses) {
    for (const PartitionAnswer& partition : topic.partitions) total += partition.records.size();
  }
  return total;
}

}  // namespace faultline
