#include "broker/protocol/list_partition_reassignments.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(ListPartitionReassignmentsRequest);
FAULTLINE_MESSAGE(ListPartitionReassignmentsResponse);

}  // namespace faultline::protocol
