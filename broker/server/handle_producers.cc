// InitProducerId: a producer id for an idempotent producer. Such a producer bumps its epoch by itself and asks for a new id when it
// has to, so that whatever it says about an id that it had does not matter (KIP-360).
#include "broker/server/handler.h"

namespace faultline {
namespace {

// For a new block of ids from the controller. Clients try again after the error that says that there is none yet.
constexpr Duration patience_with_controller = 5s;

}  // namespace

protocol::InitProducerIdResponse handle(HandlerContext context, const protocol::InitProducerIdRequest& request) {
  protocol::InitProducerIdResponse response;
  if (request.transactional_id) {
    response.error_code =
        request.transactional_id->empty() ? ErrorCode::invalid_request : ErrorCode::transactional_id_authorization_failed;
    return response;
  }
  const Outcome<std::int64_t> id = context.broker.producer_ids().next(after(context.env.clock.now(), patience_with_controller));
  if (!id) {
    response.error_code = id.error().code;
    return response;
  }
  response.producer_id = *id;
  return response;
}

}  // namespace faultline
