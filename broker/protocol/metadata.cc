#include "broker/protocol/metadata.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(MetadataRequest);
FAULTLINE_MESSAGE(MetadataResponse);

}  // namespace faultline::protocol
