#include "broker/protocol/alter_partition_reassignments.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(AlterPartitionReassignmentsRequest);
FAULTLINE_MESSAGE(AlterPartitionReassignmentsResponse);

}  // namespace faultline::protocol
