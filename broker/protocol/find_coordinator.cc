#include "broker/protocol/find_coordinator.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(FindCoordinatorRequest);
FAULTLINE_MESSAGE(FindCoordinatorResponse);

}  // namespace faultline::protocol
