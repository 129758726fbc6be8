#include "broker/server/dispatch.h"

#include <array>

#include "broker/server/dispatch_table.h"

namespace faultline {
namespace {

using protocol::ApiKey;
using BrokerCall = Call<HandlerContext>;

template <class Request>
Result<FinishRequest> start_plain(BrokerCall call) {
  return start_with<Request>(std::move(call), [](const BrokerCall& taken, const Request& request) {
    if constexpr (requires { handle(taken.context, request, taken.header.api_version); }) {
      return handle(taken.context, request, taken.header.api_version);
    } else {
      return handle(taken.context, request);
    }
  });
}

Result<FinishRequest> start_fetch(BrokerCall call) {
  return FinishRequest([call = std::move(call)]() -> Result<Reply> {
    const auto request = TRY(protocol::decode<protocol::FetchRequest>(call.body, call.header.api_version));
    FetchAnswer answer = TRY(handle_fetch(call.context, request, call.header.api_version));
    Reply reply = reply_to(call.header, answer.response);
    reply.memory = std::move(answer.memory);
    return reply;
  });
}

Result<FinishRequest> start_produce_request(BrokerCall call) {
  const auto request = TRY(protocol::decode<protocol::ProduceRequest>(call.body, call.header.api_version));
  const bool answered = request.acks != 0;
  FinishProduce finish = start_produce(call.context, request, call.header.api_version);
  return FinishRequest([header = std::move(call.header), answered, finish = std::move(finish)]() -> Result<Reply> {
    const protocol::ProduceResponse response = TRY(finish());
    return answered ? reply_to(header, response) : Reply{};
  });
}

Result<FinishRequest> start_versions(BrokerCall call);

/// What a broker serves. ApiVersions tells clients exactly this.
constexpr std::array served{
    ServedApi<HandlerContext>{ApiKey::produce, start_produce_request},
    ServedApi<HandlerContext>{ApiKey::fetch, start_fetch},
    ServedApi<HandlerContext>{ApiKey::list_offsets, start_plain<protocol::ListOffsetsRequest>},
    ServedApi<HandlerContext>{ApiKey::metadata, start_plain<protocol::MetadataRequest>},
    ServedApi<HandlerContext>{ApiKey::find_coordinator, start_plain<protocol::FindCoordinatorRequest>},
    ServedApi<HandlerContext>{ApiKey::api_versions, start_versions},
    ServedApi<HandlerContext>{ApiKey::create_topics, start_plain<protocol::CreateTopicsRequest>},
    ServedApi<HandlerContext>{ApiKey::delete_topics, start_plain<protocol::DeleteTopicsRequest>},
    ServedApi<HandlerContext>{ApiKey::delete_records, start_plain<protocol::DeleteRecordsRequest>},
    ServedApi<HandlerContext>{ApiKey::init_producer_id, start_plain<protocol::InitProducerIdRequest>},
    ServedApi<HandlerContext>{ApiKey::offset_for_leader_epoch, start_plain<protocol::OffsetForLeaderEpochRequest>},
    ServedApi<HandlerContext>{ApiKey::describe_configs, start_plain<protocol::DescribeConfigsRequest>},
    ServedApi<HandlerContext>{ApiKey::alter_configs, start_plain<protocol::AlterConfigsRequest>},
    ServedApi<HandlerContext>{ApiKey::describe_log_dirs, start_plain<protocol::DescribeLogDirsRequest>},
    ServedApi<HandlerContext>{ApiKey::create_partitions, start_plain<protocol::CreatePartitionsRequest>},
    ServedApi<HandlerContext>{ApiKey::elect_leaders, start_plain<protocol::ElectLeadersRequest>},
    ServedApi<HandlerContext>{ApiKey::incremental_alter_configs, start_plain<protocol::IncrementalAlterConfigsRequest>},
    ServedApi<HandlerContext>{ApiKey::alter_partition_reassignments, start_plain<protocol::AlterPartitionReassignmentsRequest>},
    ServedApi<HandlerContext>{ApiKey::list_partition_reassignments, start_plain<protocol::ListPartitionReassignmentsRequest>},
    ServedApi<HandlerContext>{ApiKey::describe_quorum, start_plain<protocol::DescribeQuorumRequest>},
    ServedApi<HandlerContext>{ApiKey::update_features, start_plain<protocol::UpdateFeaturesRequest>},
    ServedApi<HandlerContext>{ApiKey::describe_cluster, start_plain<protocol::DescribeClusterRequest>},
    ServedApi<HandlerContext>{ApiKey::unregister_broker, start_plain<protocol::UnregisterBrokerRequest>},
    ServedApi<HandlerContext>{ApiKey::describe_topic_partitions, start_plain<protocol::DescribeTopicPartitionsRequest>},
    ServedApi<HandlerContext>{ApiKey::add_raft_voter, start_plain<protocol::AddRaftVoterRequest>},
    ServedApi<HandlerContext>{ApiKey::remove_raft_voter, start_plain<protocol::RemoveRaftVoterRequest>},
};
constexpr std::span<const ServedApi<HandlerContext>> table{served};

Result<FinishRequest> start_versions(BrokerCall call) {
  return start_api_versions(call.header, call.body, keys_of(table), call.context.broker.image());
}

}  // namespace

Result<FinishRequest> Dispatcher::start(const Slice& frame, LongPolls& polls) {
  return start_call(table, HandlerContext{env_, broker_, response_memory_, polls}, frame);
}

}  // namespace faultline
