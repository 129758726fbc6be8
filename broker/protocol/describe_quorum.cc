#include "broker/protocol/describe_quorum.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(DescribeQuorumRequest);
FAULTLINE_MESSAGE(DescribeQuorumResponse);

}  // namespace faultline::protocol
