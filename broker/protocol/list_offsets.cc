#include "broker/protocol/list_offsets.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(ListOffsetsRequest);
FAULTLINE_MESSAGE(ListOffsetsResponse);

}  // namespace faultline::protocol
