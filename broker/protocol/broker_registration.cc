#include "broker/protocol/broker_registration.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(BrokerRegistrationRequest);
FAULTLINE_MESSAGE(BrokerRegistrationResponse);

}  // namespace faultline::protocol
