#include "broker/protocol/init_producer_id.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(InitProducerIdRequest);
FAULTLINE_MESSAGE(InitProducerIdResponse);

}  // namespace faultline::protocol
