// What a handler is: a function from a decoded request to a response, in a file of its own. The table in dispatch.cc names them.
#pragma once

#include "broker/node/broker.h"
#include "broker/protocol/frame.h"
#include "broker/protocol/messages.h"
#include "broker/server/connection.h"
#include "broker/server/long_polls.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline {

/// Everything a handler may use; all of it outlives the request.
struct HandlerContext {
  Env& env;
  Broker& broker;
  Semaphore& response_memory;
  LongPolls& polls;
};

// One per API, alphabetical. Each answers with error codes inside the response; none fails as a whole.
protocol::AddRaftVoterResponse handle(HandlerContext context, const protocol::AddRaftVoterRequest& request);
protocol::AlterConfigsResponse handle(HandlerContext context, const protocol::AlterConfigsRequest& request);
protocol::AlterPartitionReassignmentsResponse handle(HandlerContext context,
                                                     const protocol::AlterPartitionReassignmentsRequest& request);
protocol::CreatePartitionsResponse handle(HandlerContext context, const protocol::CreatePartitionsRequest& request);
protocol::CreateTopicsResponse handle(HandlerContext context, const protocol::CreateTopicsRequest& request);
protocol::DeleteRecordsResponse handle(HandlerContext context, const protocol::DeleteRecordsRequest& request);
protocol::DeleteTopicsResponse handle(HandlerContext context, const protocol::DeleteTopicsRequest& request);
protocol::DescribeClusterResponse handle(HandlerContext context, const protocol::DescribeClusterRequest& request);
protocol::DescribeConfigsResponse handle(HandlerContext context, const protocol::DescribeConfigsRequest& request);
protocol::DescribeLogDirsResponse handle(HandlerContext context, const protocol::DescribeLogDirsRequest& request);
protocol::DescribeQuorumResponse handle(HandlerContext context, const protocol::DescribeQuorumRequest& request);
protocol::DescribeTopicPartitionsResponse handle(HandlerContext context, const protocol::DescribeTopicPartitionsRequest& request);
protocol::ElectLeadersResponse handle(HandlerContext context, const protocol::ElectLeadersRequest& request);
protocol::FindCoordinatorResponse handle(HandlerContext context, const protocol::FindCoordinatorRequest& request);
protocol::IncrementalAlterConfigsResponse handle(HandlerContext context, const protocol::IncrementalAlterConfigsRequest& request);
protocol::InitProducerIdResponse handle(HandlerContext context, const protocol::InitProducerIdRequest& request);
protocol::ListPartitionReassignmentsResponse handle(HandlerContext context,
                                                    const protocol::ListPartitionReassignmentsRequest& request);
protocol::MetadataResponse handle(HandlerContext context, const protocol::MetadataRequest& request, protocol::Version version);
protocol::ListOffsetsResponse handle(HandlerContext context, const protocol::ListOffsetsRequest& request,
                                     protocol::Version version);
protocol::OffsetForLeaderEpochResponse handle(HandlerContext context, const protocol::OffsetForLeaderEpochRequest& request);
protocol::RemoveRaftVoterResponse handle(HandlerContext context, const protocol::RemoveRaftVoterRequest& request);
protocol::UnregisterBrokerResponse handle(HandlerContext context, const protocol::UnregisterBrokerRequest& request);
protocol::UpdateFeaturesResponse handle(HandlerContext context, const protocol::UpdateFeaturesRequest& request,
                                        protocol::Version version);

/// Waits for data as the request asks, then reads it. The permits cover the answer's records until they are sent.
struct FetchAnswer {
  protocol::FetchResponse response;
  HeldPermits memory;
};
Result<FetchAnswer> handle_fetch(HandlerContext context, const protocol::FetchRequest& request, protocol::Version version);

/// Checks and appends now; the function returned waits until the records are as safe as the request wants.
/// Errors of the second half: with acks=0 there is no answer to carry an error, so the connection is closed.
using FinishProduce = std::function<Result<protocol::ProduceResponse>()>;
FinishProduce start_produce(HandlerContext context, const protocol::ProduceRequest& request, protocol::Version version);

}  // namespace faultline
