#include "broker/protocol/describe_topic_partitions.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(DescribeTopicPartitionsRequest);
FAULTLINE_MESSAGE(DescribeTopicPartitionsResponse);

}  // namespace faultline::protocol
