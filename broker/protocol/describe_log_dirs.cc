#include "broker/protocol/describe_log_dirs.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(DescribeLogDirsRequest);
FAULTLINE_MESSAGE(DescribeLogDirsResponse);

}  // namespace faultline::protocol
