// UnregisterBroker on the wire and as the controller has it.
#include "broker/protocol/unregister_broker.h"

#include "broker/control/decisions.h"

namespace faultline::control {

protocol::UnregisterBrokerResponse ControllerService::handle(const protocol::UnregisterBrokerRequest& request) {
  const auto answer = [](const Outcome<>& outcome) {
    protocol::UnregisterBrokerResponse response;
    set_outcome(response, outcome);
    return response;
  };
  return decided(
      deadline_in(default_timeout_ms),
      [&](Controller& controller) { return answer(controller.unregister_broker(request.broker_id)); },
      [&](const Refusal& why) { return answer(why); });
}

}  // namespace faultline::control
