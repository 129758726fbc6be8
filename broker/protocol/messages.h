// Every message of this folder, for code that treats them alike: dispatch tables, tests, fuzzers. Handlers include the one API
// they serve.
#pragma once

#include "broker/protocol/add_raft_voter.h"
#include "broker/protocol/allocate_producer_ids.h"
#include "broker/protocol/alter_configs.h"
#include "broker/protocol/alter_partition.h"
#include "broker/protocol/alter_partition_reassignments.h"
#include "broker/protocol/api_versions.h"
#include "broker/protocol/broker_heartbeat.h"
#include "broker/protocol/broker_registration.h"
#include "broker/protocol/create_partitions.h"
#include "broker/protocol/create_topics.h"
#include "broker/protocol/delete_records.h"
#include "broker/protocol/delete_topics.h"
#include "broker/protocol/describe_cluster.h"
#include "broker/protocol/describe_configs.h"
#include "broker/protocol/describe_log_dirs.h"
#include "broker/protocol/describe_quorum.h"
#include "broker/protocol/describe_topic_partitions.h"
#include "broker/protocol/elect_leaders.h"
#include "broker/protocol/fetch.h"
#include "broker/protocol/find_coordinator.h"
#include "broker/protocol/incremental_alter_configs.h"
#include "broker/protocol/init_producer_id.h"
#include "broker/protocol/list_offsets.h"
#include "broker/protocol/list_partition_reassignments.h"
#include "broker/protocol/metadata.h"
#include "broker/protocol/offset_for_leader_epoch.h"
#include "broker/protocol/produce.h"
#include "broker/protocol/remove_raft_voter.h"
#include "broker/protocol/unregister_broker.h"
#include "broker/protocol/update_features.h"

namespace faultline::protocol {

template <class... Messages>
struct MessageList {
  /// Calls visit.template operator()<M>() for each message.
  template <class Visit>
  static void each(Visit&& visit) {
    (visit.template operator()<Messages>(), ...);
  }
};

using AllRequests =
    MessageList<ProduceRequest, FetchRequest, ListOffsetsRequest, MetadataRequest, FindCoordinatorRequest, ApiVersionsRequest,
                CreateTopicsRequest, DeleteTopicsRequest, DeleteRecordsRequest, InitProducerIdRequest,
                OffsetForLeaderEpochRequest, DescribeConfigsRequest, AlterConfigsRequest, DescribeLogDirsRequest,
                CreatePartitionsRequest, ElectLeadersRequest, IncrementalAlterConfigsRequest, AlterPartitionReassignmentsRequest,
                ListPartitionReassignmentsRequest, DescribeQuorumRequest, AlterPartitionRequest, UpdateFeaturesRequest,
                DescribeClusterRequest, BrokerRegistrationRequest, BrokerHeartbeatRequest, UnregisterBrokerRequest,
                AllocateProducerIdsRequest, DescribeTopicPartitionsRequest, AddRaftVoterRequest, RemoveRaftVoterRequest>;

using AllResponses =
    MessageList<ProduceResponse, FetchResponse, ListOffsetsResponse, MetadataResponse, FindCoordinatorResponse,
                ApiVersionsResponse, CreateTopicsResponse, DeleteTopicsResponse, DeleteRecordsResponse, InitProducerIdResponse,
                OffsetForLeaderEpochResponse, DescribeConfigsResponse, AlterConfigsResponse, DescribeLogDirsResponse,
                CreatePartitionsResponse, ElectLeadersResponse, IncrementalAlterConfigsResponse,
                AlterPartitionReassignmentsResponse, ListPartitionReassignmentsResponse, DescribeQuorumResponse,
                AlterPartitionResponse, UpdateFeaturesResponse, DescribeClusterResponse, BrokerRegistrationResponse,
                BrokerHeartbeatResponse, UnregisterBrokerResponse, AllocateProducerIdsResponse, DescribeTopicPartitionsResponse,
                AddRaftVoterResponse, RemoveRaftVoterResponse>;

}  // namespace faultline::protocol
