#include "broker/protocol/create_partitions.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(CreatePartitionsRequest);
FAULTLINE_MESSAGE(CreatePartitionsResponse);

}  // namespace faultline::protocol
