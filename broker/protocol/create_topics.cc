#include "broker/protocol/create_topics.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(CreateTopicsRequest);
FAULTLINE_MESSAGE(CreateTopicsResponse);

}  // namespace faultline::protocol
