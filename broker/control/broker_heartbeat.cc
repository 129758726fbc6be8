// BrokerHeartbeat on the wire and as the controller has it. Logs' ends travel with it: they are asked for in one answer and told in the next
// request.
#include "broker/protocol/broker_heartbeat.h"

#include <algorithm>

#include "broker/control/decisions.h"

namespace faultline::control {

namespace {

using protocol::BrokerHeartbeatRequest;
using protocol::BrokerHeartbeatResponse;

/// A broker whose directories, or one of them, have failed serves nothing any more: it is fenced as if it had asked for it.
controller::Heartbeat parse(const BrokerHeartbeatRequest& request) {
  controller::Heartbeat heartbeat;
  heartbeat.broker_id = request.broker_id;
  heartbeat.broker_epoch = request.broker_epoch;
  heartbeat.applied = request.current_metadata_offset;
  heartbeat.wants_fence = request.want_fence || !request.offline_log_dirs.empty();
  heartbeat.wants_shut_down = request.want_shut_down;
  return heartbeat;
}

void report_log_ends(Controller& controller, const BrokerHeartbeatRequest& request) {
  for (const auto& end : request.log_ends) {
    // A topic that is gone meanwhile needs no answer.
    static_cast<void>(controller.report_log_end(
        {request.broker_id, request.broker_epoch, {end.topic_id, end.partition}, {end.leader_epoch, end.end_offset}}));
  }
}

}  // namespace

BrokerHeartbeatResponse ControllerService::handle(const BrokerHeartbeatRequest& request) {
  return decided(
      deadline_in(default_timeout_ms),
      [&](Controller& controller) {
        BrokerHeartbeatResponse response;
        report_log_ends(controller, request);
        const Outcome<controller::HeartbeatAnswer> answer = controller.heartbeat(env_.clock.now(), parse(request));
        set_outcome(response, answer);
        if (!answer) return response;
        response.is_caught_up = answer->caught_up;
        response.is_fenced = answer->fenced;
        response.should_shut_down = answer->may_shut_down;
        for (const controller::PartitionName& wanted : answer->log_ends_wanted) {
          response.log_ends_wanted.push_back({wanted.topic_id, wanted.partition});
        }
        return response;
      },
      [](const Refusal&) {
        BrokerHeartbeatResponse response;
        response.error_code = ErrorCode::not_controller;
        return response;
      });
}

}  // namespace faultline::control
