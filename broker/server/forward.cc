#include "broker/server/forward.h"

namespace faultline {
namespace {

// A change that is under way when the broker is told to stop has this long. In a healthy cluster it takes milliseconds.
constexpr Duration patience_at_stop = 2s;

template <class Answer>
void refuse(Answer& answer, const Refusal& why) {
  answer.error_code = why.code;
  answer.error_message = why.message;
}

template <class Request>
client::Answer<Request> resources_refused(const Request& request, const Refusal& why) {
  client::Answer<Request> response;
  for (const auto& resource : request.resources) {
    auto& answer = response.responses.emplace_back();
    answer.resource_type = resource.resource_type;
    answer.resource_name = resource.resource_name;
    refuse(answer, why);
  }
  return response;
}

}  // namespace

Result<> wait_for_metadata(HandlerContext context, const std::function<bool()>& holds, Time deadline) {
  while (!holds()) {
    const std::int64_t next = context.broker.replicas().applied() + 1;
    TRY(context.broker.wait_metadata(next, deadline));
  }
  return {};
}

void while_wanted(HandlerContext context, const std::function<void()>& work) {
  Event news;
  bool finished = false;
  TaskGroup group(context.env.tasks);
  group.spawn("forward", [&] {
    work();
    finished = true;
    news.set();
  });
  const LongPolls::Membership poll(context.polls, news);
  if (!context.polls.ended()) static_cast<void>(news.wait());
  if (!finished) {
    news.reset();
    static_cast<void>(news.wait(after(context.env.clock.now(), patience_at_stop)));
  }
  group.cancel();
  group.join();
}

protocol::AlterConfigsResponse refused(const protocol::AlterConfigsRequest& request, const Refusal& why) {
  return resources_refused(request, why);
}

protocol::IncrementalAlterConfigsResponse refused(const protocol::IncrementalAlterConfigsRequest& request, const Refusal& why) {
  return resources_refused(request, why);
}

protocol::CreatePartitionsResponse refused(const protocol::CreatePartitionsRequest& request, const Refusal& why) {
  protocol::CreatePartitionsResponse response;
  for (const auto& topic : request.topics) {
    auto& answer = response.results.emplace_back();
    answer.name = topic.name;
    refuse(answer, why);
  }
  return response;
}

protocol::CreateTopicsResponse refused(const protocol::CreateTopicsRequest& request, const Refusal& why) {
  protocol::CreateTopicsResponse response;
  for (const auto& topic : request.topics) {
    auto& answer = response.topics.emplace_back();
    answer.name = topic.name;
    refuse(answer, why);
  }
  return response;
}

protocol::DeleteTopicsResponse refused(const protocol::DeleteTopicsRequest& request, const Refusal& why) {
  protocol::DeleteTopicsResponse response;
  for (const auto& topic : request.topics) {
    auto& answer = response.responses.emplace_back();
    answer.name = topic.name;
    answer.topic_id = topic.topic_id;
    refuse(answer, why);
  }
  return response;
}

}  // namespace faultline
