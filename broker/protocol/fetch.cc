#include "broker/protocol/fetch.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(FetchRequest);
FAULTLINE_MESSAGE(FetchResponse);

}  // namespace faultline::protocol
