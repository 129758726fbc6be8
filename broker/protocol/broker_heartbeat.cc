#include "broker/protocol/broker_heartbeat.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(BrokerHeartbeatRequest);
FAULTLINE_MESSAGE(BrokerHeartbeatResponse);

}  // namespace faultline::protocol
