// Which answer belongs to which request, for Connection::call(). Only names: including this compiles no message.
#pragma once

#define FAULTLINE_CALL(NAME)                                               \
  namespace faultline::protocol {                                          \
  struct NAME##Request;                                                    \
  struct NAME##Response;                                                   \
  }                                                                        \
  template <>                                                              \
  struct faultline::client::AnswerTo<faultline::protocol::NAME##Request> { \
    using Type = faultline::protocol::NAME##Response;                      \
  }

namespace faultline::client {

template <class Request>
struct AnswerTo;

template <class Request>
using Answer = typename AnswerTo<Request>::Type;

}  // namespace faultline::client

FAULTLINE_CALL(AddRaftVoter);
FAULTLINE_CALL(AllocateProducerIds);
FAULTLINE_CALL(AlterConfigs);
FAULTLINE_CALL(AlterPartition);
FAULTLINE_CALL(AlterPartitionReassignments);
FAULTLINE_CALL(ApiVersions);
FAULTLINE_CALL(BrokerHeartbeat);
FAULTLINE_CALL(BrokerRegistration);
FAULTLINE_CALL(CreatePartitions);
FAULTLINE_CALL(CreateTopics);
FAULTLINE_CALL(DeleteRecords);
FAULTLINE_CALL(DeleteTopics);
FAULTLINE_CALL(DescribeCluster);
FAULTLINE_CALL(DescribeConfigs);
FAULTLINE_CALL(DescribeLogDirs);
FAULTLINE_CALL(DescribeQuorum);
FAULTLINE_CALL(DescribeTopicPartitions);
FAULTLINE_CALL(ElectLeaders);
FAULTLINE_CALL(Fetch);
FAULTLINE_CALL(IncrementalAlterConfigs);
FAULTLINE_CALL(InitProducerId);
FAULTLINE_CALL(ListOffsets);
FAULTLINE_CALL(ListPartitionReassignments);
FAULTLINE_CALL(Metadata);
FAULTLINE_CALL(OffsetForLeaderEpoch);
FAULTLINE_CALL(Produce);
FAULTLINE_CALL(RemoveRaftVoter);
FAULTLINE_CALL(UnregisterBroker);
FAULTLINE_CALL(UpdateFeatures);

#undef FAULTLINE_CALL
