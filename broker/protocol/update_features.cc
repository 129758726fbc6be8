#include "broker/protocol/update_features.h"

#include "broker/protocol/codec_impl.h"

namespace faultline::protocol {

FAULTLINE_MESSAGE(UpdateFeaturesRequest);
FAULTLINE_MESSAGE(UpdateFeaturesResponse);

}  // namespace faultline::protocol
