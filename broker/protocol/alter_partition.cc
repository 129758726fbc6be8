#include "broker/protocol/alter_partition.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(AlterPartitionRequest);
FAULTLINE_MESSAGE(AlterPartitionResponse);

}  // namespace faultline::protocol
