#include "broker/protocol/unregister_broker.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(UnregisterBrokerRequest);
FAULTLINE_MESSAGE(UnregisterBrokerResponse);

}  // namespace faultline::protocol
