#include "broker/protocol/offset_for_leader_epoch.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(OffsetForLeaderEpochRequest);
FAULTLINE_MESSAGE(OffsetForLeaderEpochResponse);

}  // namespace faultline::protocol
