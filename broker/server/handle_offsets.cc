// ListOffsets, OffsetForLeaderEpoch and DeleteRecords: questions and changes about one partition's offsets.
#include <algorithm>
#include <map>
#include <utility>

#include "broker/server/handler.h"

namespace faultline {
namespace {

// The messages of this group name these fields in two ways each.
template <class Named>
auto& name_of(Named& topic) {
  if constexpr (requires { topic.name; }) {
    return topic.name;
  } else {
    return topic.topic;
  }
}
template <class Numbered>
auto& index_of(Numbered& partition) {
  if constexpr (requires { partition.partition_index; }) {
    return partition.partition_index;
  } else {
    return partition.partition;
  }
}

/// Clients of older versions do not know the newer name of "ask again later".
ErrorCode in_words_of(ErrorCode code, protocol::Version version) {
  constexpr protocol::Version offset_not_available_since = 5;
  if (code == ErrorCode::offset_not_available && version < offset_not_available_since) return ErrorCode::leader_not_available;
  return code;
}

/// An answer for every partition of the request, in its order: `blank`, into which `fill(answer, found)` puts what
/// `ask(topic, wanted)` finds, or else its error code.
template <class Response, class Request, class Ask, class Fill>
Response answer_each(const Request& request, Ask ask, Fill fill, const typename Response::Topic::Partition& blank = {}) {
  Response response;
  for (const typename Request::Topic& topic : request.topics) {
    typename Response::Topic& answers = response.topics.emplace_back();
    name_of(answers) = name_of(topic);
    for (const typename Request::Topic::Partition& wanted : topic.partitions) {
      typename Response::Topic::Partition& answer = answers.partitions.emplace_back(blank);
      index_of(answer) = index_of(wanted);
      if (const auto found = ask(name_of(topic), wanted)) {
        fill(answer, *found);
      } else {
        answer.error_code = found.error().code;
      }
    }
  }
  return response;
}

}  // namespace

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
    const std::shared_ptr<Partition> partition = TRY(context.broker.replicas().partition(topic, wanted.partition_index));
    TRY(partition->check_leader_epoch(wanted.current_leader_epoch));
    Outcome<OffsetAndTimestamp> found =
        context.broker.on_owner(*partition, [&](Partition& owned) { return owned.find_offset(asked); });
    if (!found) return Refusal(in_words_of(found.error().code, version), found.error().message);
    return found;
  };
  return answer_each<Response>(request, find, [](Response::Topic::Partition& answer, const OffsetAndTimestamp& found) {
    answer.offset = found.offset;
    answer.timestamp = found.timestamp_ms;
    answer.leader_epoch = found.leader_epoch;
  });
}

protocol::OffsetForLeaderEpochResponse handle(HandlerContext context, const protocol::OffsetForLeaderEpochRequest& request) {
  using Request = protocol::OffsetForLeaderEpochRequest;
  using Response = protocol::OffsetForLeaderEpochResponse;
  const auto find = [&](const std::string& topic, const Request::Topic::Partition& wanted) -> Outcome<EpochEnd> {
    const std::shared_ptr<Partition> partition = TRY(context.broker.replicas().partition(topic, wanted.partition));
    TRY(partition->check_leader_epoch(wanted.current_leader_epoch));
    return context.broker.on_owner(*partition, [&](Partition& owned) { return owned.end_of_epoch(wanted.leader_epoch); });
  };
  return answer_each<Response>(request, find, [](Response::Topic::Partition& answer, const EpochEnd& found) {
    answer.leader_epoch = found.epoch;
    answer.end_offset = found.end_offset;
  });
}

protocol::DeleteRecordsResponse handle(HandlerContext context, const protocol::DeleteRecordsRequest& request) {
  using Request = protocol::DeleteRecordsRequest;
  using Response = protocol::DeleteRecordsResponse;
  // Each is deleted here before the first is waited for: they take as long as one.
  struct UnderWay {
    std::shared_ptr<Partition> partition;
    Deletion deletion;
  };
  std::map<std::pair<std::string, std::int32_t>, UnderWay> under_way;
  const auto remove = [&](const std::string& topic, const Request::Topic::Partition& wanted) -> Outcome<std::int64_t> {
    std::shared_ptr<Partition> partition = TRY(context.broker.replicas().partition(topic, wanted.partition_index));
    const Deletion deletion =
        TRY(context.broker.on_owner(*partition, [&](Partition& owned) { return owned.delete_records_before(wanted.offset); }));
    under_way.insert_or_assign({topic, wanted.partition_index}, UnderWay{std::move(partition), deletion});
    return deletion.offset;
  };
  Response::Topic::Partition blank;
  blank.low_watermark = -1;
  auto response = answer_each<Response>(
      request, remove, [](Response::Topic::Partition& answer, std::int64_t deleted) { answer.low_watermark = deleted; }, blank);
  const Time deadline = after(context.env.clock.now(), std::chrono::milliseconds(std::max(request.timeout_ms, 0)));
  for (Response::Topic& topic : response.topics) {
    for (Response::Topic::Partition& answer : topic.partitions) {
      if (answer.error_code != ErrorCode::none) continue;
      const UnderWay& one = under_way.at({topic.name, answer.partition_index});
      const Outcome<std::int64_t> low = one.partition->wait_deleted(one.deletion, deadline);
      answer.low_watermark = low ? *low : blank.low_watermark;
      if (!low) answer.error_code = low.error().code;
    }
  }
  return response;
}

}  // namespace faultline
