#include "broker/server/controller_server.h"

#include <array>
#include <memory>

#include "broker/protocol/messages.h"
#include "broker/quorum/wire/frame.h"
#include "broker/server/dispatch_table.h"

namespace faultline {
namespace {

using protocol::ApiKey;

struct ControllerContext {
  Broker& broker;
  TaskGroup& decisions;
};
using ControllerCall = Call<ControllerContext>;

/// For what the active controller decides; this node's refuses if it is not the active one. All requests of a connection are under way
/// at once, each in a fiber, though answered in order: a decision that takes its time must not hold up the heartbeats behind it.
template <class Request>
Result<FinishRequest> start_decision(ControllerCall call) {
  struct Decision {
    Request request;
    client::Answer<Request> answer;
    Event made;
  };
  const auto decision = std::make_shared<Decision>();  // shared with a connection that may have gone when it is made
  decision->request = TRY(protocol::decode<Request>(call.body, call.header.api_version));
  call.context.decisions.spawn("decision", [decision, &service = *call.context.broker.controller_service()] {
    decision->answer = service.handle(decision->request);
    decision->made.set();
  });
  return FinishRequest([header = std::move(call.header), decision]() -> Result<Reply> {
    TRY(decision->made.wait());
    return reply_to(header, decision->answer);
  });
}

Result<FinishRequest> start_versions(ControllerCall call);

constexpr std::array served{
    ServedApi<ControllerContext>{ApiKey::api_versions, start_versions},
    ServedApi<ControllerContext>{ApiKey::create_topics, start_decision<protocol::CreateTopicsRequest>},
    ServedApi<ControllerContext>{ApiKey::delete_topics, start_decision<protocol::DeleteTopicsRequest>},
    ServedApi<ControllerContext>{ApiKey::alter_configs, start_decision<protocol::AlterConfigsRequest>},
    ServedApi<ControllerContext>{ApiKey::create_partitions, start_decision<protocol::CreatePartitionsRequest>},
    ServedApi<ControllerContext>{ApiKey::elect_leaders, start_decision<protocol::ElectLeadersRequest>},
    ServedApi<ControllerContext>{ApiKey::incremental_alter_configs, start_decision<protocol::IncrementalAlterConfigsRequest>},
    ServedApi<ControllerContext>{ApiKey::alter_partition_reassignments,
                                 start_decision<protocol::AlterPartitionReassignmentsRequest>},
    ServedApi<ControllerContext>{ApiKey::list_partition_reassignments,
                                 start_decision<protocol::ListPartitionReassignmentsRequest>},
    ServedApi<ControllerContext>{ApiKey::describe_quorum, start_decision<protocol::DescribeQuorumRequest>},
    ServedApi<ControllerContext>{ApiKey::alter_partition, start_decision<protocol::AlterPartitionRequest>},
    ServedApi<ControllerContext>{ApiKey::update_features, start_decision<protocol::UpdateFeaturesRequest>},
    ServedApi<ControllerContext>{ApiKey::describe_cluster, start_decision<protocol::DescribeClusterRequest>},
    ServedApi<ControllerContext>{ApiKey::broker_registration, start_decision<protocol::BrokerRegistrationRequest>},
    ServedApi<ControllerContext>{ApiKey::broker_heartbeat, start_decision<protocol::BrokerHeartbeatRequest>},
    ServedApi<ControllerContext>{ApiKey::unregister_broker, start_decision<protocol::UnregisterBrokerRequest>},
    ServedApi<ControllerContext>{ApiKey::allocate_producer_ids, start_decision<protocol::AllocateProducerIdsRequest>},
    ServedApi<ControllerContext>{ApiKey::add_raft_voter, start_decision<protocol::AddRaftVoterRequest>},
    ServedApi<ControllerContext>{ApiKey::remove_raft_voter, start_decision<protocol::RemoveRaftVoterRequest>},
};
constexpr std::span<const ServedApi<ControllerContext>> table{served};

Result<FinishRequest> start_versions(ControllerCall call) {
  return start_api_versions(call.header, call.body, keys_of(table), call.context.broker.image());
}

}  // namespace

Result<FinishRequest> ControllerDispatcher::start(const Slice& frame, LongPolls&) {
  return start_call(table, ControllerContext{broker_, decisions_}, frame);
}

bool ControllerDispatcher::take_over(Stream& stream, const Slice& first_frame, const NextFrame& next) {
  if (!quorum::is_message_frame(first_frame)) return false;
  broker_.quorum().serve(stream, first_frame, next);
  return true;
}

ControllerServer::ControllerServer(Env& env, Broker& broker)
    : broker_(broker), decisions_(env.tasks), dispatcher_(broker, decisions_), connections_(env, broker.config(), dispatcher_) {}

Result<> ControllerServer::listen() { return connections_.listen(TRY(broker_.config().controller_listen_endpoint())); }

}  // namespace faultline
