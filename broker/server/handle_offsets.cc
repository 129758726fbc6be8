// ListOffsets, OffsetForLeaderEpoch and DeleteRecords: questions and changes about one partition's offsets.
#include "broker/server/handler.h"

namespace faultline {

protocol::ListOffsetsResponse handle(HandlerContext context, const protocol::ListOffsetsRequest& request,
                                     protocol::Version version) {
  using Request = protocol::ListOffsetsRequest;
  using Response = protocol::ListOffsetsResponse;
  constexpr std::int64_t max_timestamp = -3;
  constexpr std::int64_t earliest_local = -4;
  constexpr protocol::Version max_timestamp_since = 7;
  constexpr protocol::Version earliest_local_since = 8;
  const auto find = [&](const std::string& topic, const Request::Topic::Partition& wanted) -> Outcome<OffsetAndTimestamp> {
    const std::int64_t asked = wanted.timestamp;
    if ((asked == max_timestamp && version < max_timestamp_since) ||
        (asked == earliest_local && version < earliest_local_since) || asked < earliest_local) {
      return Refusal(ErrorCode::unsupported_version, "no such special timestamp");
    }
    const std::shared_ptr<Partition> partition = TRY(context.broker.topics().partition(topic, wanted.partition_index));
    TRY(partition->check_leader_epoch(wanted.current_leader_epoch));
    return context.broker.on_owner(*partition, [&](Partition& owned) { return owned.find_offset(asked); });
  };
  Response response;
  for (const Request::Topic& topic : request.topics) {
    Response::Topic& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const Request::Topic::Partition& wanted : topic.partitions) {
      Response::Topic::Partition& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      const Outcome<OffsetAndTimestamp> found = find(topic.name, wanted);
      if (found) {
        answer.offset = found->offset;
        answer.timestamp = found->timestamp_ms;
        answer.leader_epoch = found->leader_epoch;
      } else {
        answer.error_code = found.error().code;
      }
    }
  }
  return response;
}

protocol::OffsetForLeaderEpochResponse handle(HandlerContext context, const protocol::OffsetForLeaderEpochRequest& request) {
  using Request = protocol::OffsetForLeaderEpochRequest;
  using Response = protocol::OffsetForLeaderEpochResponse;
  const auto find = [&](const std::string& topic, const Request::Topic::Partition& wanted) -> Outcome<EpochEnd> {
    const std::shared_ptr<Partition> partition = TRY(context.broker.topics().partition(topic, wanted.partition));
    TRY(partition->check_leader_epoch(wanted.current_leader_epoch));
    return context.broker.on_owner(*partition, [&](Partition& owned) { return owned.end_of_epoch(wanted.leader_epoch); });
  };
  Response response;
  for (const Request::Topic& topic : request.topics) {
    Response::Topic& answers = response.topics.emplace_back();
    answers.topic = topic.topic;
    for (const Request::Topic::Partition& wanted : topic.partitions) {
      Response::Topic::Partition& answer = answers.partitions.emplace_back();
      answer.partition = wanted.partition;
      const Outcome<EpochEnd> found = find(topic.topic, wanted);
      if (found) {
        answer.leader_epoch = found->epoch;
        answer.end_offset = found->end_offset;
      } else {
        answer.error_code = found.error().code;
      }
    }
  }
  return response;
}

protocol::DeleteRecordsResponse handle(HandlerContext context, const protocol::DeleteRecordsRequest& request) {
  using Request = protocol::DeleteRecordsRequest;
  using Response = protocol::DeleteRecordsResponse;
  const auto remove = [&](const std::string& topic, const Request::Topic::Partition& wanted) -> Outcome<std::int64_t> {
    const std::shared_ptr<Partition> partition = TRY(context.broker.topics().partition(topic, wanted.partition_index));
    return context.broker.on_owner(*partition, [&](Partition& owned) { return owned.delete_records_before(wanted.offset); });
  };
  Response response;
  for (const Request::Topic& topic : request.topics) {
    Response::Topic& answers = response.topics.emplace_back();
    answers.name = topic.name;
    for (const Request::Topic::Partition& wanted : topic.partitions) {
      Response::Topic::Partition& answer = answers.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      answer.low_watermark = -1;
      const Outcome<std::int64_t> removed = remove(topic.name, wanted);
      if (removed) {
        answer.low_watermark = *removed;
      } else {
        answer.error_code = removed.error().code;
      }
    }
  }
  return response;
}

}  // namespace faultline
