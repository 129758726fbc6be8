// DeleteTopics on the wire and as the controller has it: by name, or by id.
#include "broker/protocol/delete_topics.h"

#include "broker/control/decisions.h"
#include "broker/control/repeats.h"

namespace faultline::control {

namespace {

using protocol::DeleteTopicsRequest;
using protocol::DeleteTopicsResponse;

/// Both forms of the request as one.
std::vector<DeleteTopicsRequest::Topic> topics_of(const DeleteTopicsRequest& request) {
  std::vector<DeleteTopicsRequest::Topic> topics = request.topics;
  for (const std::string& name : request.topic_names) topics.push_back({name, {}});
  return topics;
}

Outcome<> remove(Controller& controller, DeleteTopicsResponse::Topic& answer) {
  const metadata::ClusterImage& image = controller.image();
  const metadata::TopicImage* topic = answer.name ? image.topic(*answer.name) : image.topic(answer.topic_id);
  if (topic == nullptr) return Refusal(answer.name ? ErrorCode::unknown_topic_or_partition : ErrorCode::unknown_topic_id);
  answer.name = topic->name;
  answer.topic_id = topic->id;
  return controller.delete_topic(answer.topic_id);
}

DeleteTopicsResponse decide(Controller& controller, const DeleteTopicsRequest& request) {
  DeleteTopicsResponse response;
  answer_each(
      topics_of(request), [](const auto& topic) { return std::pair(topic.name, topic.topic_id); },
      [&](const DeleteTopicsRequest::Topic& topic, const Outcome<>& once) {
        auto& answer = response.responses.emplace_back();
        answer.name = topic.name;
        answer.topic_id = topic.topic_id;
        set_outcome(answer, once ? remove(controller, answer) : once);
      });
  return response;
}

DeleteTopicsResponse refuse(const DeleteTopicsRequest& request, const Refusal& why) {
  DeleteTopicsResponse response;
  for (const DeleteTopicsRequest::Topic& topic : topics_of(request)) {
    auto& answer = response.responses.emplace_back();
    answer.name = topic.name;
    answer.topic_id = topic.topic_id;
    set_outcome(answer, Outcome<>(why));
  }
  return response;
}

}  // namespace

DeleteTopicsResponse ControllerService::handle(const DeleteTopicsRequest& request) {
  return decided(
      deadline_in(request.timeout_ms), [&](Controller& controller) { return decide(controller, request); },
      [&](const Refusal& why) { return refuse(request, why); });
}

}  // namespace faultline::control
