#include "broker/protocol/delete_topics.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(DeleteTopicsRequest);
FAULTLINE_MESSAGE(DeleteTopicsResponse);

}  // namespace faultline::protocol
