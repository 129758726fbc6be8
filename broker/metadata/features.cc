#include "broker/metadata/features.h"

namespace faultline::metadata {

std::vector<FeatureRange> supported_features() { return {{std::string(metadata_version), 1, 1}}; }

}  // namespace faultline::metadata
