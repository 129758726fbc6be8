// Features: what every member of the cluster must be able to do before anybody may do it (KIP-584). Brokers say at their registration
// which levels they know; the controller keeps the level that all of them work at.
#pragma once

#include <vector>

#include "broker/metadata/records.h"

namespace faultline::metadata {

/// Which records there are and what they mean. Level 1: all of records.h.
inline constexpr std::string_view metadata_version = "metadata.version";

/// What this program knows.
std::vector<FeatureRange> supported_features();

}  // namespace faultline::metadata
