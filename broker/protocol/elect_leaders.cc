#include "broker/protocol/elect_leaders.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(ElectLeadersRequest);
FAULTLINE_MESSAGE(ElectLeadersResponse);

}  // namespace faultline::protocol
