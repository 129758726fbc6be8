#include "broker/protocol/describe_cluster.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(DescribeClusterRequest);
FAULTLINE_MESSAGE(DescribeClusterResponse);

}  // namespace faultline::protocol
