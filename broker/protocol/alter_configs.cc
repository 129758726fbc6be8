#include "broker/protocol/alter_configs.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(AlterConfigsRequest);
FAULTLINE_MESSAGE(AlterConfigsResponse);

}  // namespace faultline::protocol
