#include "broker/protocol/produce.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(ProduceRequest);
FAULTLINE_MESSAGE(ProduceResponse);

}  // namespace faultline::protocol
