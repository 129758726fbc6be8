#include "broker/protocol/api_versions.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(ApiVersionsRequest);
FAULTLINE_MESSAGE(ApiVersionsResponse);

}  // namespace faultline::protocol
