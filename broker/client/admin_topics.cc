#include <algorithm>

#include "broker/client/admin.h"
#include "broker/protocol/create_partitions.h"
#include "broker/protocol/create_topics.h"
#include "broker/protocol/delete_records.h"
#include "broker/protocol/delete_topics.h"

namespace faultline::client {
namespace {

using protocol::ErrorCode;

// How long a broker may take for a change when the caller has set no deadline.
constexpr std::int64_t broker_timeout_ms_max = 60'000;

/// What the broker said about one thing; after REQUEST_TIMED_OUT it may still carry it out.
ClientResult<> outcome(ErrorCode code, const std::string& subject, const std::optional<std::string>& message) {
  if (code == ErrorCode::none) return {};
  return ClientError(code, message.has_value() ? *message : subject)
      .indefinite_if(code == ErrorCode::request_timed_out || code == ErrorCode::unknown_server_error);
}

ClientError left_out(const std::string& subject) { return Error(Errc::malformed, "the answer leaves out " + subject); }

}  // namespace

std::int32_t Admin::timeout_ms(Time deadline) const {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - cluster_.clock().now()).count();
  return static_cast<std::int32_t>(std::clamp<std::int64_t>(left, 1, broker_timeout_ms_max));
}

ClientResult<> Admin::create_topic(const NewTopic& topic, Time deadline, bool validate_only) {
  protocol::CreateTopicsRequest request;
  request.validate_only = validate_only;
  request.topics.push_back({topic.name, topic.partitions, topic.replication_factor, {}, {}});
  for (const auto& [name, value] : topic.configs) request.topics.front().configs.push_back({name, value});
  return retrying(deadline, [&]() -> ClientResult<> {
    request.timeout_ms = timeout_ms(deadline);
    const auto answer = TRY(cluster_.call_controller(request, {.deadline = deadline}));
    for (const auto& said : answer.topics) {
      if (said.name == topic.name) return outcome(said.error_code, topic.name, said.error_message);
    }
    return left_out(topic.name).indefinite_if(true);
  });
}

ClientResult<> Admin::delete_topic(const std::string& topic, Time deadline) {
  protocol::DeleteTopicsRequest request;
  request.topics.push_back({topic, {}});
  request.topic_names.push_back(topic);
  return retrying(deadline, [&]() -> ClientResult<> {
    request.timeout_ms = timeout_ms(deadline);
    const auto answer = TRY(cluster_.call_controller(request, {.deadline = deadline}));
    for (const auto& said : answer.responses) {
      if (said.name == topic) return outcome(said.error_code, topic, said.error_message);
    }
    return left_out(topic).indefinite_if(true);
  });
}

ClientResult<> Admin::create_partitions(const std::string& topic, std::int32_t total, Time deadline) {
  protocol::CreatePartitionsRequest request;
  request.topics.push_back({topic, total, std::nullopt});
  return retrying(deadline, [&]() -> ClientResult<> {
    request.timeout_ms = timeout_ms(deadline);
    const auto answer = TRY(cluster_.call_controller(request, {.deadline = deadline}));
    for (const auto& said : answer.results) {
      if (said.name == topic) return outcome(said.error_code, topic, said.error_message);
    }
    return left_out(topic).indefinite_if(true);
  });
}

ClientResult<std::map<std::string, TopicMetadata, std::less<>>> Admin::list_topics(Time deadline) {
  Metadata metadata = TRY(cluster_.describe(std::nullopt, deadline));
  return std::move(metadata.topics);
}

ClientResult<TopicMetadata> Admin::describe_topic(const std::string& topic, Time deadline) {
  const Metadata metadata = TRY(cluster_.describe(std::vector<std::string>{topic}, deadline));
  const TopicMetadata* found = metadata.topic(topic);
  if (found == nullptr) return ClientError(ErrorCode::unknown_topic_or_partition, topic);
  if (found->error != ErrorCode::none) return ClientError(found->error, topic);
  return *found;
}

ClientResult<std::int64_t> Admin::delete_records(const TopicPartition& partition, std::int64_t offset, Time deadline) {
  protocol::DeleteRecordsRequest request;
  request.topics.push_back({partition.topic, {{partition.partition, offset}}});
  return retrying(deadline, [&]() -> ClientResult<std::int64_t> {
    const Leader leader = TRY(cluster_.leader(partition, deadline));
    request.timeout_ms = timeout_ms(deadline);
    const auto answer = TRY(cluster_.call(leader.broker, request, {.deadline = deadline}));
    for (const auto& topic : answer.topics) {
      for (const auto& said : topic.partitions) {
        if (topic.name != partition.topic || said.partition_index != partition.partition) continue;
        if (said.error_code == ErrorCode::none) return said.low_watermark;
        if (wants_metadata(said.error_code)) cluster_.mark_stale(partition.topic);
        return outcome(said.error_code, to_string(partition), std::nullopt).error();
      }
    }
    return left_out(to_string(partition)).indefinite_if(true);
  });
}

ClientResult<std::map<TopicPartition, ClientResult<FoundOffset>>> Admin::offsets(
    const std::map<TopicPartition, std::int64_t>& wanted, Time deadline, Isolation isolation) {
  return list_offsets(cluster_, wanted, isolation, deadline);
}

}  // namespace faultline::client
