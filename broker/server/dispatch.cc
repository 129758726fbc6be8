#include "broker/server/dispatch.h"

#include <array>

namespace faultline {
namespace {

using protocol::ApiKey;
using protocol::RequestHeader;

struct Call {
  HandlerContext context;
  RequestHeader header;
  Slice body;
};

using Start = Result<FinishRequest> (*)(Call call);

template <class Response>
Reply reply_to(const RequestHeader& header, const Response& response) {
  return Reply{protocol::response_frame(header.correlation_id, header.api_version, response), {}};
}

/// For the handlers that do all their work when their turn comes.
template <class Request>
Result<FinishRequest> start_plain(Call call) {
  return FinishRequest([call = std::move(call)]() -> Result<Reply> {
    const Request request = TRY(protocol::decode<Request>(call.body, call.header.api_version));
    if constexpr (requires { handle(call.context, request, call.header.api_version); }) {
      return reply_to(call.header, handle(call.context, request, call.header.api_version));
    } else {
      return reply_to(call.header, handle(call.context, request));
    }
  });
}

Result<FinishRequest> start_fetch(Call call) {
  return FinishRequest([call = std::move(call)]() -> Result<Reply> {
    const auto request = TRY(protocol::decode<protocol::FetchRequest>(call.body, call.header.api_version));
    FetchAnswer answer = TRY(handle_fetch(call.context, request, call.header.api_version));
    Reply reply = reply_to(call.header, answer.response);
    reply.memory = std::move(answer.memory);
    return reply;
  });
}

Result<FinishRequest> start_produce_request(Call call) {
  const auto request = TRY(protocol::decode<protocol::ProduceRequest>(call.body, call.header.api_version));
  const bool answered = request.acks != 0;
  FinishProduce finish = start_produce(call.context, request, call.header.api_version);
  return FinishRequest([header = std::move(call.header), answered, finish = std::move(finish)]() -> Result<Reply> {
    const protocol::ProduceResponse response = TRY(finish());
    return answered ? reply_to(header, response) : Reply{};
  });
}

Result<FinishRequest> start_api_versions(Call call);

struct Row {
  ApiKey key;
  Start start;
};

/// What this broker serves. ApiVersions tells clients exactly this.
constexpr std::array served{
    Row{ApiKey::produce, start_produce_request},
    Row{ApiKey::fetch, start_fetch},
    Row{ApiKey::list_offsets, start_plain<protocol::ListOffsetsRequest>},
    Row{ApiKey::metadata, start_plain<protocol::MetadataRequest>},
    Row{ApiKey::find_coordinator, start_plain<protocol::FindCoordinatorRequest>},
    Row{ApiKey::api_versions, start_api_versions},
    Row{ApiKey::create_topics, start_plain<protocol::CreateTopicsRequest>},
    Row{ApiKey::delete_topics, start_plain<protocol::DeleteTopicsRequest>},
    Row{ApiKey::delete_records, start_plain<protocol::DeleteRecordsRequest>},
    Row{ApiKey::init_producer_id, start_plain<protocol::InitProducerIdRequest>},
    Row{ApiKey::offset_for_leader_epoch, start_plain<protocol::OffsetForLeaderEpochRequest>},
    Row{ApiKey::describe_configs, start_plain<protocol::DescribeConfigsRequest>},
    Row{ApiKey::alter_configs, start_plain<protocol::AlterConfigsRequest>},
    Row{ApiKey::describe_log_dirs, start_plain<protocol::DescribeLogDirsRequest>},
    Row{ApiKey::create_partitions, start_plain<protocol::CreatePartitionsRequest>},
    Row{ApiKey::elect_leaders, start_plain<protocol::ElectLeadersRequest>},
    Row{ApiKey::incremental_alter_configs, start_plain<protocol::IncrementalAlterConfigsRequest>},
    Row{ApiKey::alter_partition_reassignments, start_plain<protocol::AlterPartitionReassignmentsRequest>},
    Row{ApiKey::list_partition_reassignments, start_plain<protocol::ListPartitionReassignmentsRequest>},
    Row{ApiKey::describe_cluster, start_plain<protocol::DescribeClusterRequest>},
    Row{ApiKey::describe_topic_partitions, start_plain<protocol::DescribeTopicPartitionsRequest>},
};

protocol::ApiVersionsResponse::ApiVersion range_of(ApiKey key) {
  const protocol::ApiInfo info = protocol::api_info(key);
  return {.api_key = key, .min_version = info.advertised_min, .max_version = info.max_version};
}

Result<FinishRequest> start_api_versions(Call call) {
  if (!protocol::api_info(ApiKey::api_versions).has(call.header.api_version)) {
    // The client is newer than we are: tell it our range in the one form that every client reads.
    return FinishRequest([header = std::move(call.header)]() -> Result<Reply> {
      protocol::ApiVersionsResponse response;
      response.error_code = ErrorCode::unsupported_version;
      response.api_keys.push_back(range_of(ApiKey::api_versions));
      return Reply{protocol::response_frame(header.correlation_id, 0, response), {}};
    });
  }
  return FinishRequest([call = std::move(call)]() -> Result<Reply> {
    TRY(protocol::decode<protocol::ApiVersionsRequest>(call.body, call.header.api_version));
    protocol::ApiVersionsResponse response;
    for (const Row& row : served) response.api_keys.push_back(range_of(row.key));
    return reply_to(call.header, response);
  });
}

}  // namespace

Result<FinishRequest> Dispatcher::start(const Slice& frame, LongPolls& polls) {
  protocol::Reader reader(frame);
  RequestHeader header = TRY(protocol::decode_request_header(reader));
  for (const Row& row : served) {
    if (row.key == header.api_key) {
      return row.start(Call{{env_, broker_, response_memory_, polls}, std::move(header), reader.rest()});
    }
  }
  return Error(Errc::unsupported, "API " + std::string(to_string(header.api_key)) + " is not served");
}

}  // namespace faultline
