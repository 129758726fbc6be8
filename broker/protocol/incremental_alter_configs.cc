#include "broker/protocol/incremental_alter_configs.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(IncrementalAlterConfigsRequest);
FAULTLINE_MESSAGE(IncrementalAlterConfigsResponse);

}  // namespace faultline::protocol
