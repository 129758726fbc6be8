// AllocateProducerIds on the wire and as the controller has it.
#include "broker/protocol/allocate_producer_ids.h"

#include "broker/control/decisions.h"

namespace faultline::control {

protocol::AllocateProducerIdsResponse ControllerService::handle(const protocol::AllocateProducerIdsRequest& request) {
  return decided(
      deadline_in(default_timeout_ms),
      [&](Controller& controller) {
        protocol::AllocateProducerIdsResponse response;
        const Outcome<controller::ProducerIdBlock> block =
            controller.allocate_producer_ids(request.broker_id, request.broker_epoch);
        set_outcome(response, block);
        if (!block) return response;
        response.producer_id_start = block->first;
        response.producer_id_len = block->count;
        return response;
      },
      [](const Refusal&) {
        protocol::AllocateProducerIdsResponse response;
        response.error_code = ErrorCode::not_controller;
        return response;
      });
}

}  // namespace faultline::control
