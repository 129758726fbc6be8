#include "broker/protocol/allocate_producer_ids.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(AllocateProducerIdsRequest);
FAULTLINE_MESSAGE(AllocateProducerIdsResponse);

}  // namespace faultline::protocol
