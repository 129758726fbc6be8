// ElectLeaders on the wire and as the controller has it. Asked for all partitions, it is silent about those that need no election.
#include "broker/protocol/elect_leaders.h"

#include "broker/control/decisions.h"

namespace faultline::control {

namespace {

using protocol::ElectLeadersRequest;
using protocol::ElectLeadersResponse;

std::vector<ElectLeadersRequest::Topic> all_partitions(const metadata::ClusterImage& image) {
  std::vector<ElectLeadersRequest::Topic> all;
  for (const auto& [id, topic] : image.topics()) {
    auto& named = all.emplace_back();
    named.topic = topic.name;
    for (const auto& partition : topic.partitions) named.partitions.push_back(partition.partition);
  }
  return all;
}

Outcome<controller::Election> election_of(protocol::ElectionType type) {
  if (type == protocol::ElectionType::preferred) return controller::Election::preferred;
  if (type == protocol::ElectionType::unclean) return controller::Election::unclean;
  return Refusal(ErrorCode::invalid_request, "unknown kind of election");
}

/// Version 0 has no place for an error of the whole request, so each partition says it too.
ElectLeadersResponse refuse(const ElectLeadersRequest& request, const Refusal& why) {
  ElectLeadersResponse response;
  response.error_code = why.code;
  if (!request.topic_partitions) return response;
  for (const auto& topic : *request.topic_partitions) {
    auto& answers = response.replica_election_results.emplace_back();
    answers.topic = topic.topic;
    for (const std::int32_t index : topic.partitions) {
      auto& answer = answers.partition_result.emplace_back();
      answer.partition_id = index;
      set_outcome(answer, Outcome<>(why));
    }
  }
  return response;
}

Outcome<> elect(Controller& controller, const std::string& topic, std::int32_t partition, controller::Election election) {
  const metadata::TopicImage* known = controller.image().topic(topic);
  if (known == nullptr) return Refusal(ErrorCode::unknown_topic_or_partition, "there is no topic '" + topic + "'");
  return controller.elect_leader({known->id, partition}, election);
}

ElectLeadersResponse decide(Controller& controller, const ElectLeadersRequest& request) {
  const Outcome<controller::Election> election = election_of(request.election_type);
  if (!election) return refuse(request, election.error());
  const bool all = !request.topic_partitions.has_value();
  ElectLeadersResponse response;
  for (const auto& topic : all ? all_partitions(controller.image()) : *request.topic_partitions) {
    ElectLeadersResponse::Topic answers;
    answers.topic = topic.topic;
    for (const std::int32_t index : topic.partitions) {
      const Outcome<> elected = elect(controller, topic.topic, index, *election);
      if (all && !elected && elected.error().code == ErrorCode::election_not_needed) continue;
      auto& answer = answers.partition_result.emplace_back();
      answer.partition_id = index;
      set_outcome(answer, elected);
    }
    if (!answers.partition_result.empty()) response.replica_election_results.push_back(std::move(answers));
  }
  return response;
}

}  // namespace

ElectLeadersResponse ControllerService::handle(const ElectLeadersRequest& request) {
  return decided(
      deadline_in(request.timeout_ms), [&](Controller& controller) { return decide(controller, request); },
      [&](const Refusal& why) { return refuse(request, why); });
}

}  // namespace faultline::control
