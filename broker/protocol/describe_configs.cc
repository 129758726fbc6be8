#include "broker/protocol/describe_configs.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(DescribeConfigsRequest);
FAULTLINE_MESSAGE(DescribeConfigsResponse);

}  // namespace faultline::protocol
