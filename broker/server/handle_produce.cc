// Produce. The batches are checked and appended in the order in which requests arrive; the answer waits until the records are as
// safe as acks asks: -1, the watermark has passed them; 1, they are durable here; 0, nobody waits.
#include "broker/server/cluster_view.h"
#include "broker/server/handler.h"

namespace faultline {
namespace {

using protocol::ProduceRequest;
using protocol::ProduceResponse;
using PartitionAnswer = ProduceResponse::Topic::Partition;

constexpr bool known_acks(std::int16_t acks) { return acks == 0 || acks == 1 || acks == -1; }

struct Appended {
  std::shared_ptr<Partition> partition;
  std::size_t topic_index;
  std::size_t partition_index;
  CommitTicket ticket;
};

struct Started {
  ProduceResponse response;
  std::vector<Appended> appended;
  Time deadline;
  bool failed = false;
};

void refuse(PartitionAnswer& answer, const Refusal& refusal) {
  answer.error_code = refusal.code;
  answer.base_offset = -1;
  answer.log_append_time_ms = -1;
  if (!refusal.message.empty()) answer.error_message = refusal.message;
}

PartitionAnswer append_one(HandlerContext context, Started& started, const ProduceRequest& request, std::size_t topic_index,
                           const ProduceRequest::Topic::Partition& wanted, std::size_t answer_index, protocol::Version version) {
  PartitionAnswer answer;
  answer.index = wanted.index;
  if (!known_acks(request.acks)) {
    refuse(answer, Refusal(ErrorCode::invalid_required_acks, "acks must be 0, 1 or -1"));
    return answer;
  }
  if (request.transactional_id) {
    refuse(answer, Refusal(ErrorCode::transactional_id_authorization_failed, "this broker has no transactions"));
    return answer;
  }
  Outcome<std::shared_ptr<Partition>> found =
      context.broker.replicas().partition(request.topic_data[topic_index].name, wanted.index);
  if (!found) {
    refuse(answer, found.error());
    return answer;
  }
  const std::shared_ptr<Partition> partition = std::move(*found);
  const Outcome<AppendedBatch> appended =
      context.broker.on_owner(*partition, [&](Partition& owned) { return owned.append(wanted.records, request.acks, version); });
  answer.log_start_offset = partition->log_start_offset();
  if (!appended) {
    refuse(answer, appended.error());
    return answer;
  }
  answer.base_offset = appended->base_offset;
  answer.log_append_time_ms = appended->log_append_time_ms;
  started.appended.push_back({partition, topic_index, answer_index, appended->ticket});
  return answer;
}

/// Who leads the partitions that are not led here, or not in that epoch any more.
void hint_leaders(HandlerContext context, ProduceResponse& response) {
  const metadata::ClusterImage& image = context.broker.image();
  for (ProduceResponse::Topic& topic : response.responses) {
    for (PartitionAnswer& answer : topic.partition_responses) {
      if (is_elsewhere(answer.error_code)) hint_leader(image, find_partition(image, topic.name, answer.index), answer, response);
    }
  }
}

Result<ProduceResponse> finish(HandlerContext context, Started& started, std::int16_t acks) {
  if (acks == 0) {
    // Kafka's rule: the only way to tell a client that waits for no answer is to hang up.
    if (started.failed) return Error(Errc::closed, "a produce with acks=0 failed");
    return std::move(started.response);
  }
  for (const Appended& appended : started.appended) {
    const Outcome<> committed = context.broker.on_owner(
        *appended.partition, [&](Partition& owned) { return owned.wait_committed(appended.ticket, acks, started.deadline); });
    if (!committed) {
      refuse(started.response.responses[appended.topic_index].partition_responses[appended.partition_index], committed.error());
    }
  }
  hint_leaders(context, started.response);
  return std::move(started.response);
}

}  // namespace

FinishProduce start_produce(HandlerContext context, const ProduceRequest& request, protocol::Version version) {
  auto started = std::make_shared<Started>();  // shared only because std::function must be copyable
  started->deadline = after(context.env.clock.now(), std::chrono::milliseconds(std::max(request.timeout_ms, 0)));
  for (std::size_t t = 0; t < request.topic_data.size(); ++t) {
    ProduceResponse::Topic topic;
    topic.name = request.topic_data[t].name;
    for (const auto& wanted : request.topic_data[t].partition_data) {
      topic.partition_responses.push_back(
          append_one(context, *started, request, t, wanted, topic.partition_responses.size(), version));
      started->failed |= topic.partition_responses.back().error_code != ErrorCode::none;
    }
    started->response.responses.push_back(std::move(topic));
  }
  return [context, started, acks = request.acks] { return finish(context, *started, acks); };
}

}  // namespace faultline
