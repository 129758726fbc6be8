// ControllerService: the requests that change the cluster's metadata, answered by whoever leads the quorum.
//
// The decisions are broker/controller's; this is their driver. One request is one decision and one entry of the quorum's log, made without a
// suspension in between, and is answered when that entry is applied here, so on a majority's disks. Whoever decides nothing (a refusal, a
// read) waits for what was decided before it all the same: it was judged by that.
//
//   lead     as soon as this node leads and has applied an entry of its term: all earlier ones are then applied too
//   resign   when that is over, or an entry is not taken: what was decided and is not in the log is forgotten
//
// Conversions between the wire and the controller's own values: one file per API, named after it. They all follow the same lines
// (decisions.h).
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "base/time.h"
#include "broker/client/calls.h"
#include "broker/control/metadata_log.h"
#include "broker/controller/controller.h"
#include "broker/quorum/node/node.h"
#include "runtime/env.h"
#include "runtime/sync.h"

namespace faultline::control {

class ControllerService {
 public:
  /// `node` applies its log to `log`; both outlive this.
  ControllerService(Env& env, quorum::Node& node, MetadataLog& log, controller::ControllerConfig config);
  ControllerService(const ControllerService&) = delete;
  ControllerService& operator=(const ControllerService&) = delete;

  /// Takes over and gives up the controller's role as this node wins and loses the quorum, and lets brokers' sessions end. Suspends.
  /// Errors: cancelled.
  Result<> run();

  /// Whether this node decides now.
  bool active() const;

  // Each suspends until what was decided is committed, and says in its answer, where the API has a place for it, how much metadata that
  // makes (metadata_applied).
  //
  // Errors, in the answer: NOT_CONTROLLER: this node does not decide, or another one was elected first; nothing was done. Unknown what
  // becomes of it: REQUEST_TIMED_OUT; to brokers NOT_CONTROLLER, as they ask again in either case. Otherwise those of broker/controller.

  // Brokers.
  protocol::BrokerRegistrationResponse handle(const protocol::BrokerRegistrationRequest& request);
  protocol::BrokerHeartbeatResponse handle(const protocol::BrokerHeartbeatRequest& request);
  protocol::AlterPartitionResponse handle(const protocol::AlterPartitionRequest& request);
  protocol::AllocateProducerIdsResponse handle(const protocol::AllocateProducerIdsRequest& request);
  protocol::UnregisterBrokerResponse handle(const protocol::UnregisterBrokerRequest& request);

  // Topics. One that a request names more than once is left alone and answered once, with INVALID_REQUEST.
  protocol::CreateTopicsResponse handle(const protocol::CreateTopicsRequest& request);
  protocol::DeleteTopicsResponse handle(const protocol::DeleteTopicsRequest& request);
  protocol::CreatePartitionsResponse handle(const protocol::CreatePartitionsRequest& request);
  protocol::AlterConfigsResponse handle(const protocol::AlterConfigsRequest& request);
  protocol::IncrementalAlterConfigsResponse handle(const protocol::IncrementalAlterConfigsRequest& request);
  protocol::ElectLeadersResponse handle(const protocol::ElectLeadersRequest& request);
  protocol::AlterPartitionReassignmentsResponse handle(const protocol::AlterPartitionReassignmentsRequest& request);
  protocol::ListPartitionReassignmentsResponse handle(const protocol::ListPartitionReassignmentsRequest& request);

  // The cluster.
  protocol::UpdateFeaturesResponse handle(const protocol::UpdateFeaturesRequest& request);
  protocol::DescribeQuorumResponse handle(const protocol::DescribeQuorumRequest& request);
  protocol::AddRaftVoterResponse handle(const protocol::AddRaftVoterRequest& request);
  protocol::RemoveRaftVoterResponse handle(const protocol::RemoveRaftVoterRequest& request);
  /// The voters (endpoint type 2). Every node knows them.
  protocol::DescribeClusterResponse handle(const protocol::DescribeClusterRequest& request);

 private:
  void follow();
  void resign();
  /// Proposes what was decided. Returns: where the last decision is; nothing, if it was not taken.
  std::optional<raft::Position> propose_decided();
  Outcome<> wait_committed(const raft::Position& position, Time deadline);
  /// Proposes what was decided and waits for it. Errors: NOT_CONTROLLER, REQUEST_TIMED_OUT.
  Outcome<> commit(Time deadline);
  /// When a request that allows itself this much time is given up; one that leaves it at 0 has no wish.
  Time deadline_in(std::int32_t timeout_ms) const;
  /// The course of every request; defined in decisions.h.
  template <class Decide, class Refuse>
  auto decided(Time deadline, Decide&& decide, Refuse&& refuse);
  /// A change of the quorum's voters, asked for again while the reason to refuse it may pass.
  template <class Propose>
  Outcome<> change_voters(Time deadline, Propose&& propose);

  // Constant after construction.
  Env& env_;
  quorum::Node& node_;
  MetadataLog& log_;
  const std::string cluster_id_;

  // While active.
  controller::Controller controller_;
  raft::Term term_;
  raft::Position last_decided_;  // everything in the image of the controller is in the log up to here

  Condition changed_;  // of the log, or of who leads
};

}  // namespace faultline::control
